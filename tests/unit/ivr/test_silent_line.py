"""A line on which nobody speaks (S4.1): asked twice, then rung back; the agent may decide sooner; any sound counts."""

from __future__ import annotations

import pytest

from ivr.commands import Alarm, Announce, DetectSpeech, Hangup, StartTimer, StopTimer
from ivr.events import (
    EmergencyRequested,
    HeardRequested,
    KeyPressed,
    SilentRequested,
    SpeechHeard,
    StandDownRequested,
    TimerFired,
)
from ivr.silence import CALL_BACK, SILENCE
from ivr.vocabulary import AlarmKind, CaseState, Place, Prompt, Refusal
from tests.unit.ivr.world import POLICY, World, refusal

ASKED = [Prompt.CAN_YOU_HEAR_ME, Prompt.CAN_YOU_HEAR_ME_AGAIN]
ASKED_TWICE = 2 * POLICY.silence
DECIDED = ASKED_TWICE + POLICY.silence_decides


@pytest.mark.clause("S4.1")
def test_a_silent_elder_is_asked_twice_so_that_the_agent_hears_it_too_and_then_rung_back(silent: World) -> None:
    assert Announce(Place.ELDER, ASKED[0]) in silent.wait(POLICY.silence + 0.1)
    assert Announce(Place.ELDER, ASKED[1]) in silent.wait(POLICY.silence)
    assert silent.case.state is CaseState.TALKING
    commands = silent.wait(POLICY.silence_decides)
    assert commands[:3] == (Alarm(AlarmKind.SILENT), Hangup("elder"), StopTimer(SILENCE))
    assert silent.case.state is CaseState.CALLING_BACK
    assert silent.announced == ASKED
    assert silent.live == {"a-1"}


@pytest.mark.parametrize("asked", [0, 1, 2])
@pytest.mark.parametrize("answer", ["speech", "key", "agent"])
def test_whatever_the_elder_answers_with_ends_the_questions(silent: World, asked: int, answer: str) -> None:
    silent.wait(asked * POLICY.silence + 1)
    match answer:
        case "speech":
            silent.say("elder")
        case "key":
            silent.press("elder", "5")
        case _:
            assert refusal(silent.ask(HeardRequested)) is None
    silent.wait(DECIDED)
    assert silent.announced == ASKED[:asked]
    assert (silent.case.state, silent.alarms) == (CaseState.TALKING, [])


def test_who_spoke_while_nobody_was_there_yet_is_not_asked(ringing: World) -> None:
    ringing.say("elder")
    ringing.answer("a-1")
    ringing.wait(DECIDED)
    assert ringing.announced == []


def test_who_pressed_a_key_before_a_seat_was_found_is_not_asked() -> None:
    world = World(seats=[])
    world.call()
    world.press("elder", "1")
    assert world.case.heard


def test_the_sound_of_anybody_else_is_not_the_elders(silent: World) -> None:
    silent.tell(SpeechHeard(at=silent.now, leg="a-1"))
    silent.press("a-1", "5")
    silent.wait(DECIDED + 1)
    assert silent.case.state is CaseState.CALLING_BACK


@pytest.mark.clause("S4.1")
@pytest.mark.parametrize("by_phone", [True, False])
def test_the_agent_decides_sooner(silent: World, by_phone: bool) -> None:
    commands = silent.press("a-1", "*45") if by_phone else silent.ask(SilentRequested)
    assert Hangup("elder") in commands
    assert silent.case.state is CaseState.CALLING_BACK
    assert silent.announced == []


def test_an_agent_who_asks_twice_for_silence_does_not_skip_a_call_back(silent: World) -> None:
    silent.feed(SilentRequested(at=silent.now))
    assert refusal(silent.ask(SilentRequested)) is Refusal.ALREADY_DONE
    silent.press("a-1", "*45")
    assert silent.case.state is CaseState.CALLING_BACK


def test_what_the_agent_hears_is_said_once_and_only_of_an_elder_on_the_line(silent: World) -> None:
    silent.ask(HeardRequested)
    assert refusal(silent.ask(HeardRequested)) is Refusal.ALREADY_DONE
    silent.ask(EmergencyRequested)
    silent.hang_up("elder")
    assert refusal(silent.ask(HeardRequested)) is Refusal.NOT_IN_THIS_STATE


@pytest.mark.parametrize("keeps_the_elder", ["a-1", "b-1"])
def test_silence_is_no_matter_in_an_emergency_until_it_is_stood_down(silent: World, keeps_the_elder: str) -> None:
    silent.ask(EmergencyRequested)
    silent.answer("b-1")
    silent.wait(DECIDED)
    assert silent.announced == []
    silent.seats.clear()
    silent.hang_up("a-1" if keeps_the_elder == "b-1" else "b-1", 38)
    silent.ask(StandDownRequested)
    silent.wait(ASKED_TWICE + 1)
    assert silent.announced == ASKED


@pytest.mark.parametrize("speaks", [True, False])
def test_who_is_heard_in_an_emergency_counts_as_heard_after_it(silent: World, speaks: bool) -> None:
    silent.ask(EmergencyRequested)
    _ = silent.say("elder") if speaks else silent.press("elder", "1")
    silent.ask(StandDownRequested)
    silent.wait(DECIDED)
    assert (silent.case.state, silent.announced) == (CaseState.TALKING, [])


def test_the_questions_wait_while_a_lost_agent_is_replaced_and_begin_anew(silent: World) -> None:
    silent.wait(POLICY.silence + 1)
    silent.hang_up("a-1", 38)
    silent.wait(POLICY.seat_ring - 1)
    assert silent.announced == ASKED[:1]
    silent.answer("a-2")
    silent.wait(ASKED_TWICE + 1)
    assert silent.announced == [ASKED[0], *ASKED]


def test_the_questions_begin_when_asterisk_tells_late_that_the_elder_is_there() -> None:
    world = World()
    world.feed(world.dial_in())
    late = world.coming.pop(0)
    world.settle()
    world.answer("a-1")
    world.wait(POLICY.silence + 1)
    world.tell(late)
    assert world.hears("elder") == {"a-1"}
    world.wait(ASKED_TWICE + 1)
    assert world.announced == ASKED


@pytest.mark.parametrize("speaks", [True, False])
def test_speech_is_listened_for_on_every_line_to_the_elder(silent: World, speaks: bool) -> None:
    silent.ask(SilentRequested)
    silent.wait(POLICY.call_back_pause)
    assert DetectSpeech("elder-2", POLICY.speech_level) in silent.answer("elder-2")
    if speaks:
        silent.say("elder-2")
    silent.wait(DECIDED)
    assert silent.case.heard is speaks
    assert (silent.case.state is CaseState.TALKING) is speaks


@pytest.mark.parametrize("calls_in", [True, False])
def test_who_was_heard_on_one_line_has_to_be_heard_anew_on_the_next(talking: World, calls_in: bool) -> None:
    talking.ask(EmergencyRequested)
    talking.hang_up("elder")
    if calls_in:
        talking.call_again()
    else:
        talking.wait(POLICY.redial_pause)
        talking.answer("elder-2")
    talking.ask(StandDownRequested)
    talking.wait(ASKED_TWICE + 1)
    assert talking.announced == ASKED


def test_a_timer_that_fires_late_says_nothing_to_an_elder_who_waits(ringing: World) -> None:
    for kind in (SILENCE, CALL_BACK):
        assert ringing.tell(TimerFired(at=ringing.now, timer=kind)) == ()


# --- the elder hangs up -----------------------------------------------------------------------------------------------


def test_an_elder_who_was_heard_and_hangs_up_has_ended_the_talk(talking: World) -> None:
    talking.hang_up("elder")
    assert (talking.case.state, talking.alarms) == (CaseState.WRAPPING_UP, [])


def test_an_elder_who_hangs_up_without_a_sound_is_rung_back_and_the_agent_stays(silent: World) -> None:
    commands = silent.hang_up("elder")
    assert silent.alarms == [AlarmKind.SILENT]
    assert StartTimer(CALL_BACK, POLICY.call_back_pause) in commands
    assert (silent.case.state, silent.live) == (CaseState.CALLING_BACK, {"a-1"})


@pytest.mark.clause("S4.1")
@pytest.mark.clause("K7")
def test_an_agent_who_hangs_up_on_an_elder_never_heard_has_not_ended_it(silent: World) -> None:
    silent.hang_up("a-1")
    assert silent.alarms == [AlarmKind.SILENT]
    assert silent.case.state is CaseState.CALLING_BACK
    assert "elder" not in silent.live
    silent.wait(POLICY.call_back_pause)
    assert {"a-2", "elder-2"} <= silent.live


@pytest.fixture
def anonymous() -> World:
    """Agent A is with a silent caller whose number is not known."""
    world = World(file=None)
    world.call("")
    world.answer("a-1")
    return world


def test_a_silent_caller_without_a_number_is_an_emergency_for_the_line_is_all_there_is(anonymous: World) -> None:
    anonymous.wait(DECIDED + 1)
    assert anonymous.case.state is CaseState.EMERGENCY
    assert "elder" in anonymous.live
    assert AlarmKind.SILENT in anonymous.alarms


def test_a_silent_caller_without_a_number_who_hangs_up_is_left_to_a_person(anonymous: World) -> None:
    anonymous.hang_up("elder")
    assert (anonymous.case.state, anonymous.case.abandoned) == (CaseState.WRAPPING_UP, True)
    assert anonymous.alarms == [AlarmKind.SILENT, AlarmKind.ABANDONED]
    assert (anonymous.live, anonymous.timers) == (set(), {})


def test_an_agent_who_hangs_up_on_a_silent_caller_without_a_number_is_replaced_on_the_line(anonymous: World) -> None:
    anonymous.hang_up("a-1")
    assert (anonymous.case.state, anonymous.alarms) == (CaseState.RINGING_SEATS, [AlarmKind.SEAT_LOST])
    assert {"elder", "a-2"} <= anonymous.live


def test_what_is_said_while_the_silent_line_is_being_hung_up_does_not_undo_it(silent: World) -> None:
    silent.feed(SilentRequested(at=silent.now))
    silent.feed(SpeechHeard(at=silent.now, leg="elder"))
    silent.feed(KeyPressed(at=silent.now, leg="elder", key="1"))
    silent.settle()
    silent.wait(POLICY.call_back_pause)
    assert "elder-2" in silent.live
