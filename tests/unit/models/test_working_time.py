"""One working day on: the same time of the next working day, nights, weekends and holidays left out (H8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.office_hours import OfficeHours
from models.working_time import after, before, working_day

pytestmark = pytest.mark.clause("H8")
OFFICE = OfficeHours(9, 17)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=349)).map(lambda since: datetime(2026, 1, 5, tzinfo=UTC) + since)
WORKED = st.timedeltas(timedelta(seconds=1), timedelta(hours=40))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.parametrize(
    ("came", "due"),
    [
        ("2026-11-23 09:00", "2026-11-23 17:00"),  # a Monday
        ("2026-11-23 15:00", "2026-11-24 15:00"),
        ("2026-11-23 20:00", "2026-11-24 17:00"),
        ("2026-11-23 02:00", "2026-11-23 17:00"),
        ("2026-11-27 15:00", "2026-11-30 15:00"),  # over a weekend
        ("2026-11-28 11:00", "2026-11-30 17:00"),
        ("2026-09-30 16:00", "2026-10-08 16:00"),  # over National Day
        ("2026-02-13 16:00", "2026-02-14 16:00"),  # to a Saturday that is worked (调休)
    ],
)
def test_a_working_day_later(came: str, due: str) -> None:
    assert after(OFFICE, _at(came), working_day(OFFICE)) == _at(due)


@given(MOMENTS, WORKED)
def test_the_way_back_finds_the_last_moment_that_is_due_by_then(now: datetime, worked: timedelta) -> None:
    last = before(OFFICE, now, worked)
    assert after(OFFICE, last, worked) <= now
    assert after(OFFICE, last + timedelta(microseconds=1), worked) > now or not _worked_between(last, now)


def _worked_between(first: datetime, second: datetime) -> bool:
    """Whether there is a moment at work right after the first: then a later complaint is due later."""
    return OFFICE.open_at(first) and first < second


@given(MOMENTS, MOMENTS, WORKED)
def test_who_complains_later_is_never_due_earlier(one: datetime, other: datetime, worked: timedelta) -> None:
    first, second = sorted((one, other))
    assert after(OFFICE, first, worked) <= after(OFFICE, second, worked)
    assert after(OFFICE, first, worked) > first
