"""A small storm, and a short soak, each on a platform of its own: many elders, few seats, real SIP and RTP."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from drill.faults.wire import with_a_wire
from drill.own_platform import own_settings, ports_of_its_own
from drill.storm.drill import StormDrill, settings_of, sound_ports_of
from drill.storm.plan import Storm
from drill.storm.soak import Soak, soak_of

SMALL = Storm(calls=24, seconds=2.0, rate=1.0, during=0.0, seats=2, talk=1.5, wrap_up=0.0, goes_on=15.0, settles=30.0)


@pytest.mark.clause("K2", "K8")
async def test_nobody_is_lost_in_a_storm_and_everybody_is_served_in_order() -> None:
    with TemporaryDirectory(prefix="yjt-") as home:  # a test's own folder is too deep for Asterisk's socket
        ports, town = ports_of_its_own(os.environ, sound=sound_ports_of(SMALL))
        own = own_settings(Path(home), town, os.environ, own={**ports, **settings_of(SMALL)})
        outcome = await StormDrill(SMALL, own, town).run()
    assert outcome is not None
    callers = outcome.callers
    assert len(callers) == SMALL.callers
    assert [caller.number for caller in callers if not caller.picked_up or not caller.sound_at] == []
    assert outcome.lost == []
    assert outcome.overtaken == 0
    assert outcome.problems == []
    assert sum(caller.person_at is not None for caller in callers) >= 2 * SMALL.seats
    assert outcome.reassured >= SMALL.callers // 4
    assert outcome.rung.most_of_one <= 1
    assert outcome.gauges.most["cases"] > SMALL.seats
    assert outcome.gauges.left == {}
    assert outcome.gauges.tasks_back, (outcome.gauges.before, outcome.gauges.now)
    assert outcome.gauges.memory_back("controller")
    assert outcome.screen.broken == 0


@pytest.mark.slow
@pytest.mark.clause("S12")
async def test_nobody_is_lost_while_something_is_killed_every_few_seconds() -> None:
    """The long one is for the command line: `yijiantong drill soak --minutes 30`."""
    plan = replace(soak_of(25.0, rate=1.0), settles=5.0)
    with TemporaryDirectory(prefix="yjt-") as home:
        ports, town = ports_of_its_own(os.environ, sound=sound_ports_of(plan))
        own = own_settings(Path(home), town, os.environ, own={**ports, **with_a_wire(), **settings_of(plan)})
        soak = Soak(plan, own, town, seed=2)
        outcome = await soak.run()
    assert outcome is not None
    assert soak.blows.total() >= 2
    assert outcome.lost == []
    assert len(outcome.callers) == plan.callers
    assert all(caller.person_at for caller in outcome.callers)
