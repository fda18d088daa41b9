"""The desk in any order of events: no seat is in two cases, nobody who waits is forgotten, no ready seat idles."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ari_app.desk import Desk, Seat, SeatSetup, SeatState
from ivr.commands import FindSeat
from ivr.vocabulary import Role, SeatRelease, Skill, Urgency

EXTENSIONS = ("801", "802", "803")
SKILLS = {"801": {Skill.AGENT}, "802": {Skill.AGENT, Skill.DOCTOR}, "803": {Skill.DOCTOR}}
extensions = st.sampled_from(EXTENSIONS)
cases = st.sampled_from(("one", "two", "three"))
roles = st.sampled_from(Role)
Key = tuple[str, Role]


class AnyOrder(RuleBasedStateMachine):
    """`wanted` and `held` is what the cases believe; the desk must never contradict it."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 1, 5, tzinfo=UTC)
        self.wanted: dict[Key, tuple[Skill, bool, Urgency]] = {}
        self.owed: dict[str, str] = {}
        self.held: dict[str, str] = {}
        self.desk = Desk(now=self.now, reserved=self.reserved, changed=lambda seat: None, wrap_up=lambda seat: None)
        self.desk.load(
            SeatSetup(extension, extension, skills=frozenset(SKILLS[extension]), willing=True)
            for extension in EXTENSIONS
        )

    def now(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at

    def reserved(self, case: str, role: Role, seat: Seat) -> None:
        assert seat.extension not in self.held, "a seat in two cases"
        skill, any_seat, urgency = self.wanted.pop((case, role))
        assert any_seat or skill in seat.skills
        assert urgency is not Urgency.ORDINARY or seat.extension not in self.owed.values()
        self.held[seat.extension] = case

    @rule(
        case=cases,
        role=roles,
        skill=st.sampled_from((Skill.AGENT, Skill.DOCTOR)),
        urgency=st.sampled_from(Urgency),
        any_seat=st.booleans(),
    )
    def a_case_looks_for_a_seat(self, case: str, role: Role, skill: Skill, urgency: Urgency, any_seat: bool) -> None:
        self.wanted[case, role] = skill, any_seat, urgency
        self.desk.find(case, FindSeat(role, skill, urgency=urgency, any_seat=any_seat))

    @rule(case=cases, role=roles)
    def a_case_gives_up(self, case: str, role: Role) -> None:
        self.wanted.pop((case, role), None)
        self.desk.stop_finding(case, role)

    @rule(extension=extensions, case=cases, why=st.sampled_from(SeatRelease))
    def a_case_lets_go(self, extension: str, case: str, why: SeatRelease) -> None:
        if extension not in self.desk.seats:
            return
        if self.held.get(extension) == case:
            del self.held[extension]
        self.desk.release(case, extension, why)

    @rule(case=cases)
    def a_case_is_over(self, case: str) -> None:
        self.wanted = {key: seat for key, seat in self.wanted.items() if key[0] != case}
        self.held = {extension: holder for extension, holder in self.held.items() if holder != case}
        self.owed.pop(case, None)
        self.desk.forget(case)

    @rule(case=cases, extension=st.none() | extensions)
    def an_outcome_is_owed_or_filed(self, case: str, extension: str | None) -> None:
        self.owed.pop(case, None)
        if extension is not None:
            self.owed[case] = extension
        self.desk.owed(case, extension)

    @rule(extension=extensions, act=st.sampled_from(("ready", "pause", "wrapped", "on", "off", "answered")))
    def an_agent_acts(self, extension: str, act: str) -> None:
        if extension not in self.desk.seats:
            return
        match act:
            case "ready":
                self.desk.set_ready(extension)
            case "pause":
                self.desk.pause(extension, "")
            case "wrapped":
                self.desk.wrap_up_done(extension)
            case "answered":
                self.desk.answered(extension)
            case _:
                self.desk.registered(extension, is_registered=act == "on")

    @rule(on_record=st.sets(extensions))
    def the_records_change(self, on_record: set[str]) -> None:
        self.desk.load(
            SeatSetup(extension, extension, skills=frozenset(SKILLS[extension]), willing=True)
            for extension in sorted(on_record)
        )

    @invariant()
    def desk_and_cases_agree_who_sits_where(self) -> None:
        at_work = {seat.extension: seat.case for seat in self.desk.seats.values() if seat.case is not None}
        assert at_work == self.held

    @invariant()
    def nobody_is_forgotten(self) -> None:
        waiting = Counter(wanted.key for wanted in self.desk.row)
        assert waiting == Counter(self.wanted.keys())

    @invariant()
    def no_ready_seat_idles_while_somebody_waits(self) -> None:
        ready = [seat for seat in self.desk.seats.values() if seat.state is SeatState.READY]
        for skill, any_seat, urgency in self.wanted.values():
            free = [seat for seat in ready if urgency is not Urgency.ORDINARY or not seat.owes]
            assert not any(any_seat or skill in seat.skills for seat in free)

    @invariant()
    def what_is_owed_is_shown_at_the_seat(self) -> None:
        for seat in self.desk.seats.values():
            assert seat.owes == {case for case, extension in self.owed.items() if extension == seat.extension}

    @invariant()
    def wrap_up_is_to_be_broken_off_while_any_seat_is_wanted(self) -> None:
        wanted = any(any_seat for _, any_seat, _ in self.wanted.values())
        ordinary = any(urgency is Urgency.ORDINARY for _, _, urgency in self.wanted.values())
        for seat in self.desk.seats.values():
            first = ordinary and bool(seat.owes) and seat.state is SeatState.READY
            assert seat.needed == (first or (wanted and seat.state is SeatState.WRAP_UP))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
