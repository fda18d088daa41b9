"""Text messages about work orders: to the supplier that is asked, to the worker who is to go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ForeignKey, Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.messages import NO_MOBILE, MessageStatus, Outgoing
from models.orders.work_orders import WorkOrder


class OrderText(StrEnum):
    """The names of the texts in `sms/texts.toml`."""

    ORDER_OFFERED = "order_offered"
    ORDER_TAKEN_BACK = "order_taken_back"
    VISIT_PLANNED = "visit_planned"
    VISIT_CALLED_OFF = "visit_called_off"


NO_SITE: Final = "未设置 public_url，短信中没有链接，未发送 / not sent: public_url is not set, so there is no link"


class OrderMessage(Outgoing, Base):
    """`parameters`: no elder's name, number or address goes out by SMS; the worker's link goes once it was sent."""

    __tablename__ = "order_messages"
    __table_args__ = (Index(None, "status", "due_at"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"), index=True)
    kind: Mapped[OrderText] = mapped_column(choice(OrderText))

    @property
    def text(self) -> str:
        return str(self.kind)

    @property
    def our_reference(self) -> str:
        return f"order-{self.order_id}-{self.id}-{self.kind}"

    def parameters_afterwards(self) -> dict[str, Any]:
        return {name: value for name, value in self.parameters.items() if name != "link"}


def send(
    session: AsyncSession,
    order: WorkOrder,
    kind: OrderText,
    *,
    name: str,
    number: str,
    now: datetime,
    hindrance: str = "",
    **parameters: object,
) -> None:
    """Put it into the outbox; who has no number for it, or why else it cannot go out, is on record as well."""
    problem = hindrance if number else NO_MOBILE
    session.add(
        OrderMessage(
            order_id=order.id,
            kind=kind,
            name=name,
            number=number,
            parameters={"order": str(order.id), **{key: str(value) for key, value in parameters.items()}},
            status=MessageStatus.SKIPPED if problem else MessageStatus.WAITING,
            tries=0,
            asked_at=now,
            due_at=now,
            sent_at=None,
            reference="",
            problem=problem,
        )
    )
