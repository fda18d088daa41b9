"""Consultation (S2.1): who is looked for, who hears whom, and who keeps the elder when somebody leaves."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, FindSeat, ReleaseSeat
from ivr.events import (
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    HandOverRequested,
    HangupRequested,
    ReturnRequested,
    ThreeWayRequested,
    TransferRequested,
)
from ivr.vocabulary import AlarmKind, CaseState, Outcome, Prompt, Refusal, Role, SeatRelease, Skill
from tests.unit.ivr.exchange import MUSIC
from tests.unit.ivr.world import POLICY, World, refusal

BROKEN = 38  # Q.850: network out of order


# --- until somebody comes ---------------------------------------------------------------------------------------------


@pytest.mark.clause("S2.1")
def test_the_elder_keeps_the_agent_while_a_professional_is_looked_for(talking: World) -> None:
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    assert "x-1" in talking.live
    assert talking.case.state is CaseState.TALKING
    assert talking.hears("elder") == {"a-1"}


def test_a_professional_who_does_not_answer_is_followed_by_the_next(talking: World) -> None:
    talking.ask(TransferRequested, skill=Skill.LAWYER)
    commands = talking.wait(POLICY.seat_ring + 0.5)
    assert [one.skill for one in commands if isinstance(one, FindSeat)] == [Skill.LAWYER]
    assert "x-2" in talking.live


def test_when_nobody_is_found_in_time_the_agent_is_told_and_has_the_elder(talking: World) -> None:
    talking.seats.clear()
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    talking.wait(POLICY.professional + 1)
    assert talking.alarms == [AlarmKind.NO_PROFESSIONAL]
    assert talking.case.searching == frozenset()
    assert talking.hears("elder") == {"a-1"}


def test_one_who_still_rings_when_the_time_is_up_is_left_in_peace(talking: World) -> None:
    talking.policy = POLICY.of({"professional": 10, "seat_ring": 60})
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    assert ReleaseSeat("802", SeatRelease.NOT_NEEDED) in talking.wait(11)
    assert talking.live == {"elder", "a-1"}


@pytest.mark.parametrize("how", ["return", "hangup"])
def test_the_agent_calls_it_off(talking: World, how: str) -> None:
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    if how == "return":
        talking.ask(ReturnRequested)
    else:
        talking.ask(HangupRequested, leg="x-1")
    talking.wait(POLICY.professional + 1)
    assert talking.live == {"elder", "a-1"}
    assert talking.case.searching == frozenset()
    assert talking.alarms == []


def test_an_elder_of_whom_nothing_was_heard_is_asked_again_after_the_consultation(silent: World) -> None:
    silent.ask(TransferRequested, skill=Skill.DOCTOR)
    silent.answer("x-1")
    silent.ask(ReturnRequested)
    silent.wait(POLICY.silence + 1)
    assert silent.announced == [Prompt.CAN_YOU_HEAR_ME]


# --- with a professional ----------------------------------------------------------------------------------------------


@pytest.mark.clause("S2.1")
def test_the_elder_waits_with_words_and_music_while_they_speak_alone(consulting: World) -> None:
    assert consulting.case.state is CaseState.CONSULTING
    assert consulting.hears("a-1") == {"x-1"}
    assert consulting.hears("elder") is Prompt.HOLD
    consulting.hear_out("elder")
    assert consulting.hears("elder") == MUSIC
    consulting.wait(POLICY.comfort_every + 1)
    assert consulting.hears("elder") is Prompt.HOLD


def test_all_together(consulting: World) -> None:
    consulting.ask(ThreeWayRequested)
    assert consulting.case.state is CaseState.TALKING
    assert consulting.hears("elder") == {"a-1", "x-1"}
    assert refusal(consulting.ask(ThreeWayRequested)) is Refusal.ALREADY_DONE


@pytest.mark.parametrize("joined", [False, True])
def test_the_professional_leaves(consulting: World, joined: bool) -> None:
    if joined:
        consulting.ask(ThreeWayRequested)
    assert ReleaseSeat("802", SeatRelease.TALKED) in consulting.ask(ReturnRequested)
    assert consulting.case.state is CaseState.TALKING
    assert consulting.hears("elder") == {"a-1"}


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("how", ["asked", "hangs up"])
def test_the_agent_hands_over(consulting: World, joined: bool, how: str) -> None:
    if joined:
        consulting.ask(ThreeWayRequested)
    commands = consulting.ask(HandOverRequested) if how == "asked" else consulting.hang_up("a-1")
    assert ReleaseSeat("801", SeatRelease.TALKED) in commands
    assert consulting.case.state is CaseState.TALKING
    assert consulting.hears("elder") == {"x-1"}
    assert consulting.leg("x-1").role is Role.A
    consulting.hang_up("x-1")
    assert consulting.case.state is CaseState.WRAPPING_UP
    assert consulting.hears("elder") is Prompt.GOODBYE


def test_handing_over_twice_in_a_moment_leaves_the_elder_with_the_professional(consulting: World) -> None:
    consulting.feed(HandOverRequested(at=consulting.now))
    assert refusal(consulting.feed(HandOverRequested(at=consulting.now))) is Refusal.NO_PROFESSIONAL
    consulting.settle()
    assert consulting.hears("elder") == {"x-1"}


def test_the_phone_alone_is_enough(consulting: World) -> None:
    consulting.press("a-1", "*46")
    assert consulting.hears("elder") == {"a-1", "x-1"}
    consulting.hang_up("a-1")
    assert consulting.hears("elder") == {"x-1"}


def test_the_phone_alone_sends_the_professional_back(consulting: World) -> None:
    consulting.press("a-1", "*47")
    assert consulting.hears("elder") == {"a-1"}
    assert consulting.live == {"elder", "a-1"}


@pytest.mark.parametrize("cause", [16, BROKEN])
def test_a_professional_who_is_gone_leaves_the_agent_with_the_elder(consulting: World, cause: int) -> None:
    consulting.hang_up("x-1", cause)
    assert consulting.case.state is CaseState.TALKING
    assert consulting.hears("elder") == {"a-1"}


def test_an_agent_whose_phone_breaks_is_replaced_while_the_professional_has_the_elder(consulting: World) -> None:
    consulting.hang_up("a-1", BROKEN)
    assert consulting.alarms == [AlarmKind.SEAT_LOST]
    assert consulting.hears("elder") == {"x-1"}
    consulting.answer("a-2")
    assert consulting.hears("elder") == {"x-1", "a-2"}


def test_the_last_to_leave_the_elder_may_be_a_professional(consulting: World) -> None:
    consulting.hang_up("a-1", BROKEN)
    consulting.hang_up("x-1")
    assert consulting.hears("elder") is Prompt.HOLD
    consulting.answer("a-2")
    assert consulting.hears("elder") == {"a-2"}


def test_a_professional_who_answers_is_not_taken_for_the_lost_agent(talking: World) -> None:
    talking.ask(TransferRequested, skill=Skill.DOCTOR)
    talking.hang_up("a-1", BROKEN)
    talking.answer("x-1")
    assert talking.case.state is CaseState.RINGING_SEATS
    assert talking.hears("elder") == {"x-1"}
    talking.answer("a-2")
    assert talking.case.state is CaseState.TALKING
    assert talking.hears("elder") == {"x-1", "a-2"}


def test_an_elder_who_hangs_up_while_waiting_is_rung_back_with_the_same_agent(consulting: World) -> None:
    consulting.hang_up("elder")
    assert consulting.alarms == [AlarmKind.ELDER_HUNG_UP]
    assert consulting.live == {"a-1"}
    assert any(isinstance(one, Dial) and one.leg == "elder-2" for one in consulting.wait(POLICY.call_back_pause + 1))
    consulting.answer("elder-2")
    assert consulting.case.state is CaseState.TALKING
    assert consulting.hears("elder-2") == {"a-1"}


def test_an_elder_who_cannot_be_rung_back_ends_the_talk_by_hanging_up() -> None:
    world = World(file=None)
    world.call("")
    world.answer("a-1")
    world.ask(TransferRequested, skill=Skill.DOCTOR)
    world.answer("x-1")
    world.hang_up("elder")
    assert world.case.state is CaseState.WRAPPING_UP
    assert world.live == set()


# --- an emergency all the same ----------------------------------------------------------------------------------------


def test_an_emergency_brings_all_three_together(consulting: World) -> None:
    consulting.ask(EmergencyRequested)
    assert consulting.case.state is CaseState.EMERGENCY
    assert consulting.hears("elder") == {"a-1", "x-1"}
    consulting.answer("b-1")
    assert consulting.hears("elder") == {"x-1", "b-1"}


def test_whoever_calls_120_has_decided_so(consulting: World) -> None:
    consulting.ask(CallRequested, target="120")
    assert consulting.case.state is CaseState.EMERGENCY
    assert "120-1" in consulting.live


def test_a_mistyped_number_leaves_the_consultation_as_it_is(consulting: World) -> None:
    assert refusal(consulting.ask(CallRequested, target="number:1")) is Refusal.UNKNOWN_TARGET
    assert consulting.case.state is CaseState.CONSULTING


def test_in_an_emergency_a_professional_joins_the_elder_at_once(rescue: World) -> None:
    rescue.ask(TransferRequested, skill=Skill.PSYCHOLOGIST)
    rescue.answer("x-1")
    assert rescue.hears("elder") == {"b-1", "x-1"}


def test_a_professional_who_leaves_an_emergency_raises_no_alarm(consulting: World) -> None:
    consulting.ask(EmergencyRequested)
    consulting.hang_up("x-1")
    assert consulting.alarms == []


# --- what cannot be ---------------------------------------------------------------------------------------------------


def test_nobody_asks_for_two_professionals(consulting: World) -> None:
    assert refusal(consulting.ask(TransferRequested, skill=Skill.LAWYER)) is Refusal.ALREADY_CALLING


@pytest.mark.parametrize("wish", [ThreeWayRequested, ReturnRequested, HandOverRequested])
def test_without_a_professional_there_is_nothing_to_wish(talking: World, wish: type) -> None:
    assert refusal(talking.ask(wish)) is Refusal.NO_PROFESSIONAL


def test_the_case_can_be_closed_from_here(consulting: World) -> None:
    consulting.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert consulting.hears("elder") is Prompt.GOODBYE
    consulting.hear_out("elder")
    assert consulting.case.state is CaseState.CLOSED


def test_hanging_up_on_a_waiting_elder_is_a_goodbye(consulting: World) -> None:
    consulting.ask(HangupRequested, leg="elder")
    assert consulting.hears("elder") is Prompt.GOODBYE
    assert consulting.live == {"elder"}
