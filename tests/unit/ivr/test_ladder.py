"""Calls that no controller took: filed when somebody was with the elder, called back when not; each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ivr.case import LadderTry
from ivr.commands import LookUp, OpenExceptionReport
from ivr.events import CloseRequested, LadderReported
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, Outcome, Refusal, Result
from tests.unit.ivr.exchange import START, Line
from tests.unit.ivr.world import CALLER, POLICY, World, refusal

ARRIVED = START - timedelta(minutes=10)
PICKED_UP = ARRIVED + timedelta(seconds=20)
SEAT = LadderTry(LegKind.SEAT, "801", ARRIVED, joined_at=PICKED_UP, ended_at=START, result=Result.ACCEPTED)
CUT_OFF = replace(SEAT, result=Result.UNREACHABLE)
VOICEMAIL = LadderTry(LegKind.DUTY, "12000000091", ARRIVED, answered_at=PICKED_UP, result=Result.VOICEMAIL)
SON = LadderTry(LegKind.CONTACT, "12000000001", ARRIVED, contact=1, joined_at=PICKED_UP, result=Result.ACCEPTED)


def told(
    *tries: LadderTry, channel: str = "channel-1", kind: CaseKind = CaseKind.SOS, caller: str = CALLER
) -> LadderReported:
    return LadderReported(
        at=START,
        channel=channel,
        caller=caller,
        dialled="",
        recording="r.wav",
        arrived_at=ARRIVED,
        ended_at=ARRIVED + timedelta(seconds=60),
        tries=tries,
        kind=kind,
    )


@pytest.fixture
def world() -> World:
    """The line of the call is gone when we hear of it."""
    world = World()
    world.lines["elder"] = Line(LegKind.ELDER, CALLER, "gone")
    return world


@pytest.mark.parametrize("helper", [SEAT, SON, replace(VOICEMAIL, joined_at=PICKED_UP, result=Result.ACCEPTED)])
def test_who_spoke_with_somebody_gets_a_case_to_be_filed(world: World, helper: LadderTry) -> None:
    commands = world.feed(told(VOICEMAIL, helper))
    case = world.case
    assert (case.state, case.outcome, case.opened_at, case.answered_at) == (
        CaseState.WRAPPING_UP,
        None,
        ARRIVED,
        PICKED_UP,
    )
    assert LookUp(CALLER) in commands
    assert world.alarms == [AlarmKind.LADDER]
    assert case.tapes[0].running is False
    assert case.tapes[0].people == ("elder", case.legs[-1].id)
    world.tell(CloseRequested(at=world.now, outcome=Outcome.HELPED_AT_HOME, note=""))
    assert world.case.state is CaseState.CLOSED


@pytest.mark.clause("S4.2")
@pytest.mark.parametrize("tries", [(), (VOICEMAIL,), (CUT_OFF,), (replace(SON, joined_at=None),)])
def test_who_got_nobody_is_called_back_like_everybody_who_hung_up_unheard(
    world: World, tries: tuple[LadderTry, ...]
) -> None:
    world.tell(told(*tries))
    assert (world.case.state, world.case.abandoned) == (CaseState.CALLING_BACK, True)
    assert world.alarms == [AlarmKind.LADDER, AlarmKind.ABANDONED]
    world.wait(POLICY.call_back_pause + 0.1)
    assert world.leg("elder-2").number == CALLER
    assert "a-1" in world.live or "a-2" in world.live


def test_a_caller_without_a_number_stays_open_until_somebody_has_seen_to_it(world: World) -> None:
    world.lines["elder"] = Line(LegKind.ELDER, "", "gone")
    world.tell(told(caller=""))
    assert (world.case.state, world.case.outcome) == (CaseState.WRAPPING_UP, None)


def test_an_ordinary_call_that_got_nobody_is_listed_as_missed(world: World) -> None:
    world.tell(told(kind=CaseKind.ORDINARY))
    assert (world.case.state, world.case.outcome) == (CaseState.CLOSED, Outcome.MISSED)


@pytest.mark.clause("K1")
def test_an_alarm_that_waited_too_long_has_to_be_explained(world: World) -> None:
    late = replace(SEAT, joined_at=ARRIVED + timedelta(seconds=POLICY.overflow_report))
    assert any(isinstance(command, OpenExceptionReport) for command in world.feed(told(late)))
    assert not any(isinstance(command, OpenExceptionReport) for command in World().feed(told(SEAT)))


def test_the_same_record_told_twice_changes_nothing(world: World) -> None:
    world.tell(told(SEAT))
    before = world.case
    assert world.tell(told(SEAT)) == ()
    assert world.case == before


@pytest.mark.clause("H12")
def test_a_call_that_a_controller_took_in_the_end_is_no_second_one() -> None:
    world = World()
    world.call()
    before = world.case
    assert world.tell(told(channel=world.case.channel)) == ()
    assert world.case == before


@pytest.mark.clause("H12")
def test_a_further_call_belongs_to_the_case_that_is_open() -> None:
    world = World()
    world.call()
    world.tell(told(VOICEMAIL, channel="channel-9"))
    assert (world.case.again, world.leg("elder-ladder-1").kind) == (1, LegKind.SECOND)
    assert AlarmKind.CALLS_AGAIN in world.alarms
    assert world.leg("duty-1").result is Result.VOICEMAIL


def test_a_case_that_is_over_takes_no_further_call(world: World) -> None:
    world.tell(told(SEAT))
    assert refusal(world.tell(told(channel="channel-9"))) is Refusal.CASE_CLOSED
