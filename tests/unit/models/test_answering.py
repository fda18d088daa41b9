"""What counts as answered in time (K1), and that the bins of a day sum up to its alarms (K6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.queries.answering import Answer, bins, share

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _alarm(before: float, after: float | None = None) -> Answer:
    """One that came so many seconds before noon, and was answered so many seconds after it had come."""
    opened = NOON - timedelta(seconds=before)
    return Answer(opened, None if after is None else opened + timedelta(seconds=after))


@pytest.mark.clause("K1")
def test_who_waits_still_is_late_only_when_the_time_is_over() -> None:
    alarms = [_alarm(500, 10), _alarm(400, 10.001), _alarm(300, 61), _alarm(200), _alarm(12), _alarm(10)]
    ten, fifteen, minute = (share(alarms, seconds, NOON) for seconds in (10, 15, 60))
    assert (ten.answered, ten.alarms) == (1, 5)  # the last has its ten seconds until now
    assert (fifteen.answered, fifteen.alarms) == (2, 4)
    assert (minute.answered, minute.alarms) == (2, 4)
    assert ten.missed
    assert minute.missed


@pytest.mark.clause("K1")
def test_a_target_that_is_just_met_is_met() -> None:
    answered = [_alarm(1000, 3)] * 19
    assert not share([*answered, _alarm(1000)], 10, NOON).missed
    assert share([*answered, _alarm(1000)], 60, NOON).missed  # 95 % are not 97.5 %


def test_no_alarm_misses_no_target() -> None:
    nothing = share([], 10, NOON)
    assert nothing.value is None
    assert not nothing.missed


@pytest.mark.clause("K6")
def test_every_alarm_is_in_one_quarter_of_an_hour() -> None:
    begins, ends = NOON - timedelta(hours=12), NOON + timedelta(hours=12)
    alarms = [_alarm(12 * 3600, 3), _alarm(900, 11), _alarm(900.001, 61), _alarm(1), _alarm(0)]
    day = bins(alarms, since=begins, until=ends)
    assert len(day) == 96
    assert sum(quarter.alarms for quarter in day) == len(alarms)
    assert (day[0].within_10, day[46].later) == (1, 1)
    assert (day[47].within_60, day[47].unanswered, day[48].unanswered) == (1, 1, 1)


def test_a_day_on_which_clocks_are_put_back_has_a_hundred_quarters() -> None:
    assert len(bins([], since=NOON, until=NOON + timedelta(hours=25))) == 100
