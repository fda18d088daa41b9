"""Complaints as a list. So far only drafts, as agents took them down (H5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.complaints import Complaint, ComplaintState
from models.elders import Elder
from models.queries.paging import Page, read_page


@dataclass(frozen=True, slots=True)
class ComplaintView:
    """`case` and `elder` are None where their record was deleted; `drafted_by` as in the timeline (`user:7`)."""

    id: int
    version: int
    state: ComplaintState
    case: str | None
    elder: int | None
    elder_name: str
    about: str
    words: str
    drafted_at: datetime
    drafted_by: str


async def list_complaints(
    session: AsyncSession,
    *,
    state: ComplaintState | None = None,
    elder: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[ComplaintView]:
    """The latest first; the cursor is the id of the last one."""
    query = select(Complaint, Elder.name).outerjoin(Elder, Elder.id == Complaint.elder_id)
    if state is not None:
        query = query.where(Complaint.state == state)
    if elder is not None:
        query = query.where(Complaint.elder_id == elder)
    if after is not None:
        query = query.where(Complaint.id < after)
    return await read_page(
        session, query.order_by(Complaint.id.desc()), _view, limit=limit, cursor=lambda complaint: complaint.id
    )


def _view(row: Complaint, elder_name: str | None) -> ComplaintView:
    return ComplaintView(
        id=row.id,
        version=row.version,
        state=row.state,
        case=row.case_id,
        elder=row.elder_id,
        elder_name=elder_name or "",
        about=row.about,
        words=row.words,
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
    )
