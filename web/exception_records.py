"""Exception reports as lists, and their explanation; for page and API (K1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from models.audit import audit
from models.base import utc_now
from models.cases import CaseRow
from models.elders import Elder
from models.exception_reports import ExceptionCause, ExceptionReport
from web.problems import Conflict, NotFound

State = Literal["open", "done"]


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


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    items: tuple[ExceptionView, ...]
    next: str | None


async def list_exceptions(
    session: AsyncSession, *, state: State | None, limit: int = 50, after: int | None = None
) -> ExceptionPage:
    """The latest first, those that are not explained yet before all others; the cursor is a number of rows."""
    skip = after or 0
    query = _reports()
    if state is not None:
        done = ExceptionReport.explained_at.is_not(None)
        query = query.where(done if state == "done" else ~done)
    order = (ExceptionReport.explained_at.is_not(None), ExceptionReport.opened_at.desc(), ExceptionReport.id)
    rows = (await session.execute(query.order_by(*order).offset(skip).limit(limit + 1))).all()
    items = tuple(_view(*row) for row in rows[:limit])
    return ExceptionPage(items, str(skip + limit) if len(rows) > limit else None)


async def explain(
    session: AsyncSession, report: int, *, version: int, by: str, cause: ExceptionCause, explanation: str
) -> ExceptionView:
    """Write down why nobody answered.

    Raises NotFound, Conflict when somebody else was faster.
    """
    row = await session.get(ExceptionReport, report)
    if row is None:
        raise NotFound
    if row.version != version:
        raise Conflict("problem.version", fields={"version": str(row.version)})
    row.cause, row.explanation, row.explained_at, row.explained_by = cause, explanation, utc_now(), by
    audit(session, by, "exception_report.explain", f"exception_report:{report}")
    try:
        await session.flush()
    except StaleDataError:
        raise Conflict("problem.version") from None
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
