"""Periods as they are written, and that they end at the midnight of the centre."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.reports.periods import LONGEST, Period, PeriodKind, between, of_day, parse

DAYS = st.dates(date(2001, 1, 1), date(2098, 12, 31))


@pytest.mark.clause("H11", "T6")
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-11-26", date(2026, 11, 26), date(2026, 11, 26)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2025-12-30..2026-01-02", date(2025, 12, 30), date(2026, 1, 2)),
    ],
)
def test_what_people_write(text: str, first: date, last: date) -> None:
    period = parse(text)
    assert (period.first, period.last, period.text) == (first, last, text)


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-Q5", "2026-02-30", "1999", "2026-11-02..2026-11-01", "2026..", "x"]
)
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_nothing_is_longer_than_a_year() -> None:
    first = date(2026, 1, 1)
    assert len(between(first, first + timedelta(days=LONGEST - 1)).days) == LONGEST
    with pytest.raises(ValueError, match=r"\.\."):
        between(first, first + timedelta(days=LONGEST))


@given(DAYS, st.sampled_from(PeriodKind))
def test_periods_of_a_kind_follow_each_other_without_a_gap(day: date, kind: PeriodKind) -> None:
    period = of_day(kind, day)
    assert day in period.days
    assert parse(period.text) == period
    assert period.after.before == period == period.before.after
    assert period.before.until == period.since
    assert period.until == period.after.since


@given(DAYS, st.integers(1, 300))
def test_any_days_follow_each_other_too(first: date, length: int) -> None:
    period = Period(PeriodKind.DAYS, first, first + timedelta(days=length))
    assert parse(period.text) == period
    assert period.after.before == period
    assert len(period.after.days) == len(period.days)


def test_a_period_begins_and_ends_at_midnight_here() -> None:
    period = parse("2026-11")
    assert (period.since.astimezone().hour, period.until.astimezone().hour) == (0, 0)
    assert period.until.astimezone().date() == date(2026, 12, 1)
