"""What screens are told of the live cases when there are many: everything, later, and those with an agent first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ari_app import board as boards
from ari_app.background import Background
from ari_app.board import PAUSE, PUBLISH_EVERY, Board
from ari_app.bus import Bus
from ari_app.callers_first import CallersFirst
from ari_app.runner import CaseRun
from ivr.case import Case, Leg
from ivr.vocabulary import LegKind, LegState, Role
from tests.unit.ari_app.fakes import START
from tests.unit.ari_app.one_case import FakeHouse
from tests.unit.ari_app.virtual_time import passes

VIRTUAL_TIME = True
AGENT = Leg("a-1", LegKind.SEAT, "801", role=Role.A, state=LegState.ANSWERED)


class Office:
    def __init__(self) -> None:
        self.background = Background()
        self.bus = Bus(lambda: "{}")
        self.board = Board(self.bus, callers_first=CallersFirst(), background=self.background, now=lambda: START)

    def changes(self, name: str, *legs: Leg) -> CaseRun:
        run = CaseRun(FakeHouse(), Case(id=name, legs=legs))
        self.board.changed(run)
        return run

    @property
    def told(self) -> list[Any]:
        return [message.as_json()["data"]["id"] for message in self.bus._ring]


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """One picture takes all the time that is given to pictures."""
    clock = iter(range(10_000))
    monkeypatch.setattr(boards.time, "perf_counter", lambda: float(next(clock)))
    monkeypatch.setattr(boards, "AT_ONCE", 1.5)


async def test_each_case_is_told_once_however_often_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards.time, "perf_counter", lambda: 0.0)  # with work enough one takes all
    office = Office()
    for _ in range(5):
        office.changes("one")
        office.changes("two")
    await passes(PUBLISH_EVERY + 0.01)
    assert (office.told, office.board.due) == (["one", "two"], 0)
    assert office.background.count == 0


@pytest.mark.usefixtures("one_at_a_time")
async def test_what_does_not_fit_is_told_later_and_never_less() -> None:
    office = Office()
    for number in range(4):
        office.changes(f"case-{number}")
    await passes(PUBLISH_EVERY + 0.01)
    assert (len(office.told), office.board.due) == (1, 3)
    await passes(4 * PAUSE)
    assert office.told == [f"case-{number}" for number in range(4)]


@pytest.mark.usefixtures("one_at_a_time")
async def test_cases_with_an_agent_are_told_first() -> None:
    office = Office()
    for number in range(3):
        office.changes(f"case-{number}")
    office.changes("case-2", AGENT)
    office.changes("attended", AGENT)
    await passes(5 * PAUSE + PUBLISH_EVERY)
    assert office.told == ["case-2", "attended", "case-0", "case-1"]


async def test_a_case_that_is_over_is_not_told_any_more() -> None:
    office = Office()
    office.changes("one")
    office.board.forget("one")
    await passes(1)
    assert office.told == []


async def test_a_picture_is_drawn_once_for_everybody_who_comes() -> None:
    office = Office()
    run = office.changes("one")
    await passes(1)
    first, second = list(office.board.pictures([run])), list(office.board.pictures([run]))
    assert first[0] is second[0]
    assert json.loads(first[0])["id"] == "one"


async def test_whom_nobody_was_told_of_yet_is_in_the_picture_as_well() -> None:
    office = Office()
    run = office.changes("one")
    assert json.loads(next(office.board.pictures([run])))["id"] == "one"
