"""Complaints (投诉). So far the drafts that agents take down on the telephone (H5); each is to be answered (H8)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.drafts import Drafted


class ComplaintState(StrEnum):
    DRAFT = "draft"


OPEN: Final = frozenset({ComplaintState.DRAFT})  # states in which an answer is still owed


class Complaint(Drafted, Base):
    """`about`: whom or what, may be empty; `words`: what was said."""

    __tablename__ = "complaints"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    state: Mapped[ComplaintState] = mapped_column(choice(ComplaintState), default=ComplaintState.DRAFT, index=True)
    about: Mapped[str]
    words: Mapped[str]
