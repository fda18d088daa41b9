"""Complaints (投诉). So far the drafts that agents take down on the telephone (H5); each is to be answered (H8)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.versions import Versioned


class ComplaintState(StrEnum):
    DRAFT = "draft"


class Complaint(Versioned, Base):
    """`about`: whom or what, may be empty; `words`: what was said. `case_id` and `case_seq`: the entry of the journal
    that it comes from, which is written once."""

    __tablename__ = "complaints"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[ComplaintState] = mapped_column(choice(ComplaintState), default=ComplaintState.DRAFT, index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"))
    case_seq: Mapped[int | None]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    about: Mapped[str]
    words: Mapped[str]
    drafted_at: Mapped[datetime] = mapped_column(index=True)
    drafted_by: Mapped[str]
