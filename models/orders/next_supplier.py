"""An urgent order waits for nobody to choose: when a supplier does not take it, by telephone or on a page, the next one
in the ranking is asked (S3.2, H10)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.orders.dispatching import offer
from models.orders.states import OrderState
from models.orders.work_orders import OrderChange, WorkOrder
from models.queries.offers import offers_of
from models.register import FormRefused

BY: Final = "system:order_call"


async def ask_next(session: AsyncSession, order: WorkOrder, *, now: datetime, policy: Policy) -> None:
    """The best of those who have not been asked for this order. Nobody is left: the order waits for a person, who finds
    it among what is overdue (`queries.work_orders.is_overdue`)."""
    changes = select(OrderChange).where(OrderChange.order_id == order.id, OrderChange.after == OrderState.OFFERED)
    asked = {change.data.get("supplier") for change in await session.scalars(changes)}
    ranked = (await offers_of(session, order, policy)).offered
    following = next((one for one in ranked if one.supplier not in asked), None)
    if following is None:
        return
    try:
        await offer(
            session,
            order,
            following.supplier,
            reason=following.reason,
            by=BY,
            version=order.version,
            now=now,
            policy=policy,
        )
    except FormRefused:  # the elder is gone, or the price is above the limit: for a person to see to
        return
