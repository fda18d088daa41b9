"""Ordinary calls: missed when nobody answered, otherwise served like any other; they may become emergencies."""

from __future__ import annotations

import pytest

from ivr.commands import Dial
from ivr.events import EmergencyRequested
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, FollowUpKind, LegKind, Outcome
from tests.unit.ivr.world import World


@pytest.fixture
def waiting() -> World:
    world = World(seats=[])
    world.call(kind=CaseKind.ORDINARY)
    return world


def test_a_call_that_nobody_answered_is_missed_and_owed_a_call(waiting: World) -> None:
    waiting.hang_up("elder")
    assert (waiting.case.state, waiting.case.outcome, waiting.case.abandoned) == (
        CaseState.CLOSED,
        Outcome.MISSED,
        True,
    )
    assert [one.kind for one in waiting.follow_ups] == [FollowUpKind.CONSULTATION]
    assert waiting.alarms == []
    waiting.wait(300)
    assert not [one for told in waiting.story for one in told.commands if isinstance(one, Dial)]


def test_a_call_that_rang_at_a_seat_is_missed_as_well() -> None:
    world = World()
    world.call(kind=CaseKind.ORDINARY)
    world.hang_up("elder")
    assert (world.case.state, world.case.outcome) == (CaseState.CLOSED, Outcome.MISSED)
    assert world.held == []


def test_an_ordinary_call_becomes_an_emergency_with_the_same_key() -> None:
    world = World()
    world.call(kind=CaseKind.ORDINARY)
    world.answer("a-1")
    world.say("elder")
    world.ask(EmergencyRequested)
    world.answer("b-1")
    assert world.case.state is CaseState.EMERGENCY
    assert world.hears("elder") == {"b-1"}


def test_a_caller_whose_agent_was_lost_has_been_answered_and_is_rung_back() -> None:
    world = World(seats=["801"])
    world.call(kind=CaseKind.ORDINARY)
    world.answer("a-1")
    world.hang_up("a-1", 44)
    world.hang_up("elder")
    assert world.case.state is CaseState.CALLING_BACK
    assert AlarmKind.ABANDONED in world.alarms
    assert LegKind.ELDER in {one.kind for one in world.wait(10) if isinstance(one, Dial)}
