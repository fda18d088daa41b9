"""Counts of calls that are kept by day, so that a year is read in a moment: when a day may be kept, when what is kept
is not true any more, and that a recount finds the same.

A day is kept when it is over and all of its cases are closed: nothing of them changes after that, but whose they are.
So what is kept is not believed where the number of the day's cases, or of those without an elder, is another one; where
an elder with a case on that day was moved, merged or put into another class since; and not at all where a seat belongs
elsewhere or a figure is defined anew. Whoever reads looks at these four by itself (`trusted`) and counts the other days
from the cases: no other module has to know that anything is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState
from models.base import utc_now
from models.cases import CaseRow
from models.database import Database
from models.elders import ElderChange
from models.reports.counting import Counts, count
from models.reports.definitions import figures_of
from models.reports.figures import Source
from models.reports.periods import day_of, midnight
from models.reports.records import ReportBasis, ReportCount, ReportDay
from models.seats import Seat
from models.versions import fingerprint

OVERLAP: Final = timedelta(minutes=2)  # a change is written down before its transaction ends
SETTLED: Final = timedelta(
    minutes=5
)  # after midnight: by then it is known of each alarm whether it was answered in time
MOVES: Final = ("org_unit_id", "service_class", "merged")  # fields of an elder's history that say where calls count
_DAY: Final = timedelta(days=1)
NAMES: Final = tuple(figure.name for figure in figures_of(Source.CASES))  # what the kept numbers are, in order


async def trusted(session: AsyncSession, first: date, last: date) -> set[date]:
    """The days of this time whose kept counts are those of the cases now."""
    basis = await session.get(ReportBasis, 1)
    if basis is None or not await _stands(session, basis):
        return set()
    query = select(ReportDay).where(ReportDay.day.between(first, last)).order_by(ReportDay.day)
    kept = {row.day: row for row in await session.scalars(query)}
    stale = await _moved(session, kept, basis.looked_at)
    return {day for day in kept if day not in stale} - await _late(session, list(kept.values()))


async def keep(db: Database, day: date) -> bool | None:
    """Count the day and keep it. Whether it differs from what was kept of it; None: it cannot be kept yet."""
    at = utc_now()
    since, until = midnight(day), midnight(day + _DAY)
    if at < until + SETTLED:
        return None
    async with db.read() as session:
        open_cases = select(CaseRow.id).where(*_of(since, until), CaseRow.state != CaseState.CLOSED)
        if await session.scalar(open_cases.limit(1)) is not None:
            return None
        row = ReportDay(
            day=day,
            calls=await _cases(session, since, until),
            nameless=await _cases(session, since, until, nameless=True),
            counted_at=at,
        )
        counts = await count(session, Source.CASES, since=since, until=until, given={"now": at})
        before = await kept_counts(session, day)
        known = await session.get(ReportDay, day) is not None
    async with db.write() as session:
        await _forget(session, [day])
        session.add(row)
        rows = [
            {"day": day, "unit": unit, "numbers": [figures[name] for name in NAMES]} for unit, figures in counts.items()
        ]
        if rows:
            await session.execute(insert(ReportCount), rows)
    return known and before != counts


async def kept_counts(session: AsyncSession, day: date) -> Counts:
    """What is kept of the day, in the shape of a count."""
    rows = await session.scalars(select(ReportCount).where(ReportCount.day == day))
    return {row.unit: counter_of(row.numbers) for row in rows}


def counter_of(numbers: Sequence[int]) -> Counter[str]:
    """Kept numbers by the names of their figures."""
    return Counter({name: number for name, number in zip(NAMES, numbers, strict=True) if number})


async def renew_basis(db: Database) -> None:
    """Throw away what is not true any more, and note what the rest stands on."""
    at = utc_now()
    async with db.write() as session:
        basis = await session.get(ReportBasis, 1)
        if basis is None or not await _stands(session, basis):
            await session.execute(delete(ReportCount))
            await session.execute(delete(ReportDay))
            if basis is not None:
                await session.delete(basis)
                await session.flush()
            session.add(
                ReportBasis(id=1, definitions=_definitions(), seats=await _seats(session), looked_at=at - OVERLAP)
            )
            return
        kept = {row.day: row for row in await session.scalars(select(ReportDay))}
        stale = await _moved(session, kept, basis.looked_at) | await _late(session, list(kept.values()))
        await _forget(session, stale)
        basis.looked_at = at - OVERLAP


async def missing(session: AsyncSession, *, today: date) -> list[date]:
    """The days that are over and not kept, the latest first, from the first case on."""
    earliest = await session.scalar(select(func.min(CaseRow.opened_at)))
    if earliest is None:
        return []
    kept = set(await session.scalars(select(ReportDay.day)))
    first = day_of(earliest)
    days = (today - number * _DAY for number in range(1, (today - first).days + 1))
    return [day for day in days if day not in kept]


async def longest_kept(session: AsyncSession) -> date | None:
    """The day that was counted longest ago."""
    return await session.scalar(select(ReportDay.day).order_by(ReportDay.counted_at, ReportDay.day).limit(1))


def _of(since: datetime, until: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return CaseRow.opened_at >= since, CaseRow.opened_at < until


async def _cases(session: AsyncSession, since: datetime, until: datetime, *, nameless: bool = False) -> int:
    """Read from an index, without the rows."""
    query = select(func.count()).select_from(CaseRow).where(*_of(since, until))
    return await session.scalar(query.where(CaseRow.elder_id.is_(None)) if nameless else query) or 0


async def _late(session: AsyncSession, kept: Sequence[ReportDay]) -> set[date]:
    """Days that have other cases than when they were counted. Days that follow each other are asked for together."""
    late: set[date] = set()
    for run in _runs(kept):
        since, until = midnight(run[0].day), midnight(run[-1].day + _DAY)
        calls, nameless = await _cases(session, since, until), await _cases(session, since, until, nameless=True)
        if (calls, nameless) == (sum(row.calls for row in run), sum(row.nameless for row in run)):
            continue
        if len(run) == 1:
            late.add(run[0].day)
        else:
            half = len(run) // 2
            late |= await _late(session, run[:half]) | await _late(session, run[half:])
    return late


def _runs(kept: Sequence[ReportDay]) -> list[list[ReportDay]]:
    runs: list[list[ReportDay]] = []
    for row in kept:
        if runs and row.day - runs[-1][-1].day == _DAY:
            runs[-1].append(row)
        else:
            runs.append([row])
    return runs


async def _moved(session: AsyncSession, kept: Mapping[date, ReportDay], looked_at: datetime) -> set[date]:
    """Days with a case of an elder whose calls count elsewhere since."""
    if not kept:
        return set()
    since, until = midnight(min(kept)), midnight(max(kept) + _DAY)
    query = (
        select(CaseRow.opened_at, ElderChange.at)
        .join(ElderChange, ElderChange.elder_id == CaseRow.elder_id)
        .where(ElderChange.at > looked_at, ElderChange.field.in_(MOVES), *_of(since, until))
    )
    moved = set()
    for opened_at, changed_at in await session.execute(query):
        row = kept.get(day_of(opened_at))
        if row is not None and changed_at > row.counted_at - OVERLAP:
            moved.add(row.day)
    return moved


async def _stands(session: AsyncSession, basis: ReportBasis) -> bool:
    return (basis.definitions, basis.seats) == (_definitions(), await _seats(session))


async def _seats(session: AsyncSession) -> int:
    rows = await session.execute(select(Seat.extension, Seat.org_unit_id).order_by(Seat.extension))
    return fingerprint(*(tuple(row) for row in rows))


@cache
def _definitions() -> int:
    """Another one whenever a figure of calls is counted in another way; its SQL on SQLite says how."""
    told: list[object] = []
    for figure in figures_of(Source.CASES):
        parts: list[ColumnElement[Any]] = [figure.which, *([] if figure.sums is None else [figure.sums])]
        for said in (part.compile(dialect=sqlite.dialect()) for part in parts):
            told += [figure.name, str(said), sorted(said.params.items(), key=str)]
    return fingerprint(*told)


async def _forget(session: AsyncSession, days: Collection[date]) -> None:
    for day in days:
        await session.execute(delete(ReportCount).where(ReportCount.day == day))
        await session.execute(delete(ReportDay).where(ReportDay.day == day))
