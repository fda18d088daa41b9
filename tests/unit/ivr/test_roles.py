"""A and B: they speak alone, split, swap, hand their roles over; who speaks with whom meanwhile, whoever drops."""

from __future__ import annotations

import pytest

from ivr.commands import ChangeRole, FindSeat, Hangup, Join, ReleaseSeat, ShowFile
from ivr.events import (
    ArrivalReported,
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    HangupRequested,
    IntercomEndRequested,
    IntercomRequested,
    MergeRequested,
    SplitRequested,
    StandDownRequested,
    SwapRequested,
)
from ivr.vocabulary import (
    AlarmKind,
    CaseState,
    Outcome,
    Place,
    Prompt,
    Refusal,
    Role,
    SeatRelease,
    Skill,
)
from tests.unit.ivr.exchange import MUSIC
from tests.unit.ivr.world import World, refusal


@pytest.fixture
def intercom(rescue: World) -> World:
    """A and B speak alone; 120 waits in the rescue bridge, the elder on hold."""
    rescue.ask(IntercomRequested)
    return rescue


# --- intercom ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.6")
def test_a_and_b_speak_alone_and_the_elder_hears_the_hold_prompt_and_music(intercom: World) -> None:
    assert intercom.hears("a-1") == {"b-1"}
    assert intercom.hears("elder") is Prompt.HOLD
    intercom.hear_out("elder")
    assert intercom.hears("elder") == MUSIC
    assert intercom.lines["120-1"].place is Place.RESCUE


@pytest.mark.clause("S1.6")
def test_and_back(intercom: World) -> None:
    intercom.ask(IntercomEndRequested)
    assert intercom.hears("elder") == {"b-1"}
    assert intercom.hears("a-1") == {"120-1"}
    assert refusal(intercom.ask(IntercomEndRequested)) is Refusal.ALREADY_DONE


def test_it_needs_both_and_only_once(emergency: World) -> None:
    assert refusal(emergency.ask(IntercomRequested)) is Refusal.NO_AGENT_ON_LINE
    emergency.answer("b-1")
    assert refusal(emergency.ask(IntercomRequested)) is None
    assert refusal(emergency.ask(IntercomRequested)) is Refusal.ALREADY_DONE


def test_a_drops_and_b_is_back_with_the_elder(intercom: World) -> None:
    intercom.hang_up("a-1", 38)
    assert intercom.hears("elder") == {"b-1"}
    intercom.answer("a-2")
    assert intercom.hears("a-2") == {"120-1"}


def test_b_drops_and_a_is_back_with_the_helpers(intercom: World) -> None:
    intercom.hang_up("b-1", 38)
    assert intercom.hears("a-1") == {"120-1"}
    intercom.answer("b-2")
    assert intercom.hears("elder") == {"b-2"}


def test_b_drops_and_nobody_else_needs_a_but_the_elder(emergency: World) -> None:
    emergency.answer("b-1")
    emergency.ask(IntercomRequested)
    emergency.hang_up("b-1")
    assert emergency.hears("elder") == {"a-1"}


def test_both_drop(intercom: World) -> None:
    intercom.hang_up("b-1", 38)
    intercom.hang_up("a-1", 38)
    intercom.answer("b-2")
    assert intercom.hears("elder") == {"b-2"}
    intercom.answer("a-2")
    assert intercom.hears("a-2") == {"120-1"}


def test_the_elder_hangs_up_and_comes_back_to_b(intercom: World) -> None:
    intercom.hang_up("elder")
    assert intercom.hears("a-1") == {"b-1"}
    intercom.wait(intercom.policy.redial_pause)
    intercom.answer("elder-2")
    assert intercom.hears("elder-2") == {"b-1"}
    assert intercom.hears("a-1") == {"120-1"}


def test_a_helper_who_picks_up_meanwhile_waits_on_the_rescue_side(intercom: World) -> None:
    intercom.answer("contact-2-1")
    intercom.press("contact-2-1", "1")
    intercom.hear_out("contact-2-1")
    assert intercom.hears("contact-2-1") == {"120-1"}


def test_who_is_brought_to_the_elder_leaves_it(intercom: World) -> None:
    intercom.ask(MergeRequested, leg="b-1")
    assert intercom.hears("elder") == {"b-1"}
    assert intercom.hears("a-1") == {"120-1"}


def test_b_is_relieved_within_it(intercom: World) -> None:
    intercom.take_over(Role.B, "870")
    intercom.answer("b-2")
    assert intercom.hears("a-1") == {"b-2"}


@pytest.mark.parametrize("request_", [StandDownRequested, ArrivalReported])
def test_whatever_is_decided_meanwhile_leaves_nobody_alone(intercom: World, request_: type) -> None:
    intercom.ask(request_)
    if request_ is StandDownRequested:
        assert intercom.hears("elder") == {"a-1"}
    else:
        assert intercom.hears("a-1") == {"b-1"}
        intercom.hang_up("a-1")
        assert intercom.hears("elder") == {"b-1"}


def test_closing_from_it_says_goodbye(intercom: World) -> None:
    intercom.ask(CloseRequested, outcome=Outcome.RESCUED, note="")
    assert intercom.hears("elder") is Prompt.GOODBYE


def test_a_and_b_speak_alone_while_the_elder_does_not_answer(unanswered: World) -> None:
    unanswered.ask(IntercomRequested)
    assert unanswered.hears("a-1") == {"b-1"}
    elder = unanswered.case.elder
    assert elder is not None
    unanswered.answer(elder.id)
    assert unanswered.hears(elder.id) == {"b-1"}


# --- split ------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.6")
def test_a_merged_helper_goes_back_to_a(rescue: World) -> None:
    rescue.ask(MergeRequested, leg="120-1")
    assert rescue.hears("elder") == {"b-1", "120-1"}
    rescue.ask(SplitRequested, leg="120-1")
    assert rescue.hears("elder") == {"b-1"}
    assert rescue.hears("a-1") == {"120-1"}


def test_a_helper_is_not_left_to_nobody(rescue: World) -> None:
    rescue.ask(MergeRequested, leg="a-1")
    rescue.ask(MergeRequested, leg="120-1")
    rescue.ask(SplitRequested, leg="120-1")
    assert rescue.hears("a-1") == {"120-1"}


def test_an_elder_who_is_left_alone_hears_the_hold_prompt(emergency: World) -> None:
    emergency.ask(CallRequested, target="120")
    emergency.answer("120-1")
    assert emergency.hears("elder") == {"a-1", "120-1"}
    emergency.ask(SplitRequested, leg="120-1")
    assert emergency.hears("a-1") == {"120-1"}
    assert emergency.hears("elder") is Prompt.HOLD


def test_who_cannot_be_split(rescue: World) -> None:
    asked = {leg: refusal(rescue.ask(SplitRequested, leg=leg)) for leg in ("elder", "x", "120-1", "contact-2-1")}
    assert asked == {
        "elder": Refusal.UNKNOWN_LEG,
        "x": Refusal.UNKNOWN_LEG,
        "120-1": Refusal.ALREADY_DONE,
        "contact-2-1": Refusal.LEG_NOT_ANSWERED,
    }


# --- swap -------------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.6")
def test_a_and_b_swap_and_the_elder_is_never_alone(rescue: World) -> None:
    commands = rescue.ask(SwapRequested)
    assert commands[:2] == (ChangeRole("801", Role.B), ChangeRole("802", Role.A))
    moves = [command for command in commands if isinstance(command, Join)]
    assert moves == [Join("a-1", Place.ELDER), Join("b-1", Place.RESCUE)]
    assert rescue.hears("elder") == {"a-1"}
    assert rescue.hears("b-1") == {"120-1"}
    assert (rescue.leg("a-1").role, rescue.leg("b-1").role) == (Role.B, Role.A)
    rescue.ask(SwapRequested)
    assert rescue.hears("elder") == {"b-1"}


def test_within_the_intercom_only_the_roles_change(intercom: World) -> None:
    intercom.ask(SwapRequested)
    assert intercom.hears("a-1") == {"b-1"}
    intercom.ask(IntercomEndRequested)
    assert intercom.hears("elder") == {"a-1"}


def test_an_a_whose_b_still_rings_stays_as_b(emergency: World) -> None:
    emergency.ask(SwapRequested)
    assert emergency.hears("elder") == {"a-1"}
    emergency.answer("b-1")
    assert emergency.leg("b-1").role is Role.A
    assert emergency.lines["b-1"].place is Place.RESCUE
    assert emergency.hears("elder") == {"a-1"}


def test_a_b_whose_a_is_looked_for_becomes_a_and_a_b_is_looked_for(rescue: World) -> None:
    rescue.seats.clear()
    rescue.hang_up("a-1", 38)
    commands = rescue.ask(SwapRequested)
    assert FindSeat(Role.B, Skill.AGENT) in commands
    assert rescue.case.searching == {Role.B}
    assert rescue.hears("elder") == {"b-1", "120-1"}
    rescue.seats.append("809")
    rescue.give_seats()
    rescue.settle()
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}
    assert rescue.hears("b-1") == {"120-1"}


def test_an_a_who_is_left_alone_goes_to_the_elder_as_b(rescue: World) -> None:
    rescue.seats.clear()
    rescue.hang_up("b-1", 38)
    rescue.ask(SwapRequested)
    assert rescue.hears("elder") == {"a-1"}
    assert rescue.case.searching == {Role.A}


def test_nobody_to_swap(emergency: World) -> None:
    emergency.seats.clear()
    emergency.hang_up("b-1", 19)
    emergency.hang_up("a-1", 38)
    assert refusal(emergency.ask(SwapRequested)) is Refusal.NO_AGENT_ON_LINE


# --- take over --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S1.6")
def test_the_file_is_shown_the_seat_rung_and_the_elder_kept_company(talking: World) -> None:
    commands = talking.take_over(Role.A, "870")
    assert commands[0] == ShowFile("870", Role.A)
    assert talking.hears("elder") == {"a-1"}
    commands = talking.answer("a-2")
    assert commands.index(Join("a-2", Place.ELDER)) < commands.index(Hangup("a-1"))
    assert ReleaseSeat("801", SeatRelease.TALKED) in commands
    assert (talking.case.state, talking.leg("a-2").role) == (CaseState.TALKING, Role.A)
    assert talking.hears("elder") == {"a-2"}
    assert talking.alarms == []


@pytest.mark.parametrize(("role", "leg", "heard"), [(Role.A, "a-2", {"120-1"}), (Role.B, "b-2", {"elder"})])
def test_a_role_of_an_emergency_is_taken_over(rescue: World, role: Role, leg: str, heard: set[str]) -> None:
    rescue.take_over(role, "870")
    rescue.answer(leg)
    assert rescue.hears(leg) == heard
    assert rescue.case.seat_of("870") == rescue.case.seat(role)
    assert rescue.alarms == []


def test_a_relief_that_does_not_answer_changes_nothing(rescue: World) -> None:
    rescue.take_over(Role.B, "870")
    assert ReleaseSeat("870", SeatRelease.NO_ANSWER) in rescue.hang_up("b-2", 19)
    assert rescue.hears("elder") == {"b-1"}
    assert rescue.alarms == []


def test_an_agent_who_leaves_while_the_relief_rings_does_not_end_the_talk(talking: World) -> None:
    talking.take_over(Role.A, "870")
    talking.hang_up("a-1")
    assert talking.case.state is CaseState.RINGING_SEATS
    assert talking.hears("elder") is Prompt.HOLD
    talking.answer("a-2")
    assert talking.case.state is CaseState.TALKING
    assert talking.hears("elder") == {"a-2"}


def test_b_leaves_while_the_relief_rings(rescue: World) -> None:
    rescue.take_over(Role.B, "870")
    rescue.hang_up("b-1")
    assert rescue.hears("elder") is Prompt.HOLD
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}
    assert rescue.leg("b-3").number != "870"
    assert not rescue.leg("b-3").alive


def test_the_new_agent_drops_at_once_and_the_next_is_rung(talking: World) -> None:
    talking.take_over(Role.A, "870")
    talking.answer("a-2")
    talking.hang_up("a-2", 38)
    assert talking.case.state is CaseState.RINGING_SEATS
    talking.answer("a-3")
    assert talking.hears("elder") == {"a-3"}


def test_a_call_for_which_no_seat_is_free_is_taken_by_name() -> None:
    world = World(seats=[])
    world.call()
    world.take_over(Role.A, "870")
    assert world.case.state is CaseState.RINGING_SEATS
    world.answer("a-1")
    assert world.hears("elder") == {"a-1"}
    assert world.case.searching == frozenset()


def test_a_seat_that_rings_is_let_go_when_another_takes_over(ringing: World) -> None:
    ringing.take_over(Role.A, "870")
    commands = ringing.answer("a-2")
    assert ReleaseSeat("801", SeatRelease.NOT_NEEDED) in commands
    assert ringing.hears("elder") == {"a-2"}


def test_who_answers_first_is_relieved_after_all(ringing: World) -> None:
    ringing.take_over(Role.A, "870")
    ringing.answer("a-1")
    ringing.answer("a-2")
    assert ringing.hears("elder") == {"a-2"}


def test_while_the_elder_is_rung_back(silent: World) -> None:
    silent.hang_up("elder")
    silent.take_over(Role.A, "870")
    silent.answer("a-2")
    silent.wait(silent.policy.call_back_pause)
    silent.answer("elder-2")
    assert silent.hears("elder-2") == {"a-2"}


def test_a_relief_of_b_is_called_off_with_the_emergency(rescue: World) -> None:
    rescue.take_over(Role.B, "870")
    rescue.ask(StandDownRequested)
    assert rescue.live == {"elder", "a-1"}


def test_what_is_refused(talking: World) -> None:
    assert refusal(talking.take_over(Role.B, "870")) is Refusal.NOT_IN_THIS_STATE
    assert refusal(talking.take_over(Role.A, "801")) is Refusal.SEAT_IN_CASE
    assert refusal(talking.take_over(Role.A, "870")) is None
    assert refusal(talking.take_over(Role.A, "871")) is Refusal.ALREADY_CALLING
    talking.ask(EmergencyRequested)
    assert refusal(talking.take_over(Role.B, "870")) is Refusal.SEAT_IN_CASE


def test_a_relief_can_be_called_off(talking: World) -> None:
    talking.take_over(Role.A, "870")
    talking.ask(HangupRequested, leg="a-2")
    assert talking.live == {"elder", "a-1"}
    assert refusal(talking.take_over(Role.A, "871")) is None


def test_a_lost_agent_raises_the_alarm_and_a_relieved_one_does_not(rescue: World) -> None:
    rescue.take_over(Role.B, "870")
    rescue.answer("b-2")
    assert rescue.alarms == []
    rescue.hang_up("b-2", 38)
    assert rescue.alarms == [AlarmKind.SEAT_LOST]
