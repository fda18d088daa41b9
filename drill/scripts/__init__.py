"""The stories that can be rehearsed, by name. A new one: a module here with its `Story`, and a line in `SCRIPTS`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drill.scripts.abandoned import AbandonedStory
from drill.scripts.all_busy import AllBusyStory
from drill.scripts.consult import ConsultStory
from drill.scripts.no_response import NoResponseStory
from drill.scripts.repeat import RepeatStory
from drill.scripts.sensor import SensorStory
from drill.scripts.silent import SilentStory
from drill.scripts.sos import SosStory
from drill.scripts.stand_down import StandDownStory
from drill.scripts.story import Story
from drill.telling import Words


@dataclass(frozen=True, slots=True)
class Script:
    """A story and what it tells, in one sentence."""

    words: Words
    story: type[Story]


DEFAULT = "sos"
SCRIPTS: Mapping[str, Script] = {
    DEFAULT: Script(("求助、A/B 分工、120 与家属同时呼叫", "an SOS call, A and B, 120 and contacts at once"), SosStory),
    "silent": Script(("接通后没有声音：两次询问，回拨", "a silent line: asked twice, then rung back"), SilentStory),
    "abandoned": Script(("未接通就挂断：回拨", "hung up before anybody answered: called back"), AbandonedStory),
    "no-response": Script(
        ("两次回拨无人接：家属、110、不断拨打", "nobody answers: contacts, 110, rung on"), NoResponseStory
    ),
    "repeat": Script(("老人又打来：同一事件，两条线路", "the elder calls again: one case, both lines"), RepeatStory),
    "sensor": Script(("烟感报警：立即呼叫老人", "a smoke detector: the elder is rung at once"), SensorStory),
    "all-busy": Script(
        ("坐席全忙：值班电话、家属陪伴、异常报告", "all seats busy: duty phone, a contact's company, the report"),
        AllBusyStory,
    ),
    "stand-down": Script(("救援中发现是误报：解除", "a false alarm in the middle of a rescue"), StandDownStory),
    "consult": Script(("咨询医生：单独、三方、移交", "a doctor is asked, joins, and takes over"), ConsultStory),
}
