"""Exception reports: each case that nobody answered in time has to be explained (K1). Opened by the journal, in the
transaction of the decision that led to it, once for each case; explained by a supervisor."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.cases import CaseRow
from models.elders import Elder
from models.scope import EVERYWHERE, Scope
from models.versions import Versioned, changing


class ExceptionCause(StrEnum):
    """Why nobody answered."""

    ALL_BUSY = "all_busy"
    NOBODY_SIGNED_IN = "nobody_signed_in"
    NOT_ANSWERED = "not_answered"
    TECHNICAL = "technical"
    DRILL = "drill"
    OTHER = "other"


class ExceptionReport(Versioned, Base):
    """`waiting_since`: when the case began to wait for an agent."""

    __tablename__ = "exception_reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), unique=True)
    waiting_since: Mapped[datetime]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    cause: Mapped[ExceptionCause | None] = mapped_column(choice(ExceptionCause))
    explanation: Mapped[str] = mapped_column(default="")
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[str] = mapped_column(default="")


async def explain(
    session: AsyncSession,
    report: int,
    *,
    version: int,
    by: str,
    cause: ExceptionCause,
    explanation: str,
    scope: Scope = EVERYWHERE,
) -> None:
    """Write down why nobody answered.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
    """
    reports = select(ExceptionReport).join(CaseRow, CaseRow.id == ExceptionReport.case_id)
    reports = reports.outerjoin(Elder, Elder.id == CaseRow.elder_id)
    found = await session.scalar(reports.where(ExceptionReport.id == report, scope.of_cases()))
    async with changing(session, found, version=version) as row:
        row.cause, row.explanation, row.explained_at, row.explained_by = cause, explanation, utc_now(), by
        audit(session, by, "exception_report.explain", f"exception_report:{report}")
