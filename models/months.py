"""A month of this place, written `2026-11`: which it is, when it begins and ends."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from models.base import utc_now

WRITTEN: Final = r"20\d\d-(0[1-9]|1[0-2])"


def is_month(text: str) -> bool:
    return re.fullmatch(WRITTEN, text) is not None


def month_of(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m}"


def this_month() -> str:
    return month_of(utc_now())


def bounds(month: str) -> tuple[datetime, datetime]:
    """When the month begins here, and the next one. Raises ValueError: this is no month."""
    if not is_month(month):
        raise ValueError(month)
    return month_around(date.fromisoformat(f"{month}-01"))


def month_around(day: date) -> tuple[datetime, datetime]:
    """The same for the month of this day."""
    first = day.replace(day=1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return _midnight(first), _midnight(after)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()
