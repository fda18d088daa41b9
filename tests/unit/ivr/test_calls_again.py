"""The elder rings us again (H12): the call is taken at every moment, and no line is left in silence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Answer, Hangup
from ivr.events import (
    ArrivalReported,
    CallerIdentified,
    CloseRequested,
    ElderCalledAgain,
    EmergencyRequested,
    HangupRequested,
    IdentifyRequested,
    LegEnded,
    SilentRequested,
)
from ivr.turn import COMFORT
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Outcome, Prompt, Refusal
from tests.unit.ivr.exchange import DAUGHTER, FILE, MUSIC, NEIGHBOUR, PROMPT_SECONDS
from tests.unit.ivr.test_silent_line import DECIDED
from tests.unit.ivr.world import POLICY, World, refusal

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


def test_beside_a_line_on_which_they_were_heard_it_is_taken_too(unanswered: World) -> None:
    (rung,) = (leg for leg in unanswered.live if leg.startswith("elder"))
    unanswered.answer(rung)
    unanswered.say(rung)
    unanswered.call_again()
    assert unanswered.hears(AGAIN) == {"b-1", rung}
    assert unanswered.hears("b-1") == {AGAIN, rung}


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


# --- beside the first line -------------------------------------------------------------------------------------------


@pytest.mark.clause("H12")
def test_while_seats_are_looked_for_both_lines_are_answered_and_kept_company() -> None:
    ringing = World(seats=[])
    ringing.call()
    assert Answer(AGAIN) in ringing.call_again()
    assert ringing.hears(AGAIN) == Prompt.COMFORT
    ringing.hear_out(AGAIN)
    assert ringing.hears(AGAIN) == MUSIC
    ringing.wait(PROMPT_SECONDS + POLICY.comfort_every + 1)
    assert ringing.hears(AGAIN) == ringing.hears("elder") == Prompt.COMFORT
    ringing.seats.append("801")
    ringing.give_seats()
    ringing.settle()
    ringing.answer("a-1")
    assert ringing.hears("a-1") == {"elder", AGAIN}


@pytest.mark.clause("H12")
def test_while_an_agent_talks_the_second_line_comes_to_them(talking: World) -> None:
    talking.call_again()
    assert talking.hears(AGAIN) == {"elder", "a-1"}
    assert (talking.alarms, talking.case.again) == ([AlarmKind.CALLS_AGAIN], 1)
    talking.call_again()
    assert talking.hears("elder-again-2") == {"elder", "a-1", AGAIN}
    assert talking.case.again == 2


@pytest.mark.parametrize("waits", [True, False])
def test_when_the_first_line_ends_they_go_on_upon_the_second(waits: bool) -> None:
    world = World(seats=[] if waits else ["801"])
    world.call()
    if not waits:
        world.answer("a-1")
        world.say("elder")
    world.call_again()
    world.hang_up("elder")
    assert AlarmKind.ABANDONED not in world.alarms
    assert world.leg(AGAIN).kind is LegKind.ELDER
    if waits:
        world.wait(PROMPT_SECONDS + POLICY.comfort_every + 1)
        assert world.hears(AGAIN) == Prompt.COMFORT
        world.hang_up(AGAIN)
        assert world.case.state is CaseState.CALLING_BACK
    else:
        assert world.hears(AGAIN) == {"a-1"}
        world.hang_up(AGAIN)
        assert world.case.state is CaseState.WRAPPING_UP


def test_the_first_line_ends_before_the_second_was_answered(talking: World) -> None:
    again = talking.calls_in_again()
    talking.feed(again)
    answered = talking.coming.pop()
    talking.hang_up("elder")
    talking.tell(answered)
    assert talking.hears(AGAIN) == {"a-1"}


def test_a_voice_on_either_line_is_the_elders(silent: World) -> None:
    silent.call_again()
    silent.say(AGAIN)
    assert silent.case.heard
    silent.wait(DECIDED)
    assert silent.case.state is CaseState.TALKING


def test_when_both_lines_are_silent_both_are_given_up_and_the_elder_is_rung(silent: World) -> None:
    silent.call_again()
    silent.ask(SilentRequested)
    assert silent.live == {"a-1"}
    silent.wait(POLICY.call_back_pause + 1)
    assert silent.live == {"a-1", "elder-2"}


def test_an_agent_who_is_lost_leaves_no_line_without_a_word(talking: World) -> None:
    talking.call_again()
    talking.seats.clear()
    talking.hang_up("a-1", 38)
    assert talking.hears(AGAIN) == talking.hears("elder") == Prompt.HOLD


def test_of_two_lines_an_agent_may_hang_up_one(talking: World) -> None:
    talking.call_again()
    talking.ask(HangupRequested, leg="elder")
    assert (talking.case.state, talking.hears(AGAIN)) == (CaseState.TALKING, {"a-1"})
    talking.ask(HangupRequested, leg=AGAIN)
    assert talking.hears(AGAIN) == Prompt.GOODBYE


def test_in_an_emergency_the_second_line_comes_to_b(rescue: World) -> None:
    rescue.call_again()
    assert rescue.hears(AGAIN) == {"elder", "b-1"}
    rescue.hang_up("elder")
    assert rescue.hears(AGAIN) == {"b-1"}
    assert AlarmKind.ELDER_HUNG_UP not in rescue.alarms


# --- when the case is over --------------------------------------------------------------------------------------------


@pytest.mark.clause("H12")
@pytest.mark.parametrize("when", ["wrapping up", "closed"])
def test_a_call_after_the_end_is_never_hung_up_on_but_opens_a_case_of_its_own(talking: World, when: str) -> None:
    talking.hang_up("elder")
    if when == "closed":
        talking.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    before = talking.case
    talking.call_again()
    assert [call.leg for call in talking.passed_on] == [AGAIN]
    assert (talking.case, talking.alarms) == (before, [])


@pytest.mark.clause("H12")
def test_the_new_case_names_the_one_that_was_over() -> None:
    world = World()
    world.tell(replace(world.dial_in(), again_of="earlier"))
    assert (world.case.again_of, world.alarms) == ("earlier", [AlarmKind.CALLS_AGAIN])
    assert world.case.state is CaseState.RINGING_SEATS


# --- who it is --------------------------------------------------------------------------------------------------------

HUSBAND = replace(
    FILE, id=8, name="示例老伴", contacts=(replace(DAUGHTER, id=3), replace(DAUGHTER, id=4, phones=("1",)))
)


@pytest.mark.clause("H12")
def test_two_elders_in_one_home_are_asked_apart(talking: World) -> None:
    talking.tell(CallerIdentified(at=talking.now, file=FILE, others=(HUSBAND,)))
    assert talking.alarms == [AlarmKind.WHO_IS_IT]
    assert talking.case.file is not None
    assert [contact.phones for contact in talking.case.file.contacts] == [DAUGHTER.phones, NEIGHBOUR.phones, ("1",)]
    talking.ask(IdentifyRequested, elder=8)
    assert talking.case.file == HUSBAND
    assert refusal(talking.ask(IdentifyRequested, elder=8)) is Refusal.ALREADY_DONE
    assert refusal(talking.ask(IdentifyRequested, elder=9)) is Refusal.UNKNOWN_TARGET
    talking.ask(IdentifyRequested, elder=7)
    assert talking.case.file == FILE


def test_two_cases_of_one_elder_that_began_at_once_know_of_each_other(talking: World) -> None:
    talking.tell(CallerIdentified(at=talking.now, file=FILE, again_of="another"))
    assert (talking.case.again_of, talking.alarms) == ("another", [AlarmKind.CALLS_AGAIN])


def test_the_same_call_told_twice_is_taken_once(waiting: World) -> None:
    again = waiting.calls_in_again()
    assert Answer(AGAIN) in waiting.tell(again)
    assert waiting.tell(again) == ()
    waiting.ask(EmergencyRequested)
    assert waiting.tell(ElderCalledAgain(at=waiting.now, leg=AGAIN, channel=again.channel)) == ()
    assert waiting.hears(AGAIN) == {"a-1"}
