"""The desk: who is rung next, and what a seat is after its part in a case is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ari_app.desk import Desk, Seat, SeatNotFree, SeatSetup, SeatState, UnknownSeat
from ivr.commands import FindSeat
from ivr.vocabulary import Role, SeatRelease, Skill, Urgency

AGENT = frozenset({Skill.AGENT})


@dataclass
class Office:
    """A desk whose clock ticks with every look at it, and all that it tells."""

    at: datetime = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    given: list[tuple[str, Role, str]] = field(default_factory=list)
    told: list[tuple[str, SeatState]] = field(default_factory=list)
    wrapping_up: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(
            now=self.now,
            reserved=lambda case, role, seat: self.given.append((case, role, seat.extension)),
            changed=lambda seat: self.told.append((seat.extension, seat.state)),
            wrap_up=lambda seat: self.wrapping_up.append(seat.extension),
        )

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def seats(self, *extensions: str, skills: frozenset[Skill] = AGENT, community: int | None = None) -> Office:
        """At their desks, in this order: the first has been idle longest."""
        known = [
            SeatSetup(e, e, skills=s.skills, community=s.community, willing=s.willing)
            for e, s in self.desk.seats.items()
        ]
        new = [SeatSetup(e, f"seat {e}", skills=skills, community=community, willing=True) for e in extensions]
        self.desk.load([*known, *new])
        for extension in extensions:
            self.desk.registered(extension, is_registered=True)
        return self

    def find(self, case: str, role: Role = Role.A, skill: Skill = Skill.AGENT, **more: Any) -> None:
        since = more.pop("since", None)
        self.desk.find(case, FindSeat(role, skill, **more), since)

    def seat(self, extension: str) -> Seat:
        return self.desk.seat(extension)


def test_the_longest_idle_seat_is_rung_first() -> None:
    office = Office().seats("801", "802", "803")
    for case in ("one", "two", "three"):
        office.find(case)
    assert office.given == [("one", Role.A, "801"), ("two", Role.A, "802"), ("three", Role.A, "803")]


def test_who_talked_last_goes_to_the_end_of_the_row() -> None:
    office = Office().seats("801", "802")
    office.find("one")
    office.desk.answered("801")
    office.desk.release("one", "801", SeatRelease.TALKED)
    office.desk.wrap_up_done("801")
    office.find("two")
    office.find("three")
    assert [seat for _, _, seat in office.given] == ["801", "802", "801"]


def test_who_was_rung_for_nothing_keeps_the_place_in_the_row() -> None:
    office = Office().seats("801", "802")
    office.find("one")
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    office.find("two")
    assert office.given[-1] == ("two", Role.A, "801")


def test_a_seat_that_is_asked_for_by_name_is_kept_although_it_is_paused() -> None:
    office = Office().seats("801")
    office.desk.pause("801", "meal")
    assert office.desk.keep("one", "801", Role.B)
    assert (office.seat("801").state, office.seat("801").role) == (SeatState.RESERVED, Role.B)
    assert not office.desk.keep("one", "801", Role.A)
    office.desk.change_role("one", "801", Role.A)
    office.desk.change_role("two", "801", Role.X)
    assert office.seat("801").role is Role.A
    with pytest.raises(SeatNotFree, match="seat_not_free"):
        office.desk.keep("two", "801", Role.A)
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    assert office.seat("801").state is SeatState.PAUSED


def test_a_seat_whose_phone_is_away_cannot_be_kept() -> None:
    office = Office().seats("801")
    office.desk.registered("801", is_registered=False)
    with pytest.raises(SeatNotFree, match="seat_offline"):
        office.desk.keep("one", "801", Role.A)


def test_a_disabled_seat_ends_its_case_and_is_rung_no_more_until_it_is_enabled() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.answered("801")
    office.desk.load([SeatSetup("801", "801", active=False)])
    assert office.seat("801").state is SeatState.TALKING
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    office.find("two")
    assert (office.seat("801").state, office.given) == (SeatState.DISABLED, [("one", Role.A, "801")])
    for asked in (lambda: office.desk.keep("two", "801", Role.A), lambda: office.desk.set_ready("801")):
        with pytest.raises(SeatNotFree, match="seat_disabled"):
            asked()
    office.desk.load([SeatSetup("801", "801")])
    assert office.given[-1] == ("two", Role.A, "801")  # as willing as it was before


def test_cases_that_wait_are_served_in_order() -> None:
    office = Office()
    for case in ("one", "two", "three"):
        office.find(case)
    office.seats("801", "802")
    assert office.given == [("one", Role.A, "801"), ("two", Role.A, "802")]
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    assert office.given[-1] == ("three", Role.A, "801")


def test_a_skill_that_is_missing_holds_nobody_up() -> None:
    office = Office()
    office.find("one", Role.X, Skill.DOCTOR)
    office.find("two")
    office.seats("801")
    assert office.given == [("two", Role.A, "801")]
    office.seats("901", skills=frozenset({Skill.DOCTOR}))
    assert office.given[-1] == ("one", Role.X, "901")


def test_a_search_that_was_given_up_gets_no_seat() -> None:
    office = Office()
    office.find("one", Role.A)
    office.find("one", Role.B)
    office.desk.stop_finding("one", Role.A)
    office.seats("801", "802")
    assert office.given == [("one", Role.B, "801")]


def test_a_search_that_is_repeated_gets_one_seat_and_keeps_its_place() -> None:
    office = Office()
    office.find("one")
    office.find("two")
    office.find("one")
    office.seats("801", "802", "803")
    assert office.given == [("one", Role.A, "801"), ("two", Role.A, "802")]


@pytest.mark.parametrize(
    ("why", "after"),
    [
        (SeatRelease.TALKED, SeatState.WRAP_UP),
        (SeatRelease.NOT_NEEDED, SeatState.READY),
        (SeatRelease.NO_ANSWER, SeatState.PAUSED),
        (SeatRelease.UNREACHABLE, SeatState.OFFLINE),
    ],
)
def test_what_a_seat_is_afterwards(why: SeatRelease, after: SeatState) -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.release("one", "801", why)
    assert office.seat("801").state is after
    assert office.told[-1] == ("801", after)
    assert office.wrapping_up == (["801"] if why is SeatRelease.TALKED else [])


def test_who_did_not_answer_is_not_rung_again_until_ready() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.release("one", "801", SeatRelease.NO_ANSWER)
    office.find("one")
    assert office.seat("801").reason == "no_answer"
    assert len(office.given) == 1
    office.desk.set_ready("801")
    assert office.given[-1] == ("one", Role.A, "801")
    assert office.seat("801").reason == ""


def test_wrap_up_ends_by_itself_by_hand_or_by_being_ready() -> None:
    for end in (Desk.wrap_up_done, Desk.set_ready):
        office = Office().seats("801")
        office.find("one")
        office.desk.release("one", "801", SeatRelease.TALKED)
        office.find("two")
        assert len(office.given) == 1
        end(office.desk, "801")
        assert office.given[-1] == ("two", Role.A, "801")


def test_a_pause_chosen_during_a_call_holds_after_it() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.answered("801")
    office.desk.pause("801", "lunch")
    assert office.seat("801").state is SeatState.TALKING
    office.desk.release("one", "801", SeatRelease.TALKED)
    office.desk.wrap_up_done("801")
    assert office.seat("801").state is SeatState.PAUSED


def test_a_seat_whose_phone_goes_while_it_is_reserved() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.registered("801", is_registered=False)
    assert office.seat("801").state is SeatState.RESERVED
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    assert office.seat("801").state is SeatState.OFFLINE
    office.find("two")
    assert len(office.given) == 1
    office.desk.registered("801", is_registered=True)
    assert office.given[-1] == ("two", Role.A, "801")


def test_a_case_lets_go_only_of_seats_that_are_its_own() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    office.find("two")
    office.desk.release("one", "801", SeatRelease.TALKED)
    assert office.desk.working_on("801") == "two"
    assert office.seat("801").state is SeatState.RESERVED


def test_a_case_that_is_over_leaves_nothing_at_the_desk() -> None:
    office = Office().seats("801")
    office.find("one", Role.A)
    office.find("one", Role.B)
    office.desk.forget("one")
    office.desk.wrap_up_done("801")
    assert office.seat("801").state is SeatState.READY
    assert len(office.given) == 1


def test_loading_keeps_what_seats_do() -> None:
    office = Office().seats("801", "802")
    office.find("one")
    office.desk.answered("801")
    office.desk.pause("802", "lunch")
    office.desk.load([SeatSetup("801", "new name", agent="a"), SeatSetup("802", "802", willing=True)])
    assert (office.seat("801").state, office.seat("801").name) == (SeatState.TALKING, "new name")
    assert (office.seat("802").state, office.seat("802").reason) == (SeatState.PAUSED, "lunch")


def test_a_seat_that_is_taken_off_the_records_leaves_when_its_case_lets_it() -> None:
    office = Office().seats("801", "802")
    office.find("one")
    office.desk.load([])
    assert list(office.desk.seats) == ["801"]
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    assert not office.desk.seats
    office.find("two")
    assert len(office.given) == 1


def test_a_seat_that_comes_back_to_the_records_in_time_stays() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.load([])
    office.desk.load([SeatSetup("801", "801")])
    office.desk.release("one", "801", SeatRelease.NOT_NEEDED)
    assert office.seat("801").state is SeatState.READY


def test_seats_found_at_work_are_not_given_away() -> None:
    office = Office().seats("801", "802")
    office.desk.occupied("801", "one", Role.A, talking=True)
    office.find("two")
    assert office.given == [("two", Role.A, "802")]
    assert office.desk.working_on("801") == "one"


def test_whoever_is_told_may_release_at_once() -> None:
    """The case has gone meanwhile: its seat goes to the next one, whoever was matched in between."""
    given: list[str] = []

    def reserved(case: str, role: Role, seat: Seat) -> None:
        given.append(case)
        if case.startswith("gone"):
            desk.release(case, seat.extension, SeatRelease.NOT_NEEDED)

    office = Office()
    desk = Desk(now=office.now, reserved=reserved, changed=lambda seat: None, wrap_up=lambda seat: None)
    for case in ("gone 1", "two", "gone 3", "four"):
        desk.find(case, FindSeat(Role.A, Skill.AGENT))
    desk.load([SeatSetup("801", "801", willing=True), SeatSetup("802", "802", willing=True)])
    for extension in ("801", "802"):
        desk.registered(extension, is_registered=True)
    assert given == ["gone 1", "two", "gone 3", "four"]
    assert {desk.working_on("801"), desk.working_on("802")} == {"two", "four"}


def test_an_extension_that_nobody_has_is_named() -> None:
    desk = Office().desk
    for act in (desk.set_ready, desk.wrap_up_done, desk.working_on, desk.seat):
        with pytest.raises(UnknownSeat, match="899"):
            act("899")
    desk.answered("899")  # an event, which may be late: nothing to be done
    desk.occupied("899", "one", Role.A, talking=True)


# --- who comes first (K8) ---------------------------------------------------------------------------------------------


@pytest.mark.clause("K8")
def test_an_alarm_goes_before_ordinary_calls_that_waited_longer() -> None:
    office = Office()
    office.find("question", urgency=Urgency.ORDINARY)
    office.find("alarm")
    office.seats("801")
    assert office.given == [("alarm", Role.A, "801")]


def test_an_agent_for_the_elder_goes_before_a_second_one_and_that_before_a_professional() -> None:
    office = Office()
    office.find("one", Role.X)
    office.find("one", Role.B)
    office.find("two", Role.A)
    office.seats("801", "802", "803")
    assert [role for _, role, _ in office.given] == [Role.A, Role.B, Role.X]


def test_who_began_to_wait_first_is_served_first_however_late_the_desk_heard_of_it() -> None:
    office = Office()
    office.find("one")
    office.find("two", since=office.at - timedelta(minutes=1))
    office.seats("801")
    assert office.given == [("two", Role.A, "801")]


# --- when seats are short ---------------------------------------------------------------------------------------------


def test_any_seat_means_professionals_and_supervisors_too() -> None:
    office = Office().seats("901", skills=frozenset({Skill.SUPERVISOR}))
    office.find("one")
    assert office.given == []
    office.find("one", any_seat=True)
    assert office.given == [("one", Role.A, "901")]


def test_of_all_seats_those_of_agents_are_given_first() -> None:
    office = Office()
    office.find("one", any_seat=True)
    office.desk.stop_finding("one", Role.A)
    office.seats("901", skills=frozenset({Skill.DOCTOR})).seats("801")
    office.find("one", any_seat=True)
    assert office.given == [("one", Role.A, "801")]


def test_a_seat_in_wrap_up_is_asked_to_break_off_and_told_when_that_is_over() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.release("one", "801", SeatRelease.TALKED)
    office.find("two")
    assert not office.seat("801").needed
    office.find("two", any_seat=True)
    assert office.seat("801").needed
    assert office.told[-1] == ("801", SeatState.WRAP_UP)
    office.desk.stop_finding("two", Role.A)
    assert not office.seat("801").needed


def test_a_seat_that_breaks_off_gets_the_call_that_waits() -> None:
    office = Office().seats("801")
    office.find("one")
    office.desk.release("one", "801", SeatRelease.TALKED)
    office.find("two", any_seat=True)
    office.desk.wrap_up_done("801")
    assert office.given[-1] == ("two", Role.A, "801")
    assert not office.seat("801").needed


@pytest.mark.clause("K8")
def test_an_agent_in_a_care_call_is_asked_to_end_it_while_an_alarm_waits() -> None:
    office = Office().seats("801", "802")
    for case in ("care", "other"):
        office.find(case)
        office.desk.answered("801" if case == "care" else "802")
    office.desk.gives_way("care", True)
    assert not office.seat("801").needed
    office.find("alarm")
    assert (office.seat("801").needed, office.seat("802").needed) == (True, False)
    assert office.seat("801").state is SeatState.TALKING
    office.desk.gives_way("care", False)  # the agent has heard an emergency in it
    assert not office.seat("801").needed
    office.desk.gives_way("care", True)
    office.desk.stop_finding("alarm", Role.A)
    assert not office.seat("801").needed


# --- a community's own seat (H2) --------------------------------------------------------------------------------------


def test_a_communitys_seat_is_for_its_own_people_and_the_centre_for_everybody_else() -> None:
    office = Office().seats("821", community=7).seats("801")
    office.find("elsewhere", community=8)
    assert office.given == []
    office.find("centre")
    office.find("here", community=7)
    assert office.given == [("centre", Role.A, "801"), ("here", Role.A, "821")]


def test_an_alarm_that_waits_too_long_gets_a_communitys_seat() -> None:
    office = Office().seats("821", community=7)
    office.find("alarm")
    assert office.given == []
    office.find("alarm", any_seat=True)
    assert office.given == [("alarm", Role.A, "821")]


def test_a_thousand_who_wait_are_served_in_the_order_in_which_they_came() -> None:
    """In whatever order they ask again meanwhile, because any seat will do now."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    served: list[str] = []
    desk = Desk(
        now=lambda: start,
        reserved=lambda case, role, seat: served.append(case),
        changed=lambda seat: None,
        wrap_up=lambda seat: None,
    )
    cases = [f"case-{number:04d}" for number in range(1000)]
    alarm = FindSeat(Role.A, Skill.AGENT, urgency=Urgency.EMERGENCY)
    ahead = [desk.find(case, alarm, start + timedelta(milliseconds=n)) for n, case in enumerate(cases)]
    assert ahead == list(range(1000))
    for case in reversed(cases):
        assert desk.find(case, replace(alarm, any_seat=True)) is None
    desk.load([SeatSetup("801", "one", willing=True), SeatSetup("802", "two", willing=True)])
    desk.registered("801", is_registered=True)
    desk.registered("802", is_registered=True)
    while len(served) < len(cases):
        busy = next(seat for seat in desk.seats.values() if seat.case is not None)
        assert busy.case is not None
        desk.release(busy.case, busy.extension, SeatRelease.NOT_NEEDED)
    assert served == cases
    assert not list(desk.row)


def test_an_emergency_is_told_that_only_emergencies_stand_before_it() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    desk = Desk(now=lambda: start, reserved=lambda *_: None, changed=lambda seat: None, wrap_up=lambda seat: None)
    for number in range(3):
        ordinary = FindSeat(Role.A, Skill.AGENT, urgency=Urgency.ORDINARY)
        assert desk.find(f"ordinary-{number}", ordinary) == number
    alarm = FindSeat(Role.A, Skill.AGENT, urgency=Urgency.EMERGENCY)
    assert [desk.find("first", alarm), desk.find("second", alarm)] == [0, 1]
    desk.stop_finding("first", Role.A)
    assert desk.find("third", alarm) == 1
