"""The calls that staffing follows (S10): all that came in, and how long agents were on them. Counts only, of nobody; so
places do not narrow it: seats of the centre serve all of them. Summed up by the database: weeks of a district are some
hundred thousand calls, and a few thousand quarters of an hour."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import ColumnElement, distinct, extract, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind, LegKind
from models.cases import CaseLegRow, CaseRow
from models.staffing.needs import Bin

_SECONDS: Final = 900  # of a quarter of an hour


async def bins_between(session: AsyncSession, first: date, after: date) -> list[Bin]:
    """Quarters of an hour with calls, from the local midnight of `first` to that of `after`. What agents rang
    themselves does not come in; a supervisor who listens takes no call."""
    begins, ends = _midnight(first), _midnight(after)
    came = _epoch(CaseRow.opened_at)
    quarter = came - came % _SECONDS
    spoken = _epoch(CaseLegRow.ended_at) - _epoch(CaseLegRow.answered_at)
    query = (
        select(
            quarter,
            func.count(distinct(CaseRow.id)),
            func.count(distinct(CaseLegRow.case_id)),
            func.coalesce(func.sum(spoken), 0),
        )
        .outerjoin(
            CaseLegRow,
            (CaseLegRow.case_id == CaseRow.id)
            & (CaseLegRow.kind == LegKind.SEAT)
            & CaseLegRow.mode.is_(None)
            & CaseLegRow.answered_at.is_not(None)
            & CaseLegRow.ended_at.is_not(None),
        )
        .where(CaseRow.kind != CaseKind.OUTBOUND, CaseRow.opened_at >= begins, CaseRow.opened_at < ends)
        .group_by(quarter)
    )
    return [
        Bin(datetime.fromtimestamp(float(at), UTC), calls, answered, float(seconds))
        for at, calls, answered, seconds in await session.execute(query)
    ]


def _epoch(column: Any) -> ColumnElement[Any]:
    """Whole seconds on SQLite, with their fraction on PostgreSQL."""
    return extract("epoch", column)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()
