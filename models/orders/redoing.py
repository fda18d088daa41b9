"""A visit that is over: what the supplier's score is told of it; and what does not count, with the new order that is to
be done instead (T3)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder, move, record
from models.suppliers.outcomes import order_ended
from models.suppliers.records import WORKING, Supplier


async def make_void(
    session: AsyncSession,
    order: WorkOrder,
    *,
    by: str,
    now: datetime,
    policy: Policy,
    why: str = "",
    **data: object,
) -> WorkOrder:
    """The order is void; the new one, at once. It stays with the supplier, who has accepted to do it and is to ring the
    elder again, for the visit must be agreed anew (T4); a supplier that may not work any more gets no new one.

    Raises:
        IllegalStep: it cannot be void any more, or not yet.
    """
    move(session, order, OrderState.VOID, by=by, why=why, **data)
    await tell_score(session, order, at=now, policy=policy)
    again = WorkOrder(
        case_id=order.case_id,
        elder_id=order.elder_id,
        drafted_at=now,
        drafted_by=by,
        state=OrderState.DRAFT,
        aid=order.aid,
        wish=order.wish,
        urgent=order.urgent,
        service_id=order.service_id,
        redo_of=order.id,
    )
    firm = None if order.supplier_id is None else await session.get(Supplier, order.supplier_id)
    if firm is not None and firm.status in WORKING:
        again.state, again.supplier_id, again.price = OrderState.ACCEPTED, firm.id, order.price
        again.offer_reason, again.minimum_minutes = order.offer_reason, order.minimum_minutes
        again.offered_at, again.call_due_at = now, now + timedelta(minutes=policy.order_call)
    session.add(again)
    await session.flush()
    record(session, again, again.state, before=None, by=by, redo_of=order.id)
    return again


async def tell_score(session: AsyncSession, order: WorkOrder, *, at: datetime, policy: Policy) -> None:
    """The supplier's score hears of a visit that is over, or void; it may be suspended for it (H9)."""
    if order.supplier_id is None or order.service_id is None:
        return
    punctual = None
    if order.started_at is not None and order.appointed_for is not None:
        punctual = order.started_at <= order.appointed_for + timedelta(minutes=policy.order_punctual)
    await order_ended(
        session,
        order.supplier_id,
        order.id,
        policy=policy,
        service=order.service_id,
        at=at,
        punctual=punctual,
        void=order.state is OrderState.VOID,
        worker=order.worker_id,
    )
