"""The A/B emergency: how it starts, is stood down, and ends; who may ask for what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Alarm, Hangup
from ivr.decide import actions_now
from ivr.events import (
    ArrivalReported,
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    HangupRequested,
    IntercomEndRequested,
    IntercomRequested,
    MergeRequested,
    StandDownRequested,
    SuperviseEndRequested,
)
from ivr.vocabulary import AlarmKind, CaseState, Mode, Outcome, Prompt, Refusal, Role
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import World, refusal


@pytest.mark.parametrize("keys", ["*44", "7*44", "**44", "*4*44"])
def test_a_seat_starts_it_by_its_phone(talking: World, keys: str) -> None:
    talking.press("a-1", keys)
    assert talking.case.state is CaseState.EMERGENCY


@pytest.mark.parametrize("keys", ["44", "*4", "*41", "*4 4", "4*4"])
def test_other_keys_of_a_seat_start_nothing(talking: World, keys: str) -> None:
    talking.press("a-1", keys)
    assert talking.case.state is CaseState.TALKING


def test_the_elders_keys_start_nothing(talking: World) -> None:
    talking.press("elder", "*44")
    assert talking.case.state is CaseState.TALKING


def test_who_calls_120_has_decided_that_it_is_an_emergency(talking: World) -> None:
    talking.ask(CallRequested, target="120")
    assert talking.case.state is CaseState.EMERGENCY
    talking.answer("120-1")
    assert talking.hears("elder") == {"a-1", "120-1"}
    talking.answer("b-1")
    assert talking.hears("elder") == {"b-1"}
    assert talking.hears("a-1") == {"120-1"}


@pytest.mark.clause("S1.10")
@pytest.mark.parametrize("signed", [True, False, None])
def test_a_missing_agreement_warns_and_never_blocks(talking: World, signed: bool | None) -> None:
    file = None if signed is None else replace(FILE, agreement_signed=signed)
    talking.case = replace(talking.case, file=file)
    talking.ask(EmergencyRequested)
    assert talking.case.state is CaseState.EMERGENCY
    assert (AlarmKind.NO_AGREEMENT in talking.alarms) is not bool(signed)


def test_nobody_calls_out_when_no_agent_is_on_the_line(emergency: World) -> None:
    emergency.seats.clear()
    emergency.hang_up("b-1", 19)
    emergency.hang_up("a-1", 38)
    assert refusal(emergency.ask(CallRequested, target="120")) is Refusal.NO_AGENT_ON_LINE


# --- stand-down -------------------------------------------------------------------------------------------------------


def test_a_false_alarm_is_stood_down_and_a_keeps_the_elder(rescue: World) -> None:
    commands = rescue.ask(StandDownRequested)
    assert rescue.case.state is CaseState.TALKING
    assert Alarm(AlarmKind.CALL_OFF_SERVICE, "120") in commands
    assert rescue.live == {"elder", "a-1"}
    assert rescue.hears("elder") == {"a-1"}


@pytest.mark.parametrize("a_rings_again", [True, False])
def test_without_an_a_it_is_b_who_keeps_the_elder(rescue: World, a_rings_again: bool) -> None:
    if not a_rings_again:
        rescue.seats.clear()
    rescue.hang_up("a-1", 38)
    rescue.ask(StandDownRequested)
    assert rescue.case.state is CaseState.TALKING
    assert rescue.live == {"elder", "b-1"}
    assert rescue.leg("b-1").role is Role.A


def test_after_b_became_a_a_second_emergency_rings_a_seat_of_its_own(rescue: World) -> None:
    rescue.hang_up("a-1", 38)
    rescue.ask(StandDownRequested)
    rescue.ask(EmergencyRequested)
    assert rescue.live == {"elder", "b-1", "b-2"}
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}


def test_a_stand_down_that_nobody_on_the_line_could_carry_on_changes_nothing(emergency: World) -> None:
    emergency.seats.clear()
    emergency.ask(CallRequested, target="120")
    emergency.hang_up("b-1", 19)
    emergency.hang_up("a-1", 38)
    before = emergency.case
    assert refusal(emergency.ask(StandDownRequested)) is Refusal.NO_AGENT_ON_LINE
    assert emergency.case == before


def test_a_stand_down_after_the_elder_has_gone_ends_the_case(rescue: World) -> None:
    rescue.hang_up("elder")
    rescue.ask(StandDownRequested)
    assert rescue.case.state is CaseState.WRAPPING_UP
    assert rescue.live == set()


def test_a_helper_who_picks_up_in_the_moment_of_stand_down_is_not_joined(rescue: World) -> None:
    rescue.pick_up("contact-2-1")
    assert Hangup("contact-2-1") in rescue.feed(StandDownRequested(at=rescue.now))
    rescue.settle()
    assert rescue.live == {"elder", "a-1"}
    assert rescue.hears("elder") == {"a-1"}


def test_arrival_in_a_first_emergency_does_not_count_for_a_second(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    rescue.ask(StandDownRequested)
    rescue.ask(EmergencyRequested)
    assert refusal(rescue.ask(ArrivalReported)) is None


# --- arrival, merging, closing ----------------------------------------------------------------------------------------


@pytest.mark.clause("S1.7")
def test_arrival_is_written_down_once_and_those_who_speak_go_on(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    assert rescue.case.arrived_at is not None
    assert rescue.hears("elder") == {"b-1"}
    assert rescue.hears("a-1") == {"120-1"}
    assert refusal(rescue.ask(ArrivalReported)) is Refusal.ALREADY_DONE


def test_who_may_be_brought_to_the_elder(rescue: World) -> None:
    asked = {leg: refusal(rescue.ask(MergeRequested, leg=leg)) for leg in ("elder", "nobody", "b-1", "contact-2-1")}
    assert asked == {
        "elder": Refusal.UNKNOWN_LEG,
        "nobody": Refusal.UNKNOWN_LEG,
        "b-1": Refusal.ALREADY_DONE,
        "contact-2-1": Refusal.LEG_NOT_ANSWERED,
    }
    assert refusal(rescue.ask(MergeRequested, leg="a-1")) is None
    assert rescue.hears("elder") == {"a-1", "b-1"}


def test_nobody_is_brought_to_an_elder_who_has_gone(rescue: World) -> None:
    rescue.hang_up("elder")
    assert refusal(rescue.ask(MergeRequested, leg="120-1")) is Refusal.NOT_IN_THIS_STATE


def test_a_leg_of_nobody_cannot_be_hung_up(rescue: World) -> None:
    assert refusal(rescue.ask(HangupRequested, leg="nobody")) is Refusal.UNKNOWN_LEG


def test_closing_while_seats_are_looked_for_leaves_no_search_open(rescue: World) -> None:
    rescue.seats.clear()
    rescue.hang_up("b-1", 38)
    rescue.hang_up("a-1", 38)
    assert set(rescue.wanted) == {Role.A, Role.B}
    rescue.ask(CloseRequested, outcome=Outcome.HELPED_AT_HOME, note="")
    assert (rescue.wanted, rescue.case.searching) == ({}, frozenset())
    assert rescue.hears("elder") is Prompt.GOODBYE
    assert refusal(rescue.ask(CloseRequested, outcome=Outcome.OTHER, note="")) is Refusal.ALREADY_DONE
    rescue.hear_out("elder")
    assert rescue.case.outcome is Outcome.HELPED_AT_HOME
    assert refusal(rescue.ask(CloseRequested, outcome=Outcome.OTHER, note="")) is Refusal.CASE_CLOSED


def test_a_case_whose_lines_have_all_ended_waits_for_its_outcome(talking: World) -> None:
    talking.hang_up("elder")
    talking.wait(3600)
    assert talking.case.state is CaseState.WRAPPING_UP
    assert refusal(talking.ask(HangupRequested, leg="a-1")) is Refusal.UNKNOWN_LEG


# --- what could be asked for ------------------------------------------------------------------------------------------


def test_the_actions_of_every_moment(ringing: World) -> None:
    def actions() -> set[str]:
        return set(actions_now(ringing.case, ringing.policy, ringing.now))

    ask, papers = {"transfer", "consult"}, {"classify", "draft_order", "draft_complaint"}
    assert actions() == {"take_over"}
    ringing.answer("a-1")
    talk = {"emergency", "silent", "call", "supervise", "take_over", "hangup", "close", *ask, *papers}
    assert actions() == talk | {"heard"}
    ringing.say("elder")
    assert actions() == talk | {"hold"}  # once heard, and in no emergency
    ringing.ask(EmergencyRequested)
    alone = talk - {"emergency", "silent"} | {"split", "swap", "arrived", "stand_down"}
    assert actions() == alone
    ringing.answer("b-1")
    assert actions() == alone | {"merge", "intercom"}
    ringing.supervise(Mode.LISTEN)
    assert actions() == alone | {"merge", "intercom", "supervise_end"}
    ringing.ask(SuperviseEndRequested)
    ringing.ask(IntercomRequested)
    assert actions() == alone - {"split"} | {"merge", "intercom_end"}
    ringing.ask(IntercomEndRequested)
    ringing.ask(ArrivalReported)
    assert actions() == alone - {"arrived"} | {"merge", "intercom"}
    ringing.hang_up("elder")
    assert actions() == alone - {"arrived", *ask} | {"intercom"}
    ringing.hang_up("b-1")
    ringing.hang_up("a-1")
    assert actions() == {"close", *papers}
    ringing.ask(CloseRequested, outcome=Outcome.OTHER, note="")
    assert actions() == set()
