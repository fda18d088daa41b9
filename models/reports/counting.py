"""Counting figures from the rows themselves, by the place of their elders. What is kept (`keeping.py`) is this, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder
from models.office_hours import OfficeHours
from models.reports.definitions import FIGURES, figures_of
from models.reports.figures import MOMENT, Figure, Source, joined
from models.reports.given import of_complaints

NO_PLACE = 0  # of callers whom nobody knows, and files that belong nowhere: the id of no unit
Counts = dict[int, Counter[str]]  # unit itself, without what lies below it, to figure to number


def at_places(units: Collection[int] | None) -> list[ColumnElement[bool]]:
    """Of a query with `Elder` in it: those of these units, and of `NO_PLACE` where it is one of them; None: all."""
    if units is None:
        return []
    here: ColumnElement[bool] = Elder.org_unit_id.in_(sorted(set(units) - {NO_PLACE}))
    return [or_(here, Elder.org_unit_id.is_(None)) if NO_PLACE in units else here]


def in_time(source: Source, since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    """That a row of the source belongs to this time."""
    moment = MOMENT.get(source)
    return [] if moment is None else [moment >= since, moment < until]


async def given_to(
    session: AsyncSession, source: Source, *, since: datetime, until: datetime, now: datetime, office: OfficeHours
) -> dict[str, Any]:
    """What the figures of the source are given: as of `now`, with working days by the hours of the `office`."""
    if source is Source.COMPLAINTS:
        return {**await of_complaints(session, since=since, until=until, now=now, office=office)}
    return {"now": now}


async def count(
    session: AsyncSession,
    source: Source,
    *,
    since: datetime,
    until: datetime,
    given: Mapping[str, Any],
    units: Collection[int] | None = None,
) -> Counts:
    """All figures of the source; `given`: what `given_to` says of it."""
    figures = figures_of(source)
    place = func.coalesce(Elder.org_unit_id, NO_PLACE)
    wanted = [*in_time(source, since, until), *at_places(units)]
    query = joined(source, select(place, *(_number(figure) for figure in figures))).where(*wanted).group_by(place)
    found = {}
    for unit, *numbers in await session.execute(query, given):
        pairs = zip(figures, numbers, strict=True)
        found[int(unit)] = Counter({figure.name: int(number) for figure, number in pairs if number})
    return found


async def count_one(
    session: AsyncSession, name: str, *, since: datetime, until: datetime, given: Mapping[str, Any],
    units: Collection[int] | None,
) -> int:  # fmt: skip
    """How many rows this figure has: those that `rows` finds."""
    query = rows(name, select(func.count()), since=since, until=until, units=units)
    return await session.scalar(query, given) or 0


def rows(
    name: str, query: Select[Any], *, since: datetime, until: datetime, units: Collection[int] | None
) -> Select[Any]:
    """The query narrowed to the rows of this figure; it is executed with what is `given_to` its source."""
    figure = FIGURES[name]
    wanted = [*in_time(figure.source, since, until), *at_places(units), figure.which]
    return joined(figure.source, query).where(*wanted)


def add_up(counts: Counts, units: Iterable[int]) -> Counter[str]:
    """The figures of these units together."""
    total: Counter[str] = Counter()
    for unit in units:
        total.update(counts.get(unit, {}))
    return total


def _number(figure: Figure) -> ColumnElement[int]:
    if figure.sums is None:
        return func.count().filter(figure.which)
    return func.coalesce(func.sum(figure.sums).filter(figure.which), 0)
