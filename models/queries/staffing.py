"""The calls that staffing follows (S10): all that came in, and how long agents were on them. Counts only, of nobody; so
places do not narrow it: seats of the centre serve all of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind, LegKind
from models.cases import CaseLegRow, CaseRow
from models.staffing.needs import Call


async def calls_between(session: AsyncSession, first: date, after: date) -> list[Call]:
    """From the local midnight of `first` to that of `after`. What agents rang themselves does not come in."""
    begins, ends = _midnight(first), _midnight(after)
    query = (
        select(CaseRow.id, CaseRow.opened_at, CaseLegRow.answered_at, CaseLegRow.ended_at)
        .outerjoin(
            CaseLegRow,
            (CaseLegRow.case_id == CaseRow.id)
            & (CaseLegRow.kind == LegKind.SEAT)
            & CaseLegRow.mode.is_(None)
            & CaseLegRow.answered_at.is_not(None)
            & CaseLegRow.ended_at.is_not(None),
        )
        .where(CaseRow.kind != CaseKind.OUTBOUND, CaseRow.opened_at >= begins, CaseRow.opened_at < ends)
    )
    opened: dict[str, datetime] = {}
    seconds: dict[str, float] = {}
    for case, at, answered_at, ended_at in await session.execute(query):
        opened[case] = at
        spoken = (ended_at - answered_at).total_seconds() if answered_at and ended_at else 0.0
        seconds[case] = seconds.get(case, 0.0) + max(0.0, spoken)
    return list(_calls(opened, seconds))


def _calls(opened: dict[str, datetime], seconds: dict[str, float]) -> Iterator[Call]:
    return (Call(at, seconds[case]) for case, at in opened.items())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()
