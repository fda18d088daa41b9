"""Exception reports: each case that nobody answered in time has to be explained (K1). Opened by the journal, in the
transaction of the decision that led to it, once for each case; explained by a supervisor."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice


class ExceptionCause(StrEnum):
    """Why nobody answered."""

    ALL_BUSY = "all_busy"
    NOBODY_SIGNED_IN = "nobody_signed_in"
    NOT_ANSWERED = "not_answered"
    TECHNICAL = "technical"
    DRILL = "drill"
    OTHER = "other"


class ExceptionReport(Base):
    """`waiting_since`: when the case began to wait for an agent. `version` is counted up by each change: a form that
    was filled in beside another is refused."""

    __tablename__ = "exception_reports"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), unique=True)
    waiting_since: Mapped[datetime]
    opened_at: Mapped[datetime] = mapped_column(index=True)
    cause: Mapped[ExceptionCause | None] = mapped_column(choice(ExceptionCause))
    explanation: Mapped[str] = mapped_column(default="")
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[str] = mapped_column(default="")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's name and shape
