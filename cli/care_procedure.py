"""`yijiantong care-procedure`: the care call's procedure as a page, asked of its code: every state is told every event.

It only reads `ivr/care/`; `docs/care-call.md` is its output, and a test says when that page is out of date.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, get_args

import click

from cli.procedure import markdown
from ivr.care import events
from ivr.care.call import CareCall
from ivr.care.decide import decide
from ivr.care.questions import QUESTIONS
from ivr.care.vocabulary import SUCCESSORS, CareCallState, CareQuestion, CareTimer, Unanswered
from ivr.policy import Policy

STATE_NAMES: Final[Mapping[CareCallState, str]] = {
    CareCallState.PAUSING: "等待重拨",
    CareCallState.RINGING: "振铃",
    CareCallState.SPEAKING: "播放",
    CareCallState.ASKING: "等待回应",
    CareCallState.ASKING_CONTACTS: "询问联系人",
    CareCallState.PARTING: "道别",
    CareCallState.ENDED: "结束",
}
QUESTION_NAMES: Final[Mapping[CareQuestion, str]] = {
    CareQuestion.WELL: "是否平安",
    CareQuestion.SERVICE: "上门服务满意度",
    CareQuestion.CONSULTATION: "咨询满意度",
}
_NOW: Final = datetime(2027, 1, 5, 9, tzinfo=UTC)
# What an event may say that makes a difference.
_VARIANTS: Final[Mapping[type[Any], tuple[dict[str, Any], ...]]] = {
    events.CareNotAnswered: ({"why": Unanswered.NO_ANSWER},),
    events.CareKeyPressed: tuple({"key": key} for key in "129"),
    events.ContactsAsked: ({"somebody": True}, {"somebody": False}),
    events.CareTimerFired: tuple({"timer": timer} for timer in CareTimer),
    events.CareCommandFailed: tuple({"command": name} for name in ("DialElder", "Say", "AskContacts")),
}


def happenings() -> Iterator[tuple[str, events.CareEvent]]:
    """Every event that there is, with each of the things it may say, and how the page names it."""
    for kind in get_args(events.CareEvent):
        for more in _VARIANTS.get(kind, ({},)):
            label = " ".join([kind.__name__, *map(str, more.values())]) if len(_VARIANTS.get(kind, ())) > 1 else ""
            yield label or kind.__name__, kind(at=_NOW, **more)


def cell(state: CareCallState, event: events.CareEvent) -> str:
    """What follows in a first try that may be repeated; a dash: it is ignored."""
    before = CareCall(_NOW + timedelta(hours=4), state=state)
    after, commands = decide(before, event, Policy())
    if after == before and not commands:
        return "—"
    said = ", ".join(type(command).__name__ for command in commands)
    return f"→ {after.state}: {said}" if after.state is not state else said


def page() -> str:
    """The whole page, Markdown."""
    head = (
        "# 关爱电话流程 / The care call\n\n"
        "本页由 `yijiantong care-procedure --write docs/care-call.md` 从 `ivr/care/` 的代码生成，请勿手改；"
        "由主控制器（`ari_app/care/`）据此外呼。\n"
        "This page is asked of the code in `ivr/care/` by that command; change the code, not the page. The active\n"
        "controller carries it out (`ari_app/care/`). Its times are `care_...` in [`procedure.md`](procedure.md)."
    )
    return "\n\n".join([head, _diagram(), _questions(), _matrix()]) + "\n"


def _diagram() -> str:
    names = [f"    {state}: {STATE_NAMES[state]} {state}" for state in CareCallState]
    steps = [
        f"    {before} --> {after}" for before, nexts in SUCCESSORS.items() for after in CareCallState if after in nexts
    ]
    lines = ["stateDiagram-v2", *names, "    [*] --> ringing", *steps, "    ended --> [*]"]
    return "\n".join(["## 状态 / States", "", "```mermaid", *lines, "```"])


def _questions() -> str:
    rows = [
        ["问题 / Question", "播放 / Said", "按键即回答 / Keys that answer", "转坐席 / Agent", "说话即回答 / By voice"]
    ]
    for name, question in QUESTIONS.items():
        keys = ", ".join(f"{key}: {words}" for key, words in question.answers.items())
        said = ", ".join(question.words)
        voice = "—" if question.graded else "✓"
        rows.append([f"{QUESTION_NAMES[name]} {name}", said, keys, question.talk, voice])
    message = (
        "`message`：计划自己的录音；没有时合成播放计划的内容；"
        "再没有时播放该类型的通用内容。/ the plan's own recording, else its\n"
        "text spoken by the machine, else the general words of its kind."
    )
    return f"## 问什么、按键何意 / What is asked, and what keys mean\n\n{markdown(rows)}\n\n{message}"


def _matrix() -> str:
    rows = [["事件 / Event", *(f"{STATE_NAMES[state]} {state}" for state in CareCallState)]]
    rows += [[name, *(cell(state, event) for state in CareCallState)] for name, event in happenings()]
    key = (
        "首次拨打、可以重拨、无须回应、问是否平安时的情形 / in a first try, when another may follow, "
        "no answer is promised and the elder is asked how they are. "
        "“—”：忽略 / ignored."
    )
    return f"## 每个状态遇到每个事件 / Every event in every state\n\n{key}\n\n{markdown(rows)}"


@click.command("care-procedure")
@click.option(
    "--write", "target", type=click.Path(dir_okay=False, path_type=Path), help="写入文件 / write to this file"
)
def care_procedure(target: Path | None) -> None:
    """关爱电话流程图表 / the care call's procedure as a page."""
    if target is None:
        click.echo(page(), nl=False)
    else:
        target.write_text(page(), encoding="utf-8")
