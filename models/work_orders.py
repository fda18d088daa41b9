"""Work orders (工单): home services that elders want. So far the drafts that agents take down by telephone (S3.1)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Aid
from models.base import Base, choice
from models.versions import Versioned


class OrderState(StrEnum):
    DRAFT = "draft"


class WorkOrder(Versioned, Base):
    """`case_id` and `case_seq`: the entry of the journal that it comes from, which is written once."""

    __tablename__ = "work_orders"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[OrderState] = mapped_column(choice(OrderState), default=OrderState.DRAFT, index=True)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"))
    case_seq: Mapped[int | None]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    aid: Mapped[Aid] = mapped_column(choice(Aid))
    wish: Mapped[str]
    drafted_at: Mapped[datetime] = mapped_column(index=True)
    drafted_by: Mapped[str]
