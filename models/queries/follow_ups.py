"""Follow-ups as a list. Due within 2 days of the case (S1.8, S2.2, S4.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import FollowUpKind
from models.base import utc_now
from models.elders import Elder
from models.follow_ups import FollowUp
from models.queries.paging import Page, Progress, read_page_from
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """`elder_name` is empty for a file that was deleted."""

    id: int
    version: int
    case: str
    elder: int | None
    elder_name: str
    kind: FollowUpKind
    due_at: datetime
    overdue: bool
    done_at: datetime | None
    result: str
    satisfaction: str
    note: str


async def list_follow_ups(
    session: AsyncSession, *, scope: Scope, state: Progress | None, limit: int = 50, after: int | None = None
) -> Page[FollowUpView]:
    """Open ones first by when they are due; the cursor is a number of rows."""
    done = FollowUp.done_at.is_not(None)
    query = _follow_ups().where(scope.of_elders()).order_by(done, FollowUp.due_at, FollowUp.id)
    if state is not None:
        query = query.where(done if state == "done" else ~done)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def follow_up_view(session: AsyncSession, follow_up: int) -> FollowUpView:
    """The follow-up of this id, which there must be."""
    return _view(*(await session.execute(_follow_ups().where(FollowUp.id == follow_up))).one())


def _follow_ups() -> Select[FollowUp, str | None]:
    return select(FollowUp, Elder.name).outerjoin(Elder, Elder.id == FollowUp.elder_id)


def _view(row: FollowUp, elder_name: str | None) -> FollowUpView:
    return FollowUpView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        elder=row.elder_id,
        elder_name=elder_name or "",
        kind=row.kind,
        due_at=row.due_at,
        overdue=row.done_at is None and row.due_at < utc_now(),
        done_at=row.done_at,
        result=row.result,
        satisfaction=row.satisfaction,
        note=row.note,
    )
