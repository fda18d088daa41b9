"""Whoever hangs up, whenever: what becomes of the elder, and that nothing is left behind."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, FindSeat
from ivr.events import ArrivalReported, CallRequested, CloseRequested, HangupRequested
from ivr.silence import REDIAL
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Outcome, Place, Prompt, Refusal, Result, Role, Skill
from tests.unit.ivr.exchange import MUSIC
from tests.unit.ivr.world import CALLER, World, refusal

# --- the elder --------------------------------------------------------------------------------------------------------


def test_the_caller_hangs_up_before_asterisk_has_picked_up() -> None:
    world = World(seats=[])
    world.feed(world.dial_in())
    world.coming.clear()  # neither the answer nor the file has been told yet
    world.hang_up("elder")
    assert_abandoned(world)


def test_the_caller_hangs_up_while_no_seat_is_free() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    assert_abandoned(world)


def test_the_caller_hangs_up_while_the_first_seat_rings(ringing: World) -> None:
    ringing.hang_up("elder")
    assert_abandoned(ringing)


def test_the_caller_hangs_up_while_the_next_seat_is_looked_for(ringing: World) -> None:
    ringing.seats.clear()
    ringing.hang_up("a-1", 19)
    assert ringing.live == {"elder"}
    ringing.hang_up("elder")
    assert_abandoned(ringing)


def assert_abandoned(world: World) -> None:
    """They are rung back, and an agent is brought to the case; somebody may close it before that."""
    assert (world.case.state, world.case.abandoned) == (CaseState.CALLING_BACK, True)
    assert world.alarms == [AlarmKind.ABANDONED]
    assert world.wait(world.policy.call_back_pause)[-1:] == (
        Dial("elder-2", LegKind.ELDER, CALLER, world.policy.call_back_ring),
    )
    assert world.case.seat(Role.A) or Role.A in world.wanted
    world.ask(CloseRequested, outcome=Outcome.NO_CONTACT, note="")
    assert world.case.state is CaseState.CLOSED
    assert (world.live, world.bridges, world.timers, world.held, world.wanted) == (set(), set(), {}, [], {})


@pytest.mark.parametrize("seats", [[], ["801"]])
def test_a_caller_without_a_number_cannot_be_rung_back_so_the_case_waits_for_somebody(seats: list[str]) -> None:
    world = World(file=None, seats=seats)
    world.call("")
    world.hang_up("elder")
    assert (world.case.state, world.case.abandoned) == (CaseState.WRAPPING_UP, True)
    assert world.alarms == [AlarmKind.ABANDONED]
    assert (world.live, world.bridges, world.timers, world.held, world.wanted) == (set(), set(), {}, [], {})
    world.wait(3600)
    assert world.case.state is CaseState.WRAPPING_UP


def test_the_caller_hangs_up_after_the_talk(talking: World) -> None:
    talking.hang_up("elder")
    assert (talking.case.state, talking.case.abandoned) == (CaseState.WRAPPING_UP, False)
    assert (talking.live, talking.bridges, talking.timers, talking.held) == (set(), set(), {}, [])
    assert talking.alarms == []


def test_the_caller_hangs_up_when_the_agents_phone_has_just_broken(talking: World) -> None:
    talking.hang_up("a-1", 38)
    talking.hang_up("elder")
    assert talking.case.state is CaseState.CALLING_BACK
    assert talking.alarms == [AlarmKind.SEAT_LOST, AlarmKind.ELDER_HUNG_UP, AlarmKind.ABANDONED]


def test_the_elder_hangs_up_in_an_emergency_and_rescue_goes_on(rescue: World) -> None:
    rescue.hang_up("elder")
    assert rescue.case.state is CaseState.EMERGENCY
    assert rescue.alarms == [AlarmKind.ELDER_HUNG_UP]
    assert rescue.hears("a-1") == {"120-1"}


def test_the_elder_who_hung_up_is_rung_again_and_comes_back_to_b(rescue: World) -> None:
    rescue.hang_up("elder")
    assert refusal(rescue.ask(CallRequested, target="elder")) is None
    assert refusal(rescue.ask(CallRequested, target="elder")) is Refusal.ALREADY_CALLING
    rescue.answer("elder-2")
    assert rescue.hears("elder-2") == {"b-1"}


def test_the_elder_who_comes_back_while_b_still_rings_hears_a(emergency: World) -> None:
    emergency.hang_up("elder")
    emergency.ask(CallRequested, target="elder")
    emergency.answer("elder-2")
    assert emergency.hears("elder-2") == {"a-1"}
    emergency.answer("b-1")
    assert emergency.hears("elder-2") == {"b-1"}


def test_the_elder_who_comes_back_when_everybody_has_left_is_brought_an_agent(emergency: World) -> None:
    emergency.hang_up("elder")
    emergency.ask(CallRequested, target="elder")
    emergency.hang_up("b-1", 19)
    emergency.hang_up("a-1")
    commands = emergency.answer("elder-2")
    assert [command for command in commands if isinstance(command, FindSeat)] == [
        FindSeat(Role.B, Skill.AGENT),
        FindSeat(Role.A, Skill.AGENT),
    ]
    assert emergency.hears("elder-2") is Prompt.COMFORT


def test_the_elder_who_does_not_pick_up_again_can_be_rung_again(rescue: World) -> None:
    rescue.hang_up("elder")
    rescue.ask(CallRequested, target="elder")
    rescue.hang_up("elder-2", 19)
    rescue.ask(CallRequested, target="elder")
    assert rescue.leg("elder-2").result is Result.NO_ANSWER
    assert rescue.leg("elder-3").alive


def test_the_elder_hangs_up_during_the_goodbye(talking: World) -> None:
    talking.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    talking.hang_up("elder")
    assert talking.case.state is CaseState.CLOSED


def test_the_goodbye_ends_by_its_timer_when_its_prompt_never_does(talking: World) -> None:
    talking.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    talking.lines["elder"].ends = None
    talking.wait(talking.policy.goodbye + 1)
    assert talking.case.state is CaseState.CLOSED


# --- agents -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [16, 38])
def test_b_is_lost_and_the_elder_is_comforted_until_the_next_b_is_there(rescue: World, cause: int) -> None:
    rescue.hang_up("b-1", cause)
    assert rescue.alarms == [AlarmKind.SEAT_LOST]
    assert rescue.hears("elder") is Prompt.HOLD
    rescue.hear_out("elder")
    assert rescue.hears("elder") == MUSIC
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}
    assert rescue.hears("a-1") == {"120-1"}


def test_a_is_lost_and_the_next_a_meets_the_helpers(rescue: World) -> None:
    rescue.hang_up("a-1", 38)
    assert rescue.hears("elder") == {"b-1"}
    rescue.answer("a-2")
    assert rescue.hears("a-2") == {"120-1"}


def test_both_are_lost_and_the_first_a_brings_the_helpers_to_the_elder(rescue: World) -> None:
    rescue.hang_up("b-1", 38)
    rescue.hang_up("a-1", 38)
    rescue.answer("a-2")
    assert rescue.hears("elder") == {"a-2", "120-1"}
    rescue.answer("b-2")
    assert rescue.hears("elder") == {"b-2"}
    assert rescue.hears("a-2") == {"120-1"}


def test_b_answers_when_a_has_left(emergency: World) -> None:
    emergency.hang_up("a-1", 38)
    assert emergency.hears("elder") is Prompt.HOLD
    emergency.answer("b-1")
    assert emergency.hears("elder") == {"b-1"}
    emergency.answer("a-2")
    assert emergency.lines["a-2"].place is Place.RESCUE


def test_everybody_leaves_an_emergency_in_which_no_help_has_come(rescue: World) -> None:
    rescue.seats.clear()
    for leg in ("elder", "120-1", "b-1", "a-1"):
        rescue.hang_up(leg)
    for leg in sorted(rescue.live):
        rescue.ask(HangupRequested, leg=leg)
    assert rescue.case.state is CaseState.EMERGENCY
    assert (rescue.bridges, rescue.wanted, rescue.case.searching) == (set(), {}, frozenset())
    assert set(rescue.timers) == {REDIAL}
    rescue.ask(CloseRequested, outcome=Outcome.OTHER, note="")
    assert rescue.case.state is CaseState.CLOSED


def test_after_arrival_the_last_agent_to_leave_ends_the_case(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    rescue.hang_up("b-1")
    assert rescue.case.state is CaseState.EMERGENCY
    rescue.hang_up("a-1")
    assert rescue.case.state is CaseState.WRAPPING_UP
    assert rescue.hears("elder") is Prompt.GOODBYE


def test_arrival_that_is_reported_when_no_agent_is_left_ends_the_case(emergency: World) -> None:
    emergency.seats.clear()
    emergency.hang_up("b-1", 19)
    emergency.hang_up("a-1", 38)
    assert emergency.live == {"elder"}
    emergency.ask(ArrivalReported)
    assert emergency.case.state is CaseState.WRAPPING_UP
    assert emergency.hears("elder") is Prompt.GOODBYE


# --- helpers ----------------------------------------------------------------------------------------------------------


def test_a_service_that_refuses_twice_can_be_called_a_third_time(emergency: World) -> None:
    for attempt in (1, 2, 3):
        commands = emergency.ask(CallRequested, target="120")
        services = [one for one in commands if isinstance(one, Dial) and one.kind is LegKind.SERVICE]
        assert [one.leg for one in services] == [f"120-{attempt}"]
        assert refusal(emergency.ask(CallRequested, target="number:120")) is Refusal.ALREADY_CALLING
        emergency.hang_up(f"120-{attempt}", 17)
        assert emergency.leg(f"120-{attempt}").result is Result.BUSY
    assert emergency.case.state is CaseState.EMERGENCY


def test_a_service_without_a_route_raises_an_alarm_that_names_no_number_of_a_person(emergency: World) -> None:
    for target, leg in (("120", "120-1"), ("number:02100000009", "number-1")):
        emergency.refuse_next.add(Dial)
        emergency.ask(CallRequested, target=target)
        assert emergency.leg(leg).result is Result.UNREACHABLE
    details = [command.detail for told in emergency.story for command in told.commands if hasattr(command, "detail")]
    assert details == ["120-1: refused", "number-1: refused"]


def test_a_helper_who_hangs_up_takes_nobody_along(rescue: World) -> None:
    rescue.hang_up("120-1")
    assert rescue.live == {"elder", "a-1", "b-1", "contact-1-1", "contact-2-1"}
    assert rescue.hears("elder") == {"b-1"}
