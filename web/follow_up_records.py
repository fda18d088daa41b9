"""Follow-ups as lists, and their completion; for page and API. Due within 2 days of the case (S1.8, S2.2, S4.7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from ivr.vocabulary import FollowUpKind
from models.audit import audit
from models.base import utc_now
from models.elders import Elder
from models.follow_ups import FollowUp
from web.problems import Conflict, NotFound

State = Literal["open", "done"]


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


@dataclass(frozen=True, slots=True)
class FollowUpPage:
    items: tuple[FollowUpView, ...]
    next: str | None


async def list_follow_ups(
    session: AsyncSession, *, state: State | None, limit: int = 50, after: int | None = None
) -> FollowUpPage:
    """Open ones first by when they are due; the cursor is a number of rows."""
    skip = after or 0
    query = select(FollowUp, Elder.name).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    if state is not None:
        query = query.where(FollowUp.done_at.is_(None) if state == "open" else FollowUp.done_at.is_not(None))
    query = query.order_by(FollowUp.done_at.is_not(None), FollowUp.due_at, FollowUp.id)
    rows = (await session.execute(query.offset(skip).limit(limit + 1))).all()
    items = tuple(_view(row, name) for row, name in rows[:limit])
    return FollowUpPage(items, str(skip + limit) if len(rows) > limit else None)


async def complete(
    session: AsyncSession,
    follow_up: int,
    *,
    version: int,
    by: str,
    done: bool,
    result: str,
    satisfaction: str,
    note: str,
) -> FollowUpView:
    """Write down what the call brought, or (`done` False) take that back.

    Raises NotFound, Conflict when somebody else was faster.
    """
    row = await session.get(FollowUp, follow_up)
    if row is None:
        raise NotFound
    if row.version != version:
        raise Conflict("problem.version", fields={"version": str(row.version)})
    row.done_at, row.done_by = (utc_now(), by) if done else (None, "")
    row.result, row.satisfaction, row.note = result, satisfaction, note
    audit(session, by, "follow_up.done" if done else "follow_up.reopen", f"follow_up:{follow_up}")
    try:
        await session.flush()
    except StaleDataError:
        raise Conflict("problem.version") from None
    elder = await session.get(Elder, row.elder_id) if row.elder_id else None
    return _view(row, elder.name if elder else None)


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
