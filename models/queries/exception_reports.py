"""Exception reports as a list (K1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.cases import CaseRow
from models.elders import Elder
from models.exception_reports import ExceptionCause, ExceptionReport
from models.queries.paging import Page, Progress, read_page_from
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """`answered_after` in seconds, null while nobody has answered; `elder_name` is empty for an unknown caller."""

    id: int
    version: int
    case: str
    elder: int | None
    elder_name: str
    waiting_since: datetime
    opened_at: datetime
    answered_after: float | None
    cause: ExceptionCause | None
    explanation: str
    explained_at: datetime | None


async def list_exceptions(
    session: AsyncSession, *, scope: Scope, state: Progress | None, limit: int = 50, after: int | None = None
) -> Page[ExceptionView]:
    """The latest first, those that are not explained yet before all others; the cursor is a number of rows."""
    done = ExceptionReport.explained_at.is_not(None)
    query = _reports().where(scope.of_cases()).order_by(done, ExceptionReport.opened_at.desc(), ExceptionReport.id)
    if state is not None:
        query = query.where(done if state == "done" else ~done)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def exception_view(session: AsyncSession, report: int) -> ExceptionView:
    """The report of this id, which there must be."""
    return _view(*(await session.execute(_reports().where(ExceptionReport.id == report))).one())


def _reports() -> Select[ExceptionReport, datetime | None, int | None, str | None]:
    return (
        select(ExceptionReport, CaseRow.answered_at, CaseRow.elder_id, Elder.name)
        .join(CaseRow, CaseRow.id == ExceptionReport.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
    )


def _view(row: ExceptionReport, answered_at: datetime | None, elder: int | None, name: str | None) -> ExceptionView:
    since = row.waiting_since
    answered = answered_at is not None and answered_at > since  # not before the agent was lost
    return ExceptionView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        elder=elder,
        elder_name=name or "",
        waiting_since=since,
        opened_at=row.opened_at,
        answered_after=(answered_at - since).total_seconds() if answered_at is not None and answered else None,
        cause=row.cause,
        explanation=row.explanation,
        explained_at=row.explained_at,
    )
