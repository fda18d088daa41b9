"""An order that does not count, and the new one that is to be done instead (T3)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder, move, record

RING_WITHIN: Final = timedelta(minutes=30)  # the elder, for another appointment (H7)


async def make_void(
    session: AsyncSession, order: WorkOrder, *, by: str, now: datetime, why: str = "", **data: object
) -> WorkOrder:
    """The order is void; the new one, at once. It stays with the supplier, who has accepted to do it and is to ring the
    elder again: the visit must be agreed anew (T4).

    Raises:
        IllegalStep: it cannot be void any more, or not yet.
    """
    move(session, order, OrderState.VOID, by=by, why=why, **data)
    again = WorkOrder(
        case_id=order.case_id,
        elder_id=order.elder_id,
        drafted_at=now,
        drafted_by=by,
        state=OrderState.ACCEPTED,
        aid=order.aid,
        wish=order.wish,
        urgent=order.urgent,
        service_id=order.service_id,
        supplier_id=order.supplier_id,
        price=order.price,
        offer_reason=order.offer_reason,
        offered_at=now,
        call_due_at=now + RING_WITHIN,
        minimum_minutes=order.minimum_minutes,
        redo_of=order.id,
    )
    session.add(again)
    await session.flush()
    record(session, again, OrderState.ACCEPTED, before=None, by=by, redo_of=order.id)
    return again
