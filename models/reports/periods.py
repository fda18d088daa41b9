"""Periods of a report: a day, a month, a quarter, a year, or from one day to another; each ends at the midnight of the
centre. Written as `2026-11-26`, `2026-11`, `2026-Q4`, `2026`, `2026-11-01..2026-11-15`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

LONGEST: Final = 366  # days
_WRITTEN: Final = re.compile(r"(20\d\d)(?:-Q([1-4])|-(\d\d)(?:-(\d\d))?)?")
_DAY: Final = timedelta(days=1)


class PeriodKind(StrEnum):
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Period:
    """From the first to the last day, both included."""

    kind: PeriodKind
    first: date
    last: date

    @property
    def text(self) -> str:
        """As `parse` reads it."""
        match self.kind:
            case PeriodKind.DAY:
                return self.first.isoformat()
            case PeriodKind.MONTH:
                return f"{self.first:%Y-%m}"
            case PeriodKind.QUARTER:
                return f"{self.first.year}-Q{(self.first.month + 2) // 3}"
            case PeriodKind.YEAR:
                return str(self.first.year)
            case PeriodKind.DAYS:
                return f"{self.first}..{self.last}"

    @property
    def since(self) -> datetime:
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        """The first moment that is not in it any more."""
        return midnight(self.last + _DAY)

    @property
    def days(self) -> list[date]:
        return [self.first + number * _DAY for number in range((self.last - self.first).days + 1)]

    @property
    def before(self) -> Period:
        """The one of this kind that ends when this one begins."""
        last = self.first - _DAY
        if self.kind is PeriodKind.DAYS:
            return Period(self.kind, self.first - (self.last - self.first) - _DAY, last)
        return of_day(self.kind, last)

    @property
    def after(self) -> Period:
        first = self.last + _DAY
        if self.kind is PeriodKind.DAYS:
            return Period(self.kind, first, first + (self.last - self.first))
        return of_day(self.kind, first)


def midnight(day: date) -> datetime:
    """When this day begins here."""
    return datetime.combine(day, time.min).astimezone()


def day_of(at: datetime) -> date:
    """The day of this moment, as people at the centre see it."""
    return at.astimezone().date()


def of_day(kind: PeriodKind, day: date) -> Period:
    """The period of this kind that the day is in."""
    match kind:
        case PeriodKind.DAY | PeriodKind.DAYS:
            return Period(PeriodKind.DAY, day, day)
        case PeriodKind.MONTH:
            return Period(kind, day.replace(day=1), _end(day.year, day.month))
        case PeriodKind.QUARTER:
            begins = (day.month - 1) // 3 * 3 + 1
            return Period(kind, date(day.year, begins, 1), _end(day.year, begins + 2))
        case PeriodKind.YEAR:
            return Period(kind, date(day.year, 1, 1), date(day.year, 12, 31))


def between(first: date, last: date) -> Period:
    """Raises ValueError: it ends before it begins, or is longer than a year."""
    if not 0 <= (last - first).days < LONGEST:
        raise ValueError(f"{first}..{last}")
    return Period(PeriodKind.DAY if first == last else PeriodKind.DAYS, first, last)


def parse(text: str) -> Period:
    """Raises ValueError: this is no period."""
    first, dots, last = text.partition("..")
    if dots:
        return between(_one(first).first, _one(last).last)
    return _one(text)


def _one(text: str) -> Period:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, quarter, month, day = (None if part is None else int(part) for part in found.groups())
    assert year is not None  # there is no match without it
    if quarter is not None:
        return of_day(PeriodKind.QUARTER, date(year, 3 * quarter, 1))
    if month is None:
        return of_day(PeriodKind.YEAR, date(year, 1, 1))
    return of_day(PeriodKind.MONTH if day is None else PeriodKind.DAY, date(year, month, day or 1))


def _end(year: int, month: int) -> date:
    """The last day of the month."""
    return date(year + month // 12, month % 12 + 1, 1) - _DAY
