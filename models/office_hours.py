"""The communities' working hours (H2): 8 hours on Chinese working days, exchanged days (调休) included.

The government names next year's exchanged days in November; until the library knows them, Monday to Friday count as
worked but for the statutory holidays themselves.

The calendar is loaded with the first hours, not at the start of each process: some never ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase


class OfficeHours:
    """From `first` to `last`, in hours of the day (8.5 is half past eight), in the machine's time zone. `days` says of
    days whether they are worked on, where that is known better than by the calendar."""

    def __init__(self, first: float, last: float, days: Mapping[date, bool] | None = None) -> None:
        self.first = first
        self.last = last
        self._days = dict(days or {})
        self._calendar = _calendar()

    def open_at(self, at: datetime) -> bool:
        """Whether somebody should be at a community's seat then."""
        local = at.astimezone()
        hour = local.hour + local.minute / 60 + local.second / 3600
        return self.first <= hour < self.last and self.worked_on(local.date())

    def worked_on(self, day: date) -> bool:
        """Whether people work on this day."""
        known = self._days.get(day)
        return self._calendar.is_working_day(day) if known is None else known

    def knows(self, year: int) -> bool:
        """Whether the exchanged days of this year are known. There are some in every year."""
        return any(day.year == year for day in self._days) or any(
            day.year == year for day in _calendar(year).weekend_workdays
        )


def _calendar(year: int | None = None) -> HolidayBase:
    from holidays import country_holidays

    return country_holidays("CN", years=year)
