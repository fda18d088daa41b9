"""The elder rings us while we ring them (H12): their call is taken at every moment, and no call is left in silence."""

from __future__ import annotations

import pytest

from ivr.commands import Answer, Hangup
from ivr.events import (
    ArrivalReported,
    CloseRequested,
    ElderCalledAgain,
    EmergencyRequested,
    LegEnded,
    SilentRequested,
)
from ivr.turn import COMFORT
from ivr.vocabulary import AlarmKind, CaseState, Outcome
from tests.unit.ivr.test_silent_line import DECIDED
from tests.unit.ivr.world import POLICY, World

AGAIN = "elder-again-1"
A_CALL_BACK = POLICY.call_back_pause + POLICY.call_back_ring


@pytest.fixture
def waiting(silent: World) -> World:
    """The line was silent and has been hung up; A waits for the call-back."""
    silent.ask(SilentRequested)
    return silent


def assert_talks(world: World, leg: str = AGAIN) -> None:
    """With the same agent, in the same case; what becomes of other lines does not matter any more."""
    assert (world.case.state, world.hears(leg)) == (CaseState.TALKING, {"a-1"})
    assert world.live == {leg, "a-1"}
    world.say(leg)
    world.wait(DECIDED)
    assert world.case.state is CaseState.TALKING
    world.hang_up(leg)
    assert world.case.state is CaseState.WRAPPING_UP


@pytest.mark.clause("H12")
def test_in_the_pause_before_a_call_back(waiting: World) -> None:
    waiting.call_again()
    assert waiting.rung_back == 0
    assert_talks(waiting)


@pytest.mark.clause("H12")
def test_while_their_phone_rings(waiting: World) -> None:
    waiting.wait(POLICY.call_back_pause)
    assert Hangup("elder-2") in waiting.call_again()
    assert_talks(waiting)


def test_in_the_pause_between_two_call_backs(waiting: World) -> None:
    waiting.wait(A_CALL_BACK + 1)
    waiting.call_again()
    assert_talks(waiting)


@pytest.mark.parametrize("was_heard", [True, False])
def test_while_the_silent_line_is_still_being_hung_up(silent: World, was_heard: bool) -> None:
    if was_heard:
        silent.say("elder")
    silent.feed(SilentRequested(at=silent.now))
    hung_up = silent.coming.pop()
    silent.call_again()
    silent.tell(hung_up)
    assert_talks(silent)


def test_in_the_moment_in_which_they_pick_up(waiting: World) -> None:
    waiting.wait(POLICY.call_back_pause)
    waiting.pick_up("elder-2")
    answered = waiting.coming.pop()
    again = waiting.calls_in_again()
    waiting.feed(again)
    waiting.feed(answered)
    waiting.settle()
    assert_talks(waiting)


def test_our_call_ends_only_after_theirs_was_answered(waiting: World) -> None:
    waiting.wait(POLICY.call_back_pause)
    waiting.feed(waiting.calls_in_again())
    late = [event for event in waiting.coming if isinstance(event, LegEnded)]
    waiting.coming = [event for event in waiting.coming if event not in late]
    waiting.settle()
    assert waiting.hears(AGAIN) == {"a-1"}
    waiting.coming += late
    waiting.settle()
    assert_talks(waiting)


def test_our_call_ends_only_while_they_wait_for_an_agent() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(POLICY.call_back_pause)
    world.feed(world.calls_in_again())
    late = [event for event in world.coming if isinstance(event, LegEnded)]
    world.coming = [event for event in world.coming if event not in late]
    world.settle()
    world.hear_out(AGAIN)
    world.coming += late
    world.settle()
    assert (world.case.state, world.live) == (CaseState.RINGING_SEATS, {AGAIN})
    assert COMFORT in world.timers


def test_they_hang_up_again_at_once_and_are_rung_back_all_the_same(waiting: World) -> None:
    again = waiting.calls_in_again()
    waiting.break_off(AGAIN)
    waiting.feed(again)
    waiting.settle()
    assert (waiting.case.call_backs, waiting.leg(AGAIN).result) == (0, None)
    waiting.wait(2 * A_CALL_BACK + 1)
    assert (waiting.case.state, waiting.case.call_backs) == (CaseState.NO_RESPONSE, 2)


@pytest.mark.clause("S4.2")
def test_both_call_backs_cross_with_their_own_calls_and_all_of_them_are_silent(waiting: World) -> None:
    for leg in (AGAIN, "elder-again-2"):
        waiting.wait(POLICY.call_back_pause)
        waiting.call_again()
        assert waiting.hears(leg) == {"a-1"}
        waiting.ask(SilentRequested)
    waiting.wait(POLICY.call_back_pause)
    assert (waiting.case.state, waiting.rung_back) == (CaseState.NO_RESPONSE, 2)


def test_without_an_agent_they_wait_like_any_caller() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.call_again()
    assert world.case.state is CaseState.RINGING_SEATS


# --- when there was no response ---------------------------------------------------------------------------------------


@pytest.mark.clause("S4.5")
def test_after_the_call_backs_their_call_goes_to_b_and_their_voice_ends_the_alarm(unanswered: World) -> None:
    unanswered.call_again()
    assert unanswered.hears(AGAIN) == {"b-1"}
    unanswered.say(AGAIN)
    assert unanswered.case.state is CaseState.EMERGENCY
    assert AlarmKind.ELDER_SPOKE in unanswered.alarms
    assert AlarmKind.ELDER_HUNG_UP not in unanswered.alarms


def test_a_line_that_was_picked_up_in_silence_gives_way_to_their_own_call(unanswered: World) -> None:
    (rung,) = (leg for leg in unanswered.live if leg.startswith("elder"))
    unanswered.answer(rung)
    assert Hangup(rung) in unanswered.call_again()
    assert unanswered.hears(AGAIN) == {"b-1"}
    assert AlarmKind.ELDER_HUNG_UP not in unanswered.alarms


def test_a_line_on_which_they_were_heard_is_kept(unanswered: World) -> None:
    (rung,) = (leg for leg in unanswered.live if leg.startswith("elder"))
    unanswered.answer(rung)
    unanswered.say(rung)
    assert Hangup(AGAIN) in unanswered.call_again()
    assert unanswered.hears(rung) == {"b-1"}
    assert AGAIN not in unanswered.live


def test_in_an_emergency_between_two_tries(emergency: World) -> None:
    emergency.answer("b-1")
    emergency.hang_up("elder")
    emergency.call_again()
    assert emergency.hears(AGAIN) == {"b-1"}
    emergency.wait(3 * POLICY.call_back_ring)
    assert emergency.live == {AGAIN, "a-1", "b-1"}


def test_their_call_that_ends_unanswered_does_not_stop_the_ringing(unanswered: World) -> None:
    again = unanswered.calls_in_again()
    unanswered.break_off(AGAIN)
    unanswered.feed(again)
    unanswered.settle()
    unanswered.wait(POLICY.redial_pause + 0.1)
    assert any(leg.startswith("elder-") for leg in unanswered.live)


def test_after_arrival_it_is_taken_too(emergency: World) -> None:
    emergency.answer("b-1")
    emergency.hang_up("elder")
    emergency.ask(ArrivalReported)
    emergency.call_again()
    assert emergency.hears(AGAIN) == {"b-1"}


# --- when nobody rings them -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["arriving", "ringing", "talking", "wrapping up", "closed"])
def test_a_call_that_this_case_has_no_use_for_is_hung_up_on_and_said(when: str) -> None:
    world = World(seats=[] if when == "arriving" else ["801"])
    world.call()
    if when in {"talking", "wrapping up", "closed"}:
        world.answer("a-1")
        world.say("elder")
    if when in {"wrapping up", "closed"}:
        world.hang_up("elder")
    if when == "closed":
        world.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    before = world.case
    assert Hangup(AGAIN) in world.call_again()
    assert world.alarms == [AlarmKind.UNEXPECTED]
    assert world.case == before
    assert world.lines[AGAIN].state == "gone"


def test_the_same_call_told_twice_is_taken_once(waiting: World) -> None:
    again = waiting.calls_in_again()
    assert Answer(AGAIN) in waiting.tell(again)
    assert waiting.tell(again) == ()
    waiting.ask(EmergencyRequested)
    assert waiting.tell(ElderCalledAgain(at=waiting.now, leg=AGAIN, channel=again.channel)) == ()
    assert waiting.hears(AGAIN) == {"a-1"}
