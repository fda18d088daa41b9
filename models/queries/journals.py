"""The journals of open cases, for a controller that starts anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState
from models.cases import CaseRow, TimelineRow
from models.elders import Elder, Terminal
from models.phone_numbers import national


async def open_journals(session: AsyncSession, *, also: Iterable[str] = ()) -> dict[str, Sequence[TimelineRow]]:
    """For each case that is not closed, and for those named, oldest first: its timeline in order. Two statements."""
    is_open = or_(CaseRow.state != CaseState.CLOSED, CaseRow.id.in_(list(also)))
    cases = (await session.scalars(select(CaseRow.id).where(is_open).order_by(CaseRow.opened_at, CaseRow.id))).all()
    found: dict[str, list[TimelineRow]] = {case: [] for case in cases}
    rows = select(TimelineRow).join(CaseRow, CaseRow.id == TimelineRow.case_id).where(is_open)
    for row in await session.scalars(rows.order_by(TimelineRow.case_id, TimelineRow.seq)):
        found.setdefault(row.case_id, []).append(row)
    return {case: rows for case, rows in found.items() if rows}


async def lately_closed(session: AsyncSession, since: datetime) -> list[tuple[str, frozenset[str], datetime]]:
    """Cases that were closed at `since` or later, oldest first: each with the numbers by which its elder may call."""
    rows = await session.execute(
        select(CaseRow.id, CaseRow.closed_at, CaseRow.caller, Elder.home_phone, Terminal.line_canonical)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .outerjoin(Terminal, Terminal.elder_id == CaseRow.elder_id)
        .where(CaseRow.state == CaseState.CLOSED, CaseRow.closed_at >= since)
        .order_by(CaseRow.closed_at, CaseRow.id)
    )
    ends: dict[str, datetime] = {}
    numbers: dict[str, set[str]] = {}
    for case, closed_at, caller, home_phone, line in rows:
        assert closed_at is not None  # by the query
        ends[case] = closed_at
        numbers.setdefault(case, set()).update({caller, home_phone or "", national(line or "")} - {""})
    return [(case, frozenset(numbers[case]), ended) for case, ended in ends.items()]
