"""Calls that agents make of their own accord: who is rung first, what is on record, and where they lead."""

from __future__ import annotations

import pytest

from ivr.commands import BookFollowUp, Dial, FindSeat, ReleaseSeat, ShowFile
from ivr.events import CallerIdentified, CloseRequested, EmergencyRequested, HangupRequested
from ivr.vocabulary import CaseKind, CaseState, LegKind, Outcome, Place, Refusal, Result, Role, SeatRelease
from tests.unit.ivr.exchange import FILE, MUSIC
from tests.unit.ivr.world import CALLER, World, refusal

STRANGER = "13000000099"


def _called_out(number: str = CALLER) -> World:
    world = World(seats=[])
    world.settle(world.call_out(number))
    return world


def test_the_agents_phone_rings_first_with_the_file_on_the_screen() -> None:
    world = World(seats=[])
    commands = world.settle(world.call_out())
    assert [type(one) for one in commands if isinstance(one, ShowFile | Dial)] == [ShowFile, Dial]
    assert world.live == {"a-1"}
    assert (world.case.kind, world.case.state, world.case.file) == (CaseKind.OUTBOUND, CaseState.CALLING_OUT, FILE)
    commands = world.answer("a-1")
    assert [(one.kind, one.number) for one in commands if isinstance(one, Dial)] == [(LegKind.ELDER, CALLER)]
    assert world.hears("a-1") == MUSIC


def test_an_elder_who_answers_is_talked_to_and_may_be_in_need() -> None:
    world = _called_out()
    world.answer("a-1")
    world.answer("elder")
    assert world.case.state is CaseState.TALKING
    assert world.hears("elder") == {"a-1"}
    assert [tape.place for tape in world.case.tapes] == [Place.ELDER]
    world.ask(EmergencyRequested)
    assert world.case.state is CaseState.EMERGENCY
    assert world.case.urgent


@pytest.mark.parametrize("late", ["while it rings", "while they speak"])
def test_whose_number_it_is_may_be_known_late(late: str) -> None:
    world = World(seats=[])
    world.call_out(file=None)
    world.coming = [event for event in world.coming if not isinstance(event, CallerIdentified)]
    world.settle()
    world.answer("a-1")
    if late == "while they speak":
        world.answer("number-1")
        assert world.case.state is CaseState.CALLING_OUT
    world.tell(CallerIdentified(at=world.now, file=FILE))
    if late == "while it rings":
        assert world.case.state is CaseState.CALLING_OUT
        world.answer("number-1")
    assert (world.case.state, world.case.elder, world.hears("number-1")) == (
        CaseState.TALKING,
        world.leg("number-1"),
        {"a-1"},
    )
    assert (world.case.heard, world.leg("number-1").result) == (True, None)
    world.ask(EmergencyRequested)
    assert world.case.state is CaseState.EMERGENCY


def test_a_number_of_somebody_else_on_the_file_is_not_the_elder() -> None:
    world = World(seats=[])
    world.settle(world.call_out(STRANGER, file=None))
    world.answer("a-1")
    world.answer("number-1")
    world.tell(CallerIdentified(at=world.now, file=FILE))
    assert (world.case.state, world.leg("number-1").kind) == (CaseState.CALLING_OUT, LegKind.NUMBER)


def test_a_stranger_is_talked_to_and_the_outcome_is_filed_without_a_follow_up() -> None:
    world = _called_out(STRANGER)
    world.answer("a-1")
    world.answer("number-1")
    assert (world.case.state, world.hears("number-1")) == (CaseState.CALLING_OUT, {"a-1"})
    assert world.leg("number-1").result is Result.ACCEPTED
    assert refusal(world.ask(EmergencyRequested)) is Refusal.NOT_IN_THIS_STATE
    commands = world.hang_up("number-1")
    assert world.case.state is CaseState.WRAPPING_UP
    assert ReleaseSeat("801", SeatRelease.TALKED) in commands
    commands = world.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="", code="daily")
    assert (world.case.state, world.case.code) == (CaseState.CLOSED, "daily")
    assert not any(isinstance(one, BookFollowUp) for one in commands)


@pytest.mark.parametrize(
    ("leg", "cause", "why"), [("a-1", 19, SeatRelease.NO_ANSWER), ("elder", 17, SeatRelease.TALKED)]
)
def test_a_call_that_does_not_come_about_files_itself(leg: str, cause: int, why: SeatRelease) -> None:
    world = _called_out()
    if leg == "elder":
        world.answer("a-1")
    commands = world.hang_up(leg, cause)
    assert (world.case.state, world.case.outcome) == (CaseState.CLOSED, Outcome.NO_CONTACT)
    assert ReleaseSeat("801", why) in commands
    assert world.live == set()


def test_nobody_else_is_looked_for_or_rung_however_long_it_takes() -> None:
    world = _called_out()
    commands = world.wait(200)
    assert not any(isinstance(one, FindSeat) for one in commands)
    assert world.case.state is CaseState.CLOSED
    assert not any(isinstance(one, Dial) for one in commands)


def test_the_agent_gives_up_while_it_rings() -> None:
    world = _called_out()
    world.answer("a-1")
    world.ask(HangupRequested, leg="elder")
    assert (world.case.state, world.live) == (CaseState.CLOSED, set())


@pytest.mark.parametrize("number", ["120", "110", "119", "12", ""])
def test_services_are_called_from_a_case_and_never_like_this(number: str) -> None:
    world = World(seats=[])
    assert refusal(world.call_out(number)) is Refusal.UNKNOWN_TARGET
    assert world.live == set()


def test_after_asterisks_death_nobody_is_rung_again() -> None:
    world = _called_out()
    world.answer("a-1")
    commands = world.asterisk_dies()
    assert not any(isinstance(one, Dial) for one in commands)
    assert (world.case.state, world.case.outcome) == (CaseState.CLOSED, Outcome.NO_CONTACT)


def test_an_elder_whose_agent_is_lost_is_not_left_alone() -> None:
    world = _called_out()
    world.answer("a-1")
    world.answer("elder")
    world.hang_up("a-1", 38)
    assert world.case.state is CaseState.RINGING_SEATS
    assert Role.A in world.case.searching
