"""The phone in the page: which telephone of a seat is rung, and whom a case waits for when a page was loaded again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ari_app.desk import Desk, Seat, SeatSetup, SeatState
from ari_app.phones import Phones
from ari_app.returning import Returning
from ivr.case import Case, Leg
from ivr.commands import FindSeat
from ivr.vocabulary import LegKind, Role, Skill
from tests.unit.ari_app.virtual_time import passes

FOR_A = FindSeat(Role.A, Skill.AGENT)


class Office:
    """Two seats; 801 speaks in case `one` as agent A, for a minute already, through the phone in its page."""

    def __init__(self, *, within: float = 6.0) -> None:
        self.at = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
        self.given: list[tuple[str, Role, str]] = []
        self.phones = Phones()
        self.desk = Desk(now=lambda: self.at, reserved=self.reserved, changed=lambda _: None, wrap_up=lambda _: None)
        self.returning = Returning(
            self.desk,
            self.phones,
            within=within,
            reserved=self.reserved,
            find=self.find,
        )
        self.desk.load([SeatSetup("801", "801", willing=True)])
        self.tells("801-page", there=True)
        self.find("one", FOR_A)
        self.phones.choose("801")
        self.desk.answered("801")
        self.given.clear()
        self.spoke = timedelta(minutes=1)

    def reserved(self, case: str, role: Role, seat: Seat) -> None:
        self.given.append((case, role, seat.extension))

    def find(self, case: str, search: FindSeat) -> None:
        self.desk.find(case, search)

    def broke(self, case: str = "one") -> None:
        """Agent A's line ends without anybody hanging up."""
        begun, over = self.at - self.spoke, self.at
        line = Leg(id="a-1", kind=LegKind.SEAT, number="801", role=Role.A, answered_at=begun, ended_at=over)
        self.returning.broke(Case(id=case, legs=(line,)), "801")

    def tells(self, endpoint: str, *, there: bool) -> None:
        """Asterisk tells it, as the controller hears it."""
        extension, has_a_phone, has_come = self.phones.told(endpoint, is_registered=there)
        self.desk.registered(extension, is_registered=has_a_phone)
        if has_come:
            self.returning.is_there(extension)

    def another(self) -> None:
        self.desk.load([SeatSetup("801", "801", willing=True), SeatSetup("802", "802", willing=True)])
        self.tells("802", there=True)


def test_the_phone_in_the_page_is_rung_before_the_other_and_either_makes_a_seat() -> None:
    phones = Phones()
    assert phones.told("801", is_registered=True) == ("801", True, True)
    assert (phones.choose("801"), phones.in_page("801")) == ("801", False)
    phones.told("801-page", is_registered=True)
    assert (phones.choose("801"), phones.in_page("801")) == ("801-page", True)
    assert phones.told("801-page", is_registered=True) == ("801", True, False)
    assert phones.told("801", is_registered=False) == ("801", True, False)
    assert phones.told("801-page", is_registered=False) == ("801", False, False)


async def test_after_f5_the_same_agent_is_rung_again_as_soon_as_the_page_is_back() -> None:
    office = Office()
    office.another()
    office.broke()
    assert office.returning.waits("one", FOR_A)
    office.tells("801-page", there=False)
    await passes(2)
    assert (office.given, office.desk.seat("801").state) == ([], SeatState.RESERVED)
    office.tells("801-page", there=True)
    assert office.given == [("one", Role.A, "801")]
    await passes(10)
    assert office.given == [("one", Role.A, "801")]


async def test_a_page_that_never_lost_its_phone_is_rung_when_that_is_certain() -> None:
    office = Office()
    office.broke()
    assert office.returning.waits("one", FOR_A)
    office.tells("801-page", there=True)
    assert office.given == []
    await passes(1.1)
    assert office.given == [("one", Role.A, "801")]


async def test_an_agent_who_does_not_come_back_is_replaced() -> None:
    office = Office()
    office.another()
    office.broke()
    office.tells("801-page", there=False)
    assert office.returning.waits("one", FOR_A)
    await passes(5.9)
    assert office.given == []
    await passes(0.2)
    assert office.given == [("one", Role.A, "802")]
    office.tells("801-page", there=True)
    assert office.desk.seat("801").state is SeatState.WRAP_UP


async def test_a_case_that_looks_for_nobody_any_more_lets_its_agent_go() -> None:
    office = Office()
    office.broke()
    office.returning.waits("one", FOR_A)
    office.returning.stop("one", Role.B)
    assert office.desk.seat("801").case == "one"
    office.returning.stop("one", Role.A)
    assert office.desk.seat("801").state is SeatState.WRAP_UP
    await passes(10)
    assert office.given == []


@pytest.mark.parametrize("why", ["telephone", "no sound", "another case"])
async def test_for_whom_nobody_waits(why: str) -> None:
    office = Office()
    if why == "telephone":
        office.tells("801-page", there=False)
        office.tells("801", there=True)
        office.phones.choose("801")
    if why == "no sound":
        office.spoke = timedelta(seconds=2)
    office.broke("one" if why != "another case" else "two")
    assert not office.returning.waits("one", FOR_A)
