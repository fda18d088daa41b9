"""Days on which the communities work or do not, other than the calendar of the library says: the exchanged days (调休)
that the government names each November, and holidays of the place itself. One live setting for each year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from models.live_settings import LiveSetting, put
from models.refusing import refuse

PREFIX: Final = "working_days."
MOST_DAYS: Final = 120  # of a year, of each kind
FIRST_YEAR, LAST_YEAR = 2020, 2100


def days_of(rows: Mapping[str, LiveSetting]) -> dict[date, bool]:
    """Day to whether it is worked on, of all years that anybody has set."""
    found: dict[date, bool] = {}
    for name, row in rows.items():
        if name.startswith(PREFIX) and row.value is not None:
            found.update({date.fromisoformat(day): False for day in row.value["off"]})
            found.update({date.fromisoformat(day): True for day in row.value["on"]})
    return found


async def set_days(
    session: AsyncSession, year: int, *, off: Iterable[str], on: Iterable[str], version: int, by: str
) -> None:
    """The days of this year that differ from the calendar, from now on; none of either kind: as the calendar says.

    Raises:
        FormRefused: the year or a day is none, or a day stands in both lists.
        VersionConflict: somebody else set them meanwhile.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        refuse("year", f"年份应在{FIRST_YEAR}至{LAST_YEAR}之间", f"a year from {FIRST_YEAR} to {LAST_YEAR}")
    free, worked = _days("off", off, year), _days("on", on, year)
    if both := set(free) & set(worked):
        day = min(both)
        refuse("on", f"{day} 同时列为放假和上班", f"{day} stands in both lists")
    value = {"off": free, "on": worked} if free or worked else None
    await put(session, f"{PREFIX}{year}", value, version=version, by=by, shown={"after": value})


def _days(field: str, words: Iterable[str], year: int) -> list[str]:
    found: set[str] = set()
    for word in words:
        try:
            day = date.fromisoformat(word.strip())
        except ValueError:
            refuse(field, f"日期应为 年-月-日：{word[:20]}", f"write dates as YYYY-MM-DD: {word[:20]}")
        if day.year != year:
            refuse(field, f"{day} 不在{year}年", f"{day} is not in {year}")
        found.add(day.isoformat())
    if len(found) > MOST_DAYS:
        refuse(field, f"最多{MOST_DAYS}天", f"{MOST_DAYS} days at most")
    return sorted(found)
