"""Rung back twice (S4.2): every abandoned or silent SOS, never more often, never less, whatever happens in between."""

from __future__ import annotations

import pytest

from ivr.commands import Alarm, Dial, Play, StartTimer
from ivr.events import (
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    HangupRequested,
    SilentRequested,
    TransferRequested,
)
from ivr.silence import CALL_BACK
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Outcome, Prompt, Refusal, Result, Role, Skill
from tests.unit.ivr.exchange import FILE, MUSIC
from tests.unit.ivr.test_silent_line import DECIDED
from tests.unit.ivr.world import CALLER, POLICY, World, refusal

BUSY = 17
A_CALL_BACK = POLICY.call_back_pause + POLICY.call_back_ring


def ring(attempt: int) -> Dial:
    return Dial(f"elder-{attempt}", LegKind.ELDER, CALLER, POLICY.call_back_ring)


@pytest.fixture
def abandoned(ringing: World) -> World:
    """The caller hung up while the first seat rang."""
    ringing.hang_up("elder")
    return ringing


@pytest.fixture
def rung_back(silent: World) -> World:
    """The line was silent; the elder's phone rings for the first time, A waits."""
    silent.ask(SilentRequested)
    silent.wait(POLICY.call_back_pause)
    return silent


# --- twice ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.2")
@pytest.mark.clause("S4.3")
def test_nobody_answers_two_call_backs_of_thirty_seconds_each(silent: World) -> None:
    silent.ask(SilentRequested)
    began = silent.now
    silent.wait(2 * A_CALL_BACK - 1)
    assert silent.case.state is CaseState.CALLING_BACK
    silent.wait(2)
    assert silent.case.state is CaseState.NO_RESPONSE
    first, second = (silent.leg(leg) for leg in ("elder-2", "elder-3"))
    assert first.dialled_at is not None
    assert first.ended_at is not None
    assert second.dialled_at is not None
    assert round((first.dialled_at - began).total_seconds()) == POLICY.call_back_pause
    assert round((first.ended_at - first.dialled_at).total_seconds()) == POLICY.call_back_ring
    assert round((second.dialled_at - first.ended_at).total_seconds()) == POLICY.call_back_pause
    assert [first.result, second.result] == [Result.NO_ANSWER, Result.NO_ANSWER]


@pytest.mark.clause("S4.2")
@pytest.mark.parametrize("seats", [[], ["801"], ["801", "802", "803"]])
def test_an_abandoned_call_is_called_back_whether_or_not_a_seat_is_found(seats: list[str]) -> None:
    world = World(seats=seats)
    world.call()
    world.hang_up("elder")
    world.wait(2 * A_CALL_BACK + 1)
    assert world.case.state is CaseState.NO_RESPONSE
    alarms = [alarm for alarm in world.alarms if alarm is not AlarmKind.WAITING]
    assert alarms[:2] == [AlarmKind.ABANDONED, AlarmKind.NO_RESPONSE]


@pytest.mark.clause("S4.2")
def test_an_elder_who_picks_up_and_is_silent_again_is_rung_once_more_and_not_a_third_time(rung_back: World) -> None:
    rung_back.answer("elder-2")
    rung_back.wait(DECIDED + POLICY.call_back_pause + 1)
    rung_back.answer("elder-3")
    rung_back.wait(DECIDED + 1)
    assert rung_back.case.state is CaseState.CALLING_BACK
    rung_back.wait(POLICY.call_back_pause)
    assert rung_back.case.state is CaseState.NO_RESPONSE
    assert (rung_back.case.call_backs, rung_back.rung_back) == (2, 2)


def test_the_pause_counts_from_the_end_of_the_silent_line_however_late_that_is_told(silent: World) -> None:
    silent.feed(SilentRequested(at=silent.now))
    ended = silent.coming.pop()
    commands = silent.wait(3 * POLICY.call_back_pause)
    assert ring(2) not in commands
    assert StartTimer(CALL_BACK, POLICY.call_back_pause) in silent.tell(ended)
    assert ring(2) in silent.wait(POLICY.call_back_pause)


def test_a_call_back_that_cannot_be_dialled_counts_and_is_said_once(silent: World) -> None:
    silent.ask(SilentRequested)
    for _ in range(2):
        silent.refuse_next.add(Dial)
        silent.wait(POLICY.call_back_pause + 0.1)
    assert silent.case.state is CaseState.NO_RESPONSE
    assert silent.alarms.count(AlarmKind.NO_ROUTE) == 1


def test_a_call_back_that_an_agent_breaks_off_counts(rung_back: World) -> None:
    rung_back.ask(HangupRequested, leg="elder-2")
    assert rung_back.leg("elder-2").result is Result.CANCELLED
    rung_back.wait(A_CALL_BACK + 1)
    assert rung_back.case.state is CaseState.NO_RESPONSE


def test_another_number_of_call_backs_by_policy() -> None:
    world = World(policy=POLICY.of({"call_backs": 1, "call_back_ring": 15}))
    world.call()
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause + 16)
    assert (world.case.state, world.case.call_backs) == (CaseState.NO_RESPONSE, 1)


def test_a_caller_who_shows_no_number_but_is_on_file_is_rung_at_home() -> None:
    world = World(file=FILE)
    world.call("120")
    world.hang_up("elder")
    assert Dial("elder-2", LegKind.ELDER, FILE.home_phone, POLICY.call_back_ring) in world.wait(POLICY.call_back_pause)


# --- a busy line ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.2")
def test_a_busy_line_is_told_apart_tried_again_and_not_counted(rung_back: World) -> None:
    rung_back.hang_up("elder-2", BUSY)
    assert rung_back.leg("elder-2").result is Result.BUSY
    assert (rung_back.case.call_backs, rung_back.case.busy) == (0, 1)
    rung_back.wait(2 * A_CALL_BACK - 1)
    assert rung_back.case.state is CaseState.CALLING_BACK
    rung_back.wait(2)
    assert (rung_back.case.state, rung_back.case.call_backs) == (CaseState.NO_RESPONSE, 2)


def test_a_line_that_is_always_busy_does_not_hold_up_help_for_ever(silent: World) -> None:
    silent.ask(SilentRequested)
    for attempt in range(int(POLICY.busy_retries) + 2):
        assert silent.case.state is CaseState.CALLING_BACK
        silent.wait(POLICY.call_back_pause)
        silent.hang_up(f"elder-{attempt + 2}", BUSY)
    assert silent.case.state is CaseState.NO_RESPONSE


# --- somebody answers -------------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.2")
def test_who_picks_up_speaks_with_the_same_agent_in_the_same_case(rung_back: World) -> None:
    rung_back.answer("elder-2")
    assert rung_back.hears("elder-2") == {"a-1"}
    rung_back.say("elder-2")
    rung_back.wait(DECIDED)
    assert (rung_back.case.state, rung_back.alarms) == (CaseState.TALKING, [])
    rung_back.hang_up("elder-2")
    assert rung_back.case.state is CaseState.WRAPPING_UP


def test_who_picks_up_before_there_is_an_agent_is_told_who_calls_and_waits_like_any_caller() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause)
    assert Play("elder-2", Prompt.CALLBACK_HELLO, music=True) in world.answer("elder-2")
    assert world.case.state is CaseState.RINGING_SEATS
    world.hear_out("elder-2")
    assert world.hears("elder-2") == MUSIC
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.answer("a-1")
    assert (world.case.state, world.hears("elder-2")) == (CaseState.TALKING, {"a-1"})


def test_the_seat_that_rang_when_the_caller_hung_up_rings_on_and_gets_the_elder(abandoned: World) -> None:
    abandoned.wait(POLICY.call_back_pause)
    abandoned.answer("elder-2")
    assert abandoned.case.state is CaseState.RINGING_SEATS
    abandoned.answer("a-1")
    assert (abandoned.case.state, abandoned.hears("elder-2")) == (CaseState.TALKING, {"a-1"})


def test_who_picks_up_waits_for_an_agent_and_hangs_up_again_is_rung_the_second_time() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause)
    world.answer("elder-2")
    world.hang_up("elder-2")
    assert ring(3) in world.wait(POLICY.call_back_pause)
    world.answer("elder-3")
    world.hang_up("elder-3")
    world.wait(POLICY.call_back_pause)
    assert (world.case.state, world.rung_back) == (CaseState.NO_RESPONSE, 2)


def test_a_hello_that_cannot_be_played_is_followed_by_music() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause)
    world.refuse_next.add(Play)
    world.answer("elder-2")
    assert world.hears("elder-2") == MUSIC


# --- seats meanwhile --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [16, 38])
def test_an_agent_who_is_lost_during_a_call_back_is_replaced(rung_back: World, cause: int) -> None:
    rung_back.hang_up("a-1", cause)
    assert rung_back.live == {"elder-2", "a-2"}
    rung_back.answer("a-2")
    rung_back.answer("elder-2")
    assert (rung_back.case.state, rung_back.hears("elder-2")) == (CaseState.TALKING, {"a-2"})


def test_seats_that_do_not_answer_during_a_call_back_are_followed_by_the_next(abandoned: World) -> None:
    abandoned.wait(3 * POLICY.seat_ring + 1)
    assert abandoned.case.seat(Role.A) is not None
    assert [leg.result for leg in abandoned.case.legs if leg.kind is LegKind.SEAT][:2] == [Result.NO_ANSWER] * 2


def test_a_professional_who_comes_during_a_call_back_is_there_when_the_elder_picks_up(talking: World) -> None:
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    talking.ask(SilentRequested)
    talking.answer("x-1")
    talking.wait(POLICY.call_back_pause)
    talking.answer("elder-2")
    assert talking.hears("elder-2") == {"a-1", "x-1"}


# --- an agent decides -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("picks_up", [True, False])
def test_an_agent_closes_the_case_while_the_elder_is_rung(rung_back: World, picks_up: bool) -> None:
    if picks_up:
        rung_back.pick_up("elder-2")
    rung_back.feed(CloseRequested(at=rung_back.now, outcome=Outcome.FALSE_ALARM, note=""))
    rung_back.settle()
    assert rung_back.case.state is CaseState.CLOSED
    assert (rung_back.live, rung_back.bridges, rung_back.timers) == (set(), set(), {})


def test_an_agent_closes_the_case_in_the_pause(abandoned: World) -> None:
    abandoned.ask(CloseRequested, outcome=Outcome.FALSE_ALARM, note="")
    assert abandoned.case.state is CaseState.CLOSED
    assert abandoned.timers == {}


@pytest.mark.parametrize("by_phone", [True, False])
def test_an_agent_need_not_wait_for_the_second_call_back(rung_back: World, by_phone: bool) -> None:
    commands = rung_back.press("a-1", "*44") if by_phone else rung_back.ask(EmergencyRequested)
    assert Alarm(AlarmKind.NO_RESPONSE) in commands
    assert rung_back.case.state is CaseState.NO_RESPONSE
    assert {"elder-2", "b-1", "contact-1-1", "contact-2-1"} < rung_back.live


@pytest.mark.parametrize("target", ["contacts", "contact:1", "120", "number:02100000009"])
def test_who_calls_for_help_has_decided(rung_back: World, target: str) -> None:
    assert refusal(rung_back.ask(CallRequested, target=target)) is None
    assert rung_back.case.state is CaseState.NO_RESPONSE
    assert {"contact-1-1", "contact-2-1"} < rung_back.live
    assert len([leg for leg in rung_back.live if leg.startswith("contact-1")]) == 1


@pytest.mark.parametrize("target", ["contact:9", "number:1", "x"])
def test_a_call_that_is_refused_starts_nothing(rung_back: World, target: str) -> None:
    before = rung_back.case
    assert refusal(rung_back.ask(CallRequested, target=target)) is Refusal.UNKNOWN_TARGET
    assert rung_back.case == before


def test_an_agent_who_calls_the_elder_cuts_the_pause_short_and_it_counts(silent: World) -> None:
    silent.ask(SilentRequested)
    assert ring(2) in silent.ask(CallRequested, target="elder")
    assert refusal(silent.ask(CallRequested, target="elder")) is Refusal.ALREADY_CALLING
    silent.wait(POLICY.call_back_ring + A_CALL_BACK + 1)
    assert (silent.case.state, silent.case.call_backs) == (CaseState.NO_RESPONSE, 2)


def test_nobody_calls_out_during_a_call_back_when_no_agent_is_on_the_line(abandoned: World) -> None:
    assert refusal(abandoned.ask(CallRequested, target="120")) is Refusal.NO_AGENT_ON_LINE
