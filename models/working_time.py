"""Time that is counted in working hours only: when a working day from a moment on has passed (H8), and the way back.
Pure; which hours are worked is told by `office_hours.py`.

A working day is as long as the working hours of one day: what comes in on Friday at 15:00, with hours from 9 to 17, is
due on Monday at 15:00; what comes in on Saturday counts from Monday 9:00 and is due on Monday at 17:00.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from models.office_hours import OfficeHours

_FURTHEST: Final = 400  # days that are looked through: nobody sets that many free days in a row


def working_day(office: OfficeHours) -> timedelta:
    """How long people work on a day that is worked."""
    return timedelta(hours=office.last - office.first)


def after(office: OfficeHours, at: datetime, worked: timedelta) -> datetime:
    """The first moment at which so much (more than nothing) has been worked since `at`."""
    left = worked
    for begin, end in _days(office, at, 1):
        start = max(begin, at)
        if start < end:
            if left <= end - start:
                return (start + left).astimezone(UTC)
            left -= end - start
    return at + timedelta(days=_FURTHEST)


def before(office: OfficeHours, at: datetime, worked: timedelta) -> datetime:
    """The last moment since which so much (more than nothing) has been worked until `at`: `after` of it is `at` or
    earlier, and of no moment later than it."""
    left = worked
    for begin, end in _days(office, at, -1):
        stop = min(end, at)
        if begin < stop:
            if left <= stop - begin:
                return (stop - left).astimezone(UTC)
            left -= stop - begin
    return at - timedelta(days=_FURTHEST)


def _days(office: OfficeHours, at: datetime, step: int) -> Iterator[tuple[datetime, datetime]]:
    """The working hours of the days from this one on, forwards or backwards."""
    today = at.astimezone().date()
    for number in range(_FURTHEST):
        day = today + timedelta(days=step * number)
        if office.worked_on(day):
            yield _moment(day, office.first), _moment(day, office.last)


def _moment(day: date, hour: float) -> datetime:
    return (datetime.combine(day, time.min) + timedelta(hours=hour)).astimezone()
