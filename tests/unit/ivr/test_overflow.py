"""When nobody answers: any seat, duty phones, the elder's own contacts, the report (K1); and a community's seat, its
manager, the centre (H2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Alarm, Dial, FindSeat, OpenExceptionReport
from ivr.events import CloseRequested, EmergencyRequested
from ivr.overflow import OVERFLOW
from ivr.policy import Policy
from ivr.vocabulary import (
    AlarmKind,
    CaseKind,
    CaseState,
    LegKind,
    LegState,
    Outcome,
    Prompt,
    Result,
    Role,
    Skill,
    Urgency,
)
from tests.unit.ivr.exchange import FILE
from tests.unit.ivr.world import World

POLICY = Policy.of({}, duty_phones=("13000000091", "13000000092"))
CONTACTS = {"contact-1-1", "contact-2-1"}


def waiting(seconds: float, **more: object) -> World:
    """Nobody has answered for so long."""
    world = World(policy=POLICY, seats=[], **more)  # type: ignore[arg-type]
    world.call()
    world.wait(seconds)
    return world


def warnings(world: World) -> list[str]:
    return [
        one.detail
        for told in world.story
        for one in told.commands
        if isinstance(one, Alarm) and one.kind is AlarmKind.WAITING
    ]


# --- an alarm ---------------------------------------------------------------------------------------------------------


@pytest.mark.clause("K1")
def test_every_step_comes_when_it_is_due() -> None:
    world = waiting(POLICY.overflow_seats - 1)
    assert (world.wanted, warnings(world)) == ({Role.A: FindSeat(Role.A, Skill.AGENT)}, [])
    world.wait(2)
    assert (world.wanted, warnings(world)) == ({Role.A: FindSeat(Role.A, Skill.AGENT, any_seat=True)}, ["15"])
    world.wait(15)
    assert world.live == {"elder", "duty-1", "duty-2"}
    world.wait(30)
    assert world.live >= {"elder", *CONTACTS}
    assert warnings(world) == ["15", "60"]
    assert world.reports == []
    world.wait(120)
    assert warnings(world) == ["15", "60", "180"]
    assert world.reports == [OpenExceptionReport(180)]


@pytest.mark.clause("K1")
def test_a_seat_that_answers_in_time_stops_the_clock() -> None:
    world = World(policy=POLICY)
    world.call()
    world.answer("a-1")
    world.say("elder")
    world.wait(600)
    assert (warnings(world), world.case.waiting_since) == ([], None)


def test_the_first_duty_phone_that_presses_1_is_agent_a_and_the_others_are_let_go() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.answer("duty-2")
    assert world.hears("duty-1") is Prompt.DUTY_OFFER
    assert world.case.answered_at is None
    world.press("duty-2", "1")
    assert world.case.state is CaseState.TALKING
    assert world.hears("elder") == {"duty-2"}
    assert world.live == {"elder", "duty-2"}
    assert (world.leg("duty-1").result, world.leg("duty-2").role) == (Result.CANCELLED, Role.A)
    assert (world.wanted, world.case.searching) == ({}, frozenset())
    assert world.case.answered_at is not None
    world.wait(300)
    assert world.reports == []


def test_a_voicemail_on_a_duty_phone_has_not_answered() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.wait(POLICY.contact_key + 1)
    assert world.leg("duty-1").result is Result.VOICEMAIL
    assert world.case.answered_at is None


def test_a_duty_phone_that_cannot_come_is_let_go_and_one_that_wants_to_hears_the_offer_again() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.press("duty-1", "2")
    assert world.hears("duty-1") is Prompt.CONTACT_DECLINED
    world.hear_out("duty-1")
    assert (world.leg("duty-1").state, world.leg("duty-1").result) == (LegState.ENDED, Result.DECLINED)
    world.answer("duty-2")
    world.hear_out("duty-2")
    assert world.hears("duty-2") is Prompt.DUTY_OFFER
    world.press("duty-2", "91")
    assert world.hears("elder") == {"duty-2"}


def test_a_seat_that_is_free_at_last_takes_the_call_from_the_duty_phones() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.answer("a-1")
    assert world.hears("elder") == {"a-1"}
    assert world.live == {"elder", "a-1"}


def test_a_seat_that_only_rings_gives_way_to_a_duty_phone() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.press("duty-1", "1")
    assert world.live == {"elder", "duty-1"}
    assert world.hears("elder") == {"duty-1"}
    assert world.held == []


def test_somebody_on_a_duty_phone_starts_an_emergency_with_the_agents_key() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.press("duty-1", "1")
    world.say("elder")
    world.press("duty-1", "*44")
    assert world.case.state is CaseState.EMERGENCY
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.answer("b-1")
    assert world.hears("elder") == {"b-1"}


def test_a_duty_phone_that_puts_down_ends_the_talk_like_an_agent() -> None:
    world = waiting(31)
    world.answer("duty-1")
    world.press("duty-1", "1")
    world.say("elder")
    world.hang_up("duty-1")
    assert world.hears("elder") is Prompt.GOODBYE
    world.hear_out("elder")
    world.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert world.case.state is CaseState.CLOSED


def test_a_contact_keeps_the_elder_company_until_an_agent_comes() -> None:
    world = waiting(61)
    world.answer("contact-1-1")
    assert world.hears("contact-1-1") is Prompt.CONTACT_OFFER
    world.press("contact-1-1", "1")
    world.hear_out("contact-1-1")
    assert world.hears("elder") == {"contact-1-1"}
    assert (world.case.answered_at, world.case.state) == (None, CaseState.RINGING_SEATS)
    assert Role.A in world.wanted
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.answer("a-1")
    assert world.hears("elder") == {"contact-1-1", "a-1"}
    assert world.live == {"elder", "contact-1-1", "a-1"}


def test_a_contact_who_leaves_an_elder_without_agent_leaves_them_with_a_word() -> None:
    world = waiting(61)
    world.answer("contact-1-1")
    world.press("contact-1-1", "1")
    world.hear_out("contact-1-1")
    world.hang_up("contact-1-1")
    assert world.hears("elder") is Prompt.HOLD


def test_a_contact_who_has_just_accepted_when_the_agent_answers_is_brought_in() -> None:
    world = waiting(61)
    world.answer("contact-1-1")
    world.press("contact-1-1", "1")
    world.seats.append("801")
    world.give_seats()
    world.settle()
    world.answer("a-1")
    world.hear_out("contact-1-1")
    assert world.hears("elder") == {"contact-1-1", "a-1"}


def test_contacts_without_the_elder_on_the_line_are_not_rung_for_company() -> None:
    """An elder who hung up is rung back; contacts are rung when that brings nothing (S4.3)."""
    world = World(policy=replace(POLICY, call_back_ring=60), seats=[])
    world.call()
    world.wait(20)
    world.hang_up("elder")
    world.wait(45)
    assert world.case.state is CaseState.CALLING_BACK
    assert not [leg for leg in world.case.legs if leg.kind is LegKind.CONTACT]
    assert warnings(world) == ["15", "60"]
    world.answer("elder-2")
    assert world.live >= CONTACTS


def test_an_elder_who_hangs_up_while_contacts_are_asked_is_rung_back_and_they_are_left_in_peace() -> None:
    world = waiting(61)
    world.answer("contact-1-1")
    world.press("contact-1-1", "1")
    world.hear_out("contact-1-1")
    world.hang_up("elder")
    assert world.case.state is CaseState.CALLING_BACK
    assert not list(world.case.live(LegKind.CONTACT))


def test_a_duty_phone_that_takes_the_call_while_the_elder_is_rung_back_waits_with_us() -> None:
    world = waiting(20)
    world.hang_up("elder")
    world.wait(11)
    world.answer("duty-1")
    world.press("duty-1", "1")
    assert world.case.seat(Role.A) == world.leg("duty-1")
    world.answer("elder-2")
    assert world.case.state is CaseState.TALKING
    assert world.hears("elder-2") == {"duty-1"}


def test_the_clock_starts_again_when_the_agent_is_lost() -> None:
    world = World(policy=POLICY, seats=["801"])
    world.call()
    world.answer("a-1")
    world.say("elder")
    world.wait(500)
    world.hang_up("a-1", 38)
    assert world.case.waiting_since is not None
    world.wait(14)
    assert warnings(world) == []
    world.wait(2)
    assert warnings(world) == ["15"]


def test_in_an_emergency_without_agents_a_duty_phone_takes_the_rescue() -> None:
    world = World(policy=POLICY, seats=["801"])
    world.call()
    world.answer("a-1")
    world.say("elder")
    world.ask(EmergencyRequested)
    world.hang_up("a-1", 38)
    world.wait(31)
    world.answer("duty-1")
    world.press("duty-1", "1")
    assert world.hears("elder") == {"duty-1"}
    assert world.case.state is CaseState.EMERGENCY


def test_without_duty_phones_and_contacts_the_elder_still_waits_in_company_of_the_alarms() -> None:
    world = World(policy=Policy(), seats=[], file=None)
    world.call()
    world.wait(200)
    assert world.live == {"elder"}
    assert warnings(world) == ["15", "60", "180"]
    assert AlarmKind.NO_CONTACTS in world.alarms


# --- an ordinary call (H2) --------------------------------------------------------------------------------------------

SUPPORTED = replace(FILE, service_class=1, community="演示社区", community_id=7, community_phone="13000000077")


def ordinary(*, in_hours: bool = True, seats: tuple[str, ...] = (), **file: object) -> World:
    world = World(policy=POLICY, seats=list(seats), file=replace(SUPPORTED, **file), in_hours=in_hours)  # type: ignore[arg-type]
    world.call(kind=CaseKind.ORDINARY)
    return world


def looked_for(world: World) -> FindSeat:
    return world.wanted[Role.A]


@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("service_class", "in_hours", "community"), [(1, True, 7), (2, True, 7), (3, True, None), (1, False, None)]
)
def test_whose_seat_is_asked_first(service_class: int, in_hours: bool, community: int | None) -> None:
    world = ordinary(service_class=service_class, in_hours=in_hours)
    assert looked_for(world) == FindSeat(Role.A, Skill.AGENT, urgency=Urgency.ORDINARY, community=community)


@pytest.mark.clause("H2")
def test_an_alarm_of_the_same_elder_goes_to_the_centre_and_does_not_wait_for_the_register() -> None:
    world = World(policy=POLICY, seats=[], file=SUPPORTED, in_hours=True)
    commands = world.feed(world.dial_in())
    assert FindSeat(Role.A, Skill.AGENT) in commands


@pytest.mark.clause("H2")
def test_nobody_at_the_seat_brings_the_managers_mobile_and_that_the_centre() -> None:
    world = ordinary()
    world.wait(POLICY.community_wait + 1)
    assert (world.live, world.leg("duty-1").number) == ({"elder", "duty-1"}, "13000000077")
    assert looked_for(world).community == 7
    world.wait(POLICY.manager_wait)
    assert looked_for(world).community is None


def test_a_manager_who_declines_brings_the_centre_at_once() -> None:
    world = ordinary()
    world.wait(POLICY.community_wait + 1)
    world.answer("duty-1")
    world.press("duty-1", "2")
    world.hear_out("duty-1")
    assert looked_for(world).community is None


def test_a_community_without_a_managers_mobile_goes_on_to_the_centre_at_once() -> None:
    world = ordinary(community_phone="")
    world.wait(POLICY.community_wait + 1)
    assert (world.live, looked_for(world).community) == ({"elder"}, None)


def test_a_manager_who_presses_1_has_the_call() -> None:
    world = ordinary()
    world.wait(POLICY.community_wait + 1)
    world.answer("duty-1")
    world.press("duty-1", "1")
    assert world.hears("elder") == {"duty-1"}
    world.say("elder")
    world.wait(200)
    assert world.live == {"elder", "duty-1"}


def test_a_communitys_seat_that_rings_is_given_its_time_before_the_manager_is_rung() -> None:
    world = ordinary(seats=("821",))
    world.wait(POLICY.community_wait + 1)
    assert world.live == {"elder", "a-1"}
    world.wait(POLICY.seat_ring)
    assert world.live == {"elder", "duty-1"}


def test_an_ordinary_call_never_rings_contacts_nor_opens_a_report() -> None:
    world = ordinary()
    world.wait(600)
    assert not [one for told in world.story for one in told.commands if isinstance(one, Dial) and "contact" in one.leg]
    assert (world.reports, warnings(world)) == ([], ["60"])


def test_an_unknown_caller_is_served_by_the_centre() -> None:
    world = World(policy=POLICY, seats=[], file=None)
    world.call(kind=CaseKind.ORDINARY)
    assert looked_for(world).community is None


def test_a_register_that_says_nothing_at_all_does_not_keep_the_centre_from_answering() -> None:
    world = World(policy=POLICY, seats=[])
    world.feed(world.dial_in(kind=CaseKind.ORDINARY))
    world.coming = [event for event in world.coming if type(event).__name__ != "CallerIdentified"]
    world.wait(POLICY.community_wait + POLICY.manager_wait + 1)
    assert looked_for(world).community is None


def test_a_seat_that_was_on_its_way_when_the_search_was_widened_leaves_no_search_behind() -> None:
    world = World(policy=POLICY, seats=[])
    world.call()
    world.wait(POLICY.overflow_seats - 1)
    world.seats.append("801")
    world.give_seats()  # reserved, and the news is under way
    world.now = world.timers[OVERFLOW]
    world.fire(OVERFLOW)
    world.deliver(1)  # the time is over before that news is read
    assert looked_for(world).any_seat
    world.settle()
    world.answer("a-1")
    assert (world.wanted, world.case.state) == ({}, CaseState.TALKING)
