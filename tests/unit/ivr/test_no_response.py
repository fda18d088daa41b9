"""No response (S4.3 to S4.5): somebody is sent, 110 is offered when nobody can be, the elder is rung until arrival."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Alarm, Dial, Hangup, StartTimer
from ivr.events import (
    ArrivalReported,
    CallerIdentified,
    CallRequested,
    CloseRequested,
    EmergencyRequested,
    HeardRequested,
    SilentRequested,
    StandDownRequested,
)
from ivr.silence import REDIAL
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Outcome, Place, Prompt, Refusal, Result, Role
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.test_silent_line import ASKED, DECIDED
from tests.unit.ivr.world import POLICY, World, refusal

BUSY, REJECTED = 17, 21


def rung(world: World) -> str:
    """The line on which the elder is rung or talks at present."""
    elder = world.case.elder
    assert elder is not None
    assert elder.alive
    return elder.id


def nobody_comes(world: World) -> None:
    """Every phone of every contact refuses."""
    while legs := [leg.id for leg in world.case.live(LegKind.CONTACT)]:
        for leg in legs:
            world.hang_up(leg, REJECTED)


# --- it begins --------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.3")
@pytest.mark.clause("S4.4")
def test_a_and_b_are_on_the_case_and_all_contacts_are_rung_at_once(silent: World) -> None:
    silent.ask(SilentRequested)
    silent.ask(EmergencyRequested)
    assert silent.case.state is CaseState.NO_RESPONSE
    assert silent.live == {"a-1", "b-1", "contact-1-1", "contact-2-1"}
    assert silent.case.emergency_at is not None


def test_without_any_seat_both_roles_are_looked_for_and_filled_when_seats_come() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(2 * (POLICY.call_back_pause + POLICY.call_back_ring) + 1)
    assert world.case.searching == {Role.A, Role.B}
    world.seats += ["801", "802"]
    world.give_seats()
    world.settle()
    assert {"a-1", "b-1"} < world.live


@pytest.mark.parametrize("lost", ["a-1", "b-1"])
def test_a_role_that_is_lost_is_filled_again(unanswered: World, lost: str) -> None:
    unanswered.hang_up(lost)
    assert AlarmKind.SEAT_LOST in unanswered.alarms
    assert unanswered.case.seat(Role.A) is not None
    assert unanswered.case.seat(Role.B) is not None


def test_a_line_that_is_busy_on_and_on_is_rung_less_often_until_it_rings_again(unanswered: World) -> None:
    pauses = []
    for cause in (BUSY, BUSY, BUSY, BUSY, BUSY, BUSY, 19, BUSY):
        commands = unanswered.hang_up(rung(unanswered), cause)
        pauses += [one.seconds for one in commands if isinstance(one, StartTimer) and one.timer == REDIAL]
        unanswered.wait(pauses[-1])
    assert pauses == [2, 4, 8, 16, 20, 20, 2, 2]


# --- somebody goes there, or nobody -----------------------------------------------------------------------------------


@pytest.mark.clause("S4.4")
def test_a_contact_who_presses_1_speaks_with_a(unanswered: World) -> None:
    unanswered.answer("contact-1-1")
    unanswered.press("contact-1-1", "1")
    unanswered.hear_out("contact-1-1")
    assert unanswered.hears("a-1") == {"contact-1-1"}
    assert unanswered.case.state is CaseState.NO_RESPONSE


@pytest.mark.clause("S4.4")
def test_110_is_offered_once_when_nobody_can_be_reached(unanswered: World) -> None:
    assert AlarmKind.OFFER_POLICE not in unanswered.alarms
    unanswered.hang_up("contact-2-1", BUSY)
    unanswered.hang_up("contact-1-1", REJECTED)
    assert AlarmKind.OFFER_POLICE not in unanswered.alarms  # the daughter has a second phone
    assert Alarm(AlarmKind.OFFER_POLICE) in unanswered.hang_up("contact-1-2", REJECTED)
    unanswered.hang_up("b-1", 38)
    unanswered.wait(3 * POLICY.call_back_ring)
    assert unanswered.alarms.count(AlarmKind.OFFER_POLICE) == 1


def test_the_machine_never_calls_the_police_by_itself(unanswered: World) -> None:
    nobody_comes(unanswered)
    unanswered.wait(600)
    assert [leg for leg in unanswered.case.legs if leg.kind is LegKind.SERVICE] == []
    assert refusal(unanswered.ask(CallRequested, target="110")) is None


def test_who_cannot_come_and_who_is_a_voicemail_are_not_reached(unanswered: World) -> None:
    unanswered.hang_up("contact-2-1", REJECTED)
    unanswered.answer("contact-1-1")
    unanswered.press("contact-1-1", "2")
    assert Alarm(AlarmKind.OFFER_POLICE) in unanswered.hear_out("contact-1-1")
    assert unanswered.leg("contact-1-1").result is Result.DECLINED


def test_somebody_who_comes_is_hope_enough(unanswered: World) -> None:
    unanswered.answer("contact-2-1")
    unanswered.press("contact-2-1", "1")
    unanswered.hear_out("contact-2-1")
    unanswered.hang_up("contact-2-1")
    nobody_comes(unanswered)
    assert AlarmKind.OFFER_POLICE not in unanswered.alarms


@pytest.mark.parametrize("known", [True, False])
def test_without_anybody_on_file_110_is_offered_at_once(silent: World, known: bool) -> None:
    silent.case = replace(silent.case, file=replace(FILE, contacts=()) if known else None)
    silent.ask(SilentRequested)
    silent.ask(EmergencyRequested)
    unsigned = [] if known else [AlarmKind.NO_AGREEMENT]
    assert silent.alarms == [AlarmKind.NO_RESPONSE, *unsigned, AlarmKind.NO_CONTACTS, AlarmKind.OFFER_POLICE]


def test_contacts_on_a_file_that_comes_late_are_rung_when_it_comes(silent: World) -> None:
    silent.case = replace(silent.case, file=None)
    silent.ask(SilentRequested)
    silent.ask(EmergencyRequested)
    silent.tell(CallerIdentified(at=silent.now, file=FILE))
    assert {"contact-1-1", "contact-2-1"} < silent.live


def test_after_arrival_a_file_that_comes_late_rings_nobody(unanswered: World) -> None:
    unanswered.ask(ArrivalReported)
    unanswered.tell(CallerIdentified(at=unanswered.now, file=FILE))
    assert unanswered.live == {"a-1", "b-1"}


# --- the elder is rung ------------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.5")
def test_the_elder_is_rung_without_pause_until_help_arrives(unanswered: World) -> None:
    before = unanswered.case.count(LegKind.ELDER)
    unanswered.wait(5 * (POLICY.call_back_ring + POLICY.redial_pause))
    assert unanswered.case.count(LegKind.ELDER) == before + 5
    assert Hangup(rung(unanswered)) in unanswered.ask(ArrivalReported)
    assert REDIAL not in unanswered.timers
    unanswered.wait(600)
    assert unanswered.case.count(LegKind.ELDER) == before + 5


def test_arrival_in_the_pause_between_two_tries(unanswered: World) -> None:
    unanswered.hang_up(rung(unanswered), 19)
    assert REDIAL in unanswered.timers
    unanswered.ask(ArrivalReported)
    unanswered.wait(60)
    assert not any(unanswered.case.live(LegKind.ELDER))


def test_who_picks_up_in_the_moment_of_arrival_is_hung_up_on(unanswered: World) -> None:
    leg = rung(unanswered)
    unanswered.pick_up(leg)
    unanswered.feed(ArrivalReported(at=unanswered.now))
    assert Hangup(leg) in unanswered.settle()
    assert leg not in unanswered.live


def test_arrival_leaves_unreached_contacts_in_peace_and_the_last_agent_ends_the_case(unanswered: World) -> None:
    unanswered.ask(ArrivalReported)
    assert unanswered.live == {"a-1", "b-1"}
    unanswered.hang_up("a-1")
    unanswered.hang_up("b-1")
    assert unanswered.case.state is CaseState.WRAPPING_UP


@pytest.mark.parametrize("cause", [BUSY, REJECTED, 27])
def test_a_line_that_does_not_ring_is_tried_on_too(unanswered: World, cause: int) -> None:
    for _ in range(3):
        leg = rung(unanswered)
        unanswered.hang_up(leg, cause)
        unanswered.wait(POLICY.redial_longest)
        assert rung(unanswered) != leg


def test_that_there_is_no_way_to_the_elder_is_said_once_and_tried_on(unanswered: World) -> None:
    unanswered.hang_up(rung(unanswered), 19)
    for _ in range(3):
        unanswered.refuse_next.add(Dial)
        unanswered.wait(POLICY.redial_longest)
    unanswered.wait(POLICY.redial_longest)
    assert unanswered.alarms.count(AlarmKind.NO_ROUTE) == 1
    assert rung(unanswered)


def test_an_agent_who_rings_the_elder_does_not_ring_them_twice(unanswered: World) -> None:
    unanswered.hang_up(rung(unanswered), 19)
    commands = unanswered.ask(CallRequested, target="elder")
    assert [command for command in commands if isinstance(command, Dial)]
    assert refusal(unanswered.ask(CallRequested, target="elder")) is Refusal.ALREADY_CALLING
    assert REDIAL not in unanswered.timers


# --- the elder is there -----------------------------------------------------------------------------------------------


@pytest.mark.clause("S4.5")
@pytest.mark.parametrize("answer", ["speech", "key", "agent"])
def test_the_elder_responds_and_the_alarm_is_called_off(unanswered: World, answer: str) -> None:
    unanswered.ask(CallRequested, target="110")
    unanswered.answer("110-1")
    unanswered.ask(CallRequested, target="120")
    leg = rung(unanswered)
    unanswered.answer(leg)
    assert unanswered.hears(leg) == {"b-1"}
    assert unanswered.case.state is CaseState.NO_RESPONSE  # somebody or something has picked up: nobody has spoken
    match answer:
        case "speech":
            commands = unanswered.say(leg)
        case "key":
            commands = unanswered.press(leg, "1")
        case _:
            commands = unanswered.ask(HeardRequested)
    assert [one for one in commands if isinstance(one, Alarm)] == [
        Alarm(AlarmKind.ELDER_SPOKE),
        Alarm(AlarmKind.CALL_OFF_SERVICE, "110"),
    ]
    assert unanswered.case.state is CaseState.EMERGENCY
    assert unanswered.live == {leg, "a-1", "b-1", "110-1"}
    assert unanswered.hears(leg) == {"b-1"}


def test_a_contact_who_comes_already_stays_on_the_line_with_a(unanswered: World) -> None:
    unanswered.answer("contact-2-1")
    unanswered.press("contact-2-1", "1")
    unanswered.hear_out("contact-2-1")
    unanswered.answer(rung(unanswered))
    unanswered.say(rung(unanswered))
    assert unanswered.hears("a-1") == {"contact-2-1"}
    assert "contact-1-1" not in unanswered.live


def test_the_elder_who_picks_up_when_no_agent_is_there_is_comforted_and_brought_one() -> None:
    world = World(seats=[])
    world.call()
    world.hang_up("elder")
    world.wait(2 * (POLICY.call_back_pause + POLICY.call_back_ring) + POLICY.redial_pause + 2)
    leg = rung(world)
    world.answer(leg)
    assert world.hears(leg) is Prompt.COMFORT
    world.say(leg)
    assert (world.case.state, world.case.searching) == (CaseState.EMERGENCY, {Role.A, Role.B})
    world.seats.append("801")
    world.give_seats()
    world.settle()
    (seat,) = (leg.id for leg in world.case.live(LegKind.SEAT))
    world.answer(seat)
    assert world.hears(leg) == {seat}


def test_who_picks_up_in_silence_and_hangs_up_is_rung_on(unanswered: World) -> None:
    leg = rung(unanswered)
    unanswered.answer(leg)
    unanswered.hang_up(leg)
    unanswered.wait(POLICY.redial_pause)
    assert rung(unanswered) != leg
    assert unanswered.case.state is CaseState.NO_RESPONSE


def test_an_agent_hears_nobody_on_a_line_that_only_rings(unanswered: World) -> None:
    assert refusal(unanswered.ask(HeardRequested)) is Refusal.NOT_IN_THIS_STATE
    assert unanswered.case.state is CaseState.NO_RESPONSE


def test_what_is_said_after_arrival_calls_nothing_off(unanswered: World) -> None:
    unanswered.ask(CallRequested, target="120")
    unanswered.answer("120-1")
    leg = rung(unanswered)
    unanswered.answer(leg)
    unanswered.ask(ArrivalReported)
    unanswered.say(leg)
    assert AlarmKind.CALL_OFF_SERVICE not in unanswered.alarms
    assert AlarmKind.ELDER_SPOKE not in unanswered.alarms
    assert unanswered.case.heard


# --- agents decide ----------------------------------------------------------------------------------------------------


def test_a_stand_down_while_the_elder_is_rung_ends_the_case(unanswered: World) -> None:
    unanswered.ask(StandDownRequested)
    assert (unanswered.case.state, unanswered.live, unanswered.timers) == (CaseState.WRAPPING_UP, set(), {})
    unanswered.wait(60)
    assert unanswered.live == set()


def test_a_stand_down_with_the_elder_on_the_line_leaves_a_with_them(unanswered: World) -> None:
    leg = rung(unanswered)
    unanswered.answer(leg)
    unanswered.ask(StandDownRequested)
    assert (unanswered.case.state, unanswered.hears(leg)) == (CaseState.TALKING, {"a-1"})
    unanswered.wait(DECIDED + POLICY.call_back_pause + 1)
    assert unanswered.announced == ASKED
    assert unanswered.case.state is CaseState.NO_RESPONSE  # rung back twice already: no third time


def test_the_second_time_110_is_offered_again(unanswered: World) -> None:
    nobody_comes(unanswered)
    unanswered.answer(rung(unanswered))
    unanswered.ask(StandDownRequested)
    unanswered.ask(SilentRequested)
    unanswered.wait(POLICY.call_back_pause)
    assert unanswered.case.state is CaseState.NO_RESPONSE
    nobody_comes(unanswered)
    assert unanswered.alarms.count(AlarmKind.OFFER_POLICE) == 2


def test_who_said_they_would_come_in_an_earlier_emergency_is_asked_again_and_is_no_hope_in_this_one(
    rescue: World,
) -> None:
    for contact in ("contact-1-1", "contact-2-1"):
        rescue.answer(contact)
        rescue.press(contact, "1")
    rescue.ask(StandDownRequested)
    rescue.ask(SilentRequested)
    assert refusal(rescue.ask(CallRequested, target="contacts")) is None
    assert {"contact-1-2", "contact-2-2"} < rescue.live
    nobody_comes(rescue)
    assert AlarmKind.OFFER_POLICE in rescue.alarms


@pytest.mark.parametrize("picks_up", [True, False])
def test_closing_while_the_elder_is_rung_leaves_nothing_behind(unanswered: World, picks_up: bool) -> None:
    if picks_up:
        unanswered.pick_up(rung(unanswered))
    unanswered.feed(CloseRequested(at=unanswered.now, outcome=Outcome.DECEASED, note=""))
    unanswered.settle()
    assert unanswered.case.state is CaseState.CLOSED
    assert (unanswered.live, unanswered.timers, unanswered.bridges) == (set(), {}, set())


# --- an emergency whose line broke ------------------------------------------------------------------------------------


def test_an_elder_whose_line_broke_in_an_emergency_is_rung_on_until_they_are_back(rescue: World) -> None:
    rescue.hang_up("elder")
    for attempt in (2, 3):
        rescue.wait(POLICY.redial_pause)
        assert rung(rescue) == f"elder-{attempt}"
        rescue.wait(POLICY.call_back_ring)
    rescue.wait(POLICY.redial_pause)
    rescue.answer("elder-4")
    assert rescue.hears("elder-4") == {"b-1"}
    rescue.wait(600)
    assert rescue.case.count(LegKind.ELDER) == 4


def test_it_ends_with_the_arrival(rescue: World) -> None:
    rescue.hang_up("elder")
    rescue.wait(POLICY.redial_pause)
    rescue.ask(ArrivalReported)
    rescue.wait(60)
    assert rescue.case.count(LegKind.ELDER) == 2
    assert not any(rescue.case.live(LegKind.ELDER))


def test_an_elder_whose_line_breaks_after_arrival_is_left_in_peace(rescue: World) -> None:
    rescue.ask(ArrivalReported)
    rescue.hang_up("elder")
    rescue.wait(60)
    assert rescue.case.count(LegKind.ELDER) == 1


def test_a_caller_without_a_number_cannot_be_rung_and_rescue_goes_on() -> None:
    world = World(file=None)
    world.call("")
    world.answer("a-1")
    world.ask(EmergencyRequested)
    world.hang_up("elder")
    assert (world.case.state, world.timers) == (CaseState.EMERGENCY, {})
    assert world.lines["a-1"].place is Place.ELDER
