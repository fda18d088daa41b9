"""Complaints as a list. So far only drafts, as agents took them down (H5)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from models.complaints import Complaint, ComplaintState
from models.queries.drafts import DraftView, read_drafts, shared
from models.queries.paging import Page
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class ComplaintView(DraftView):
    state: ComplaintState
    about: str
    words: str


async def list_complaints(
    session: AsyncSession,
    *,
    scope: Scope,
    state: ComplaintState | None = None,
    elder: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[ComplaintView]:
    """The latest first; the cursor is the id of the last one."""
    of_state = [] if state is None else [Complaint.state == state]
    return await read_drafts(session, Complaint, _view, *of_state, scope=scope, elder=elder, limit=limit, after=after)


def _view(row: Complaint, elder_name: str | None) -> ComplaintView:
    return ComplaintView(**shared(row, elder_name), state=row.state, about=row.about, words=row.words)
