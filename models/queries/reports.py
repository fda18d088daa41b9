"""The report of a place and a period (T6, H11, X11): every figure of `models/reports/definitions.py`, of the place as a
whole, of each part of it, and day by day. Sums of the parts, and of the days, are the whole (K6).

Calls are read from what is kept by day where that can be trusted, and counted where it cannot; today always is. All
else is counted each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import add
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import utc_now
from models.elapsed import SECOND
from models.office_hours import OfficeHours
from models.org import OrgKind, OrgUnit, list_units
from models.queries.answering import Answer, answers
from models.reports.counting import Counts, add_up, at_places, count, given_to
from models.reports.definitions import FIGURES, MEANS, SHARES
from models.reports.figures import Source, Unit
from models.reports.keeping import counter_of, trusted
from models.reports.periods import Period, midnight
from models.reports.records import ReportCount
from models.scope import Scope
from models.versions import NoSuchRecord

# What is told day by day: what the charts show, and what K1 asks of every 24 hours.
BY_DAY: Final = (
    "calls", "alarms", "emergencies",
    *(f"{name}_{seconds}" for seconds in (10, 15) for name in ("answered", "alarms_known")),
)  # fmt: skip
DAILY: Final = (10, 15)  # seconds within which so many are to be answered in every 24 hours (K1)
_AT_ONCE: Final = 14  # days that are read together
_OTHERS: Final = tuple(source for source in Source if source is not Source.CASES)


class Figures:
    """Numbers by name, with the shares and means that follow from them; what nobody counted is 0."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers: Mapping[str, int] = {name: numbers.get(name, 0) for name in FIGURES}

    def __getitem__(self, name: str) -> int:
        return self.numbers[name]

    def share(self, name: str) -> float | None:
        """From 0 to 1; None where there is nothing to have a share of."""
        share = SHARES[name]
        return self[share.part] / self[share.whole] if self[share.whole] else None

    def missed(self, name: str) -> bool:
        value, target = self.share(name), SHARES[name].target
        return value is not None and target is not None and value < target

    def mean(self, name: str) -> float | None:
        """Seconds, or points; None where there is nothing to have a mean of."""
        mean = MEANS[name]
        scale = SECOND if FIGURES[mean.total].unit is Unit.MICROSECONDS else 1
        return self[mean.total] / self[mean.count] / scale if self[mean.count] else None


@dataclass(frozen=True, slots=True)
class PlacePart:
    """A place directly below that of the report, with all below it; `unit` None: the rest, who belong to the place of
    the report itself or, in the report of the whole, to none."""

    unit: int | None
    kind: OrgKind | None
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class DayPart:
    """Of the figures in `BY_DAY` only."""

    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Report:
    """`unit` None: all places and what belongs to none. `at`: when it was counted; `is_over`: the period had ended by
    then. `counted_days`: how many days had to be counted from the cases."""

    unit: int | None
    unit_name: str
    period: Period
    at: datetime
    is_over: bool
    figures: Figures
    parts: tuple[PlacePart, ...]
    days: tuple[DayPart, ...]
    counted_days: int

    def days_missed(self, seconds: int) -> list[date]:
        """The days on which too few alarms were answered within so many of `DAILY` seconds (K1)."""
        return [part.day for part in self.days if part.figures.missed(f"share_{seconds}")]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of which this account may have a report."""

    id: int | None
    name: str
    kind: OrgKind | None
    depth: int


async def report(
    session: AsyncSession,
    unit: int | None,
    period: Period,
    *,
    scope: Scope,
    office: OfficeHours,
    now: datetime | None = None,
) -> Report:
    """The figures of the unit with all below it; None: of everything. `office`: the hours of a working day (H8).

    Raises:
        NoSuchRecord: there is no such unit, or it is out of scope.
    """
    at = now or utc_now()
    tree = _Tree(await list_units(session))
    here = await _checked(session, tree, unit, scope)
    counts, days, counted = await _calls(session, period, here, at)
    for source in _OTHERS:
        time = {"since": period.since, "until": period.until}
        given = await given_to(session, source, **time, now=at, office=office)
        found = await count(session, source, **time, given=given, units=here)
        for place, numbers in found.items():
            counts.setdefault(place, Counter()).update(numbers)
    return Report(
        unit=unit,
        unit_name="" if unit is None else tree.units[unit].name,
        period=period,
        at=at,
        is_over=period.until <= at,
        figures=Figures(add_up(counts, counts)),
        parts=tuple(_parts(tree, unit, counts)),
        days=tuple(DayPart(day, Figures(days.get(day, {}))) for day in period.days),
        counted_days=counted,
    )


async def alarms_of(session: AsyncSession, unit: int | None, period: Period, *, scope: Scope) -> list[Answer]:
    """The alarms of the place, for bins of less than a day (K6). Raises NoSuchRecord, as `report`."""
    here = await _checked(session, _Tree(await list_units(session)), unit, scope)
    (of_units,) = at_places(here) or (None,)
    return await answers(session, since=period.since, until=period.until, of_units=of_units)


async def units_of(session: AsyncSession, unit: int | None, *, scope: Scope) -> Collection[int] | None:
    """What a list behind a number is narrowed to, as `counting.at_places` takes it. Raises NoSuchRecord."""
    return await _checked(session, _Tree(await list_units(session)), unit, scope)


async def places(session: AsyncSession, *, scope: Scope) -> list[Place]:
    """What this account may choose from, each place before those below it; the whole first, for who sees all."""
    tree = _Tree(await list_units(session))
    whole = [Place(None, "", None, 0)] if scope.everywhere else []
    return whole + list(tree.walk(None, scope, depth=0))


class _Tree:
    """The tree of places, in memory."""

    def __init__(self, units: list[OrgUnit]) -> None:
        self.units = {unit.id: unit for unit in units}
        self._below: dict[int | None, list[OrgUnit]] = {}
        for unit in units:
            self._below.setdefault(unit.parent_id, []).append(unit)

    def below(self, unit: int | None) -> list[OrgUnit]:
        return self._below.get(unit, [])

    def subtree(self, unit: int) -> set[int]:
        return {unit}.union(*(self.subtree(one.id) for one in self.below(unit)))

    def walk(self, parent: int | None, scope: Scope, depth: int) -> Iterator[Place]:
        """Those of them that the scope covers; `depth` counts from the uppermost that it does."""
        for unit in self.below(parent):
            covered = scope.covers(unit.id)
            if covered:
                yield Place(unit.id, unit.name, unit.kind, depth)
            yield from self.walk(unit.id, scope, depth + covered)


async def _checked(session: AsyncSession, tree: _Tree, unit: int | None, scope: Scope) -> set[int] | None:
    """The unit and all below it; None for everything. Raises NoSuchRecord."""
    if unit is None:
        if not scope.everywhere:
            raise NoSuchRecord
        return None
    if unit not in tree.units or not scope.covers(unit):
        raise NoSuchRecord
    return tree.subtree(unit)


async def _calls(
    session: AsyncSession, period: Period, here: set[int] | None, at: datetime
) -> tuple[Counts, dict[date, Counter[str]], int]:
    """By place, by day, and how many days were counted."""
    past = [day for day in period.days if midnight(day) <= at]
    kept = await trusted(session, period.first, period.last)
    counts, days = await _kept(session, sorted(kept), here)
    counted = [day for day in past if day not in kept]
    for day in counted:
        since, until = midnight(day), midnight(day + timedelta(days=1))
        found = await count(session, Source.CASES, since=since, until=until, given={"now": at}, units=here)
        total = add_up(found, found)
        days[day] = Counter({name: total[name] for name in BY_DAY})
        for place, numbers in found.items():
            counts.setdefault(place, Counter()).update(numbers)
    return counts, days, len(counted)


async def _kept(
    session: AsyncSession, days: list[date], here: set[int] | None
) -> tuple[Counts, dict[date, Counter[str]]]:
    """Read some days at a time, so that whoever else is served by this process waits a few milliseconds, not for a
    year."""
    by_place: dict[int, list[int]] = {}
    each_day: dict[date, list[int]] = {}
    for at in range(0, len(days), _AT_ONCE):
        query = select(ReportCount.day, ReportCount.unit, ReportCount.numbers)
        query = query.where(ReportCount.day.in_(days[at : at + _AT_ONCE]))
        if here is not None:
            query = query.where(ReportCount.unit.in_(sorted(here)))
        for day, unit, numbers in await session.execute(query):
            by_place[unit] = list(map(add, by_place[unit], numbers)) if unit in by_place else numbers
            each_day[day] = list(map(add, each_day[day], numbers)) if day in each_day else numbers
    by_day = {day: counter_of(numbers) for day, numbers in each_day.items()}
    return (
        {unit: counter_of(numbers) for unit, numbers in by_place.items()},
        {day: Counter({name: total[name] for name in BY_DAY}) for day, total in by_day.items()},
    )


def _parts(tree: _Tree, unit: int | None, counts: Counts) -> Iterator[PlacePart]:
    told: set[int] = set()
    for one in tree.below(unit):
        inside = tree.subtree(one.id)
        told |= inside
        yield PlacePart(one.id, one.kind, one.name, Figures(add_up(counts, inside)))
    rest = Figures(add_up(counts, counts.keys() - told))
    if told and any(rest.numbers.values()):
        yield PlacePart(None, None, "", rest)
