"""A month as quality counts it: the local one, written `2026-11`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from models.base import utc_now

_MONTH: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


def is_month(text: str) -> bool:
    return _MONTH.fullmatch(text) is not None


def month_of(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m}"


def this_month() -> str:
    return month_of(utc_now())


def bounds(month: str) -> tuple[datetime, datetime]:
    """When the month begins here, and the next one. Raises ValueError: this is no month."""
    if not is_month(month):
        raise ValueError(month)
    year, number = int(month[:4]), int(month[5:])
    begins = datetime(year, number, 1)  # noqa: DTZ001 - local midnight, made aware below
    ends = datetime(year + number // 12, number % 12 + 1, 1)  # noqa: DTZ001 - the same
    return begins.astimezone(), ends.astimezone()
