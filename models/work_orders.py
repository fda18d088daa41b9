"""Work orders (工单): home services that elders want. So far the drafts that agents take down by telephone (S3.1)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Aid
from models.base import Base, choice
from models.drafts import Drafted


class OrderState(StrEnum):
    DRAFT = "draft"


class WorkOrder(Drafted, Base):
    """`wish`: in the elder's words."""

    __tablename__ = "work_orders"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    state: Mapped[OrderState] = mapped_column(choice(OrderState), default=OrderState.DRAFT, index=True)
    aid: Mapped[Aid] = mapped_column(choice(Aid))
    wish: Mapped[str]
