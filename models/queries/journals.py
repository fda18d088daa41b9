"""The journals of open cases, for a controller that starts anew."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState
from models.cases import CaseRow, TimelineRow


async def open_journals(session: AsyncSession) -> dict[str, Sequence[TimelineRow]]:
    """For each case that is not closed, oldest first: its timeline in order. Two statements."""
    is_open = CaseRow.state != CaseState.CLOSED
    cases = (await session.scalars(select(CaseRow.id).where(is_open).order_by(CaseRow.opened_at, CaseRow.id))).all()
    found: dict[str, list[TimelineRow]] = {case: [] for case in cases}
    rows = select(TimelineRow).join(CaseRow, CaseRow.id == TimelineRow.case_id).where(is_open)
    for row in await session.scalars(rows.order_by(TimelineRow.case_id, TimelineRow.seq)):
        found.setdefault(row.case_id, []).append(row)
    return {case: rows for case, rows in found.items() if rows}
