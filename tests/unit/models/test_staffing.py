"""Seats from volume, target, handling time and shrinkage (S10), against the shifts that are planned."""

from __future__ import annotations

import decimal
import importlib
import math
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy import Policy
from models.register import FormRefused
from models.staffing import erlang
from models.staffing.needs import QUARTER, Bin, Target, agents_by_norm, quarters, volume, weeks_before
from models.staffing.shifts import ShiftForm, check, planned

pytestmark = pytest.mark.clause("S10")
TARGET = Target(share=0.8, within=10, shrinkage=0.3, wrap_up=60, least=2)


def _waits(people: int, load: float) -> float:
    """The chance to wait, by the recurrence of Erlang B: another way than the library's."""
    blocked = 1.0
    for number in range(1, people + 1):
        blocked = load * blocked / (number + load * blocked)
    return people * blocked / (people - load * (1 - blocked))


@given(st.integers(1, 120), st.floats(0.05, 0.98), st.floats(30, 900), st.floats(0, 120))
def test_the_librarys_formula_is_erlang_c(people: int, busy: float, handling: float, within: float) -> None:
    load = people * busy
    calls = load * QUARTER / handling
    wanted = 1 - _waits(people, calls * handling / QUARTER) * math.exp(-(people - load) * within / handling)
    found = erlang.in_time(people, calls, handling, within=within, over=QUARTER)
    assert found == pytest.approx(max(0.0, wanted), abs=1e-6)


@given(st.floats(0, 200), st.floats(1, 900), st.floats(0.5, 0.99), st.integers(1, 5))
def test_one_fewer_would_not_do(calls: float, handling: float, share: float, least: int) -> None:
    people = erlang.people_for(calls, handling, share=share, within=10, over=QUARTER, least=least)
    assert people >= least
    assert erlang.in_time(people, calls, handling, within=10, over=QUARTER) >= share
    if people > least:
        assert erlang.in_time(people - 1, calls, handling, within=10, over=QUARTER) < share


@given(st.integers(0, 500), st.floats(0, 0.7))
def test_shrinkage_there_and_back(people: int, shrinkage: float) -> None:
    roster = erlang.on_the_roster(people, shrinkage)
    assert roster >= people
    assert erlang.at_work(roster, shrinkage) >= people


def test_a_known_case() -> None:
    """100 calls of 3 minutes in half an hour: 14 people answer 88.8 % within 20 s, 13 fewer than 80 %."""
    assert erlang.people_for(100, 180, share=0.8, within=20, over=1800, least=1) == 14
    assert erlang.in_time(14, 100, 180, within=20, over=1800) == pytest.approx(0.888, abs=0.001)
    assert erlang.on_the_roster(14, 0.3) == 20


def test_the_library_leaves_decimal_numbers_alone() -> None:
    before = decimal.getcontext().prec
    importlib.reload(erlang)
    assert decimal.getcontext().prec == before < 100


def test_calls_are_counted_by_their_local_quarter_and_sum_up() -> None:
    monday = datetime(2026, 11, 2, 8, 20).astimezone()
    bins = [Bin(monday, 2, 1, 100.0), Bin(monday + timedelta(days=7, minutes=5), 1, 1, 200.0)]
    found = volume(bins, weeks=2)
    assert found.calls[0][33] == 1.5
    assert sum(map(sum, found.calls)) * 2 == found.total == 3
    assert (found.handling, found.talk) == (150.0, 300 / 14)
    assert agents_by_norm(found) == pytest.approx(300 / 14 / 10_800)


def test_what_is_needed_against_what_is_planned() -> None:
    monday = datetime(2026, 11, 2, 8, 20).astimezone()
    found = volume([Bin(monday, 60, 60, 60 * 240.0)], weeks=1)
    seats = planned([ShiftForm(0, 8 * 60, 9 * 60, 10)])
    every = quarters(found, seats, TARGET)
    assert len(every) == 7 * 96
    busy = next(one for one in every if one.calls)
    assert (busy.weekday, busy.begins, busy.planned) == (0, "08:15", 10)
    assert busy.at_work == 25
    assert (busy.needed, busy.missing) == (36, 26)
    assert busy.in_time == 0.0, "seven at work cannot carry 20 erlang"
    quiet = every[-1]
    assert (quiet.at_work, quiet.needed, quiet.missing, quiet.in_time) == (2, 3, 3, None)


def test_shifts_cover_whole_quarters_and_go_on_overnight() -> None:
    seats = planned([ShiftForm(6, 22 * 60 + 10, 6 * 60, 2), ShiftForm(0, 0, 0, 1)])
    assert seats[6][88:90] == [0, 2], "the quarter that it begins in is not whole"
    assert seats[6][95] == 2
    assert seats[0][23:25] == [3, 1]
    assert seats[0][95] == 1
    assert sum(map(sum, seats)) == 2 * 31 + 96


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        (ShiftForm(7, 0, 60, 1), ["weekday"]),
        (ShiftForm(0, -1, 24 * 60, 1), ["begins", "ends"]),
        (ShiftForm(0, 0, 60, 0), ["seats"]),
        (ShiftForm(0, 0, 60, 1, "长" * 101), ["who"]),
    ],
)
def test_what_is_no_shift_is_refused(form: ShiftForm, fields: list[str]) -> None:
    with pytest.raises(FormRefused) as refused:
        check(form)
    assert [problem.field for problem in refused.value.problems] == fields


def test_only_weeks_that_are_over_count() -> None:
    assert weeks_before(date(2026, 11, 26), 8) == (date(2026, 9, 28), date(2026, 11, 23))
    assert weeks_before(date(2026, 11, 23), 1) == (date(2026, 11, 16), date(2026, 11, 23))


def test_the_target_is_the_policys() -> None:
    assert Target.of(Policy()) == TARGET
    assert Target.of(Policy.of({"staffing_share": 90, "staffing_shrinkage": 25})).share == 0.9
