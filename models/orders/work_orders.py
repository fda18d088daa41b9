"""The tables of work orders and of all that happened to them; finding one, and the one way to change its state."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Aid, Rating
from models.audit import audit
from models.base import Base, choice, utc_now
from models.drafts import Drafted
from models.elders import Elder
from models.orders.states import OrderState, check_step
from models.scope import Scope
from models.versions import NoSuchRecord


class WorkOrder(Drafted, Base):
    """`wish`: in the elder's words. `price` in fen, agreed when it was offered, for one unit of the service;
    `offer_reason`: why this supplier was asked. `call_due_at`: until when the supplier is to have rung the elder (H7).
    `minimum_minutes` as the service said when it was offered; `minutes` between the two scans. `redo_of`: the void
    order that this one makes good (T3)."""

    __tablename__ = "work_orders"
    __table_args__ = (UniqueConstraint("case_id", "case_seq"),)

    state: Mapped[OrderState] = mapped_column(choice(OrderState), default=OrderState.DRAFT, index=True)
    aid: Mapped[Aid] = mapped_column(choice(Aid))
    wish: Mapped[str]
    urgent: Mapped[bool] = mapped_column(default=False, server_default=false())
    service_id: Mapped[int | None] = mapped_column(ForeignKey("services.id", ondelete="RESTRICT"), index=True)
    supplier_id: Mapped[int | None] = mapped_column(ForeignKey("suppliers.id", ondelete="RESTRICT"), index=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("supplier_workers.id", ondelete="RESTRICT"), index=True)
    price: Mapped[int | None]
    offer_reason: Mapped[str] = mapped_column(default="", server_default="")
    offered_at: Mapped[datetime | None]
    call_due_at: Mapped[datetime | None] = mapped_column(index=True)
    elder_called_at: Mapped[datetime | None]
    appointed_for: Mapped[datetime | None] = mapped_column(index=True)
    minimum_minutes: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None] = mapped_column(index=True)
    minutes: Mapped[int | None]
    redo_of: Mapped[int | None] = mapped_column(ForeignKey("work_orders.id", ondelete="SET NULL"), index=True)
    grade: Mapped[Rating | None] = mapped_column(choice(Rating))
    graded_at: Mapped[datetime | None]
    graded_by: Mapped[str] = mapped_column(default="", server_default="")


class OrderChange(Base):
    """One step of an order: `by` an actor (`user:7`, `worker:3`, `system:minimum_time`), `why` in words, `data` ids and
    figures that belong to it. The first has no `before`."""

    __tablename__ = "order_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    before: Mapped[OrderState | None] = mapped_column(choice(OrderState))
    after: Mapped[OrderState] = mapped_column(choice(OrderState))
    why: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]]


async def find_order(
    session: AsyncSession, number: int, *, scope: Scope | None = None, supplier: int | None = None
) -> WorkOrder:
    """An order whose elder is in `scope`, or one that is this supplier's now.

    Raises:
        NoSuchRecord: there is none, or it is not to be seen.
    """
    assert (scope is None) != (supplier is None)
    query = select(WorkOrder).outerjoin(Elder, Elder.id == WorkOrder.elder_id).where(WorkOrder.id == number)
    query = query.where(scope.of_elders() if scope is not None else WorkOrder.supplier_id == supplier)
    order = await session.scalar(query)
    if order is None:
        raise NoSuchRecord
    return order


def move(session: AsyncSession, order: WorkOrder, after: OrderState, *, by: str, why: str = "", **data: object) -> None:
    """Bring the order into this state, on record. `data`: ids, choices and figures only, as on the audit log.

    Raises:
        IllegalStep: that cannot follow.
    """
    check_step(order.state, after)
    record(session, order, after, before=order.state, by=by, why=why, **data)
    order.state = after


def record(
    session: AsyncSession,
    order: WorkOrder,
    after: OrderState,
    *,
    before: OrderState | None,
    by: str,
    why: str = "",
    **data: object,
) -> None:
    """Put a step on record; `why` is somebody's words and stays out of the audit log."""
    session.add(OrderChange(order_id=order.id, by=by, before=before, after=after, why=why.strip(), data=dict(data)))
    audit(session, by, f"order.{after}", f"order:{order.id}", elder=order.elder_id, **data)
