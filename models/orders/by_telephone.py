"""What a supplier's answer on the telephone does to an urgent order: what their page does (`dispatching.accept` and
`decline`), once; and who is asked when they do not take it, or nobody picks up (S3.2, H10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.offer_call import ACCEPT, OfferResult
from ivr.policy import Policy
from models.orders import order_calls
from models.orders.dispatching import accept, decline, offer, withdraw
from models.orders.order_calls import OrderCall, OrderCallState, is_open
from models.orders.states import OrderState
from models.orders.work_orders import OrderChange, WorkOrder
from models.queries.offers import offers_of
from models.register import FormRefused

BY: Final = "system:order_call"
PRESSED_1: Final = "电话中按1 / pressed 1 on the telephone"
PRESSED_2: Final = "电话中按2 / pressed 2 on the telephone"
NOBODY: Final = "电话无人接听或未按键 / nobody answered the telephone, or pressed a key"


async def answered(
    session: AsyncSession, call: int, key: str, *, caller: str, now: datetime, policy: Policy
) -> OfferResult:
    """Key 1 or 2 in this call, on record with what it did. Told twice, it is the same answer; of several who answer for
    one order the first counts."""
    row = await order_calls.mine(session, call, caller=caller)
    if row is None:
        told = await session.get(OrderCall, call)
        return OfferResult.SETTLED if told is None or told.key != key else OfferResult(told.state)
    order = await session.get(WorkOrder, row.order_id, with_for_update=True)
    result = OfferResult.SETTLED
    if order is not None and is_open(order, row):
        by = f"supplier:{row.supplier_id}"
        try:
            if key == ACCEPT:
                await accept(session, order, by=by, version=order.version, why=PRESSED_1)
                result = OfferResult.ACCEPTED
            else:
                await decline(session, order, by=by, version=order.version, why=PRESSED_2, now=now)
                result = OfferResult.DECLINED
        except FormRefused:  # suspended since
            pass
    row.state, row.key, row.ended_at, row.caller = OrderCallState(result), key, now, ""
    if order is not None and result is OfferResult.DECLINED:
        await _ask_next(session, order, now=now, policy=policy)
    await session.flush()
    return result


async def not_answered(session: AsyncSession, call: int, *, caller: str, now: datetime, policy: Policy) -> None:
    """Nobody picked up, or pressed a key. They are rung again after a pause; in the end the order is taken back and the
    next one is asked."""
    row = await order_calls.mine(session, call, caller=caller)
    if row is None:
        return
    order = await session.get(WorkOrder, row.order_id, with_for_update=True)
    row.caller, row.dialled_at, row.ended_at = "", None, now
    if order is None or not is_open(order, row):
        row.state = OrderCallState.SETTLED
    elif row.tries < policy.offer_tries:
        row.state, row.ended_at = OrderCallState.DUE, None
        row.due_at = now + timedelta(minutes=policy.offer_pause)
    else:
        row.state = OrderCallState.NO_ANSWER
        await withdraw(session, order, by=BY, version=order.version, why=NOBODY, now=now)
        await _ask_next(session, order, now=now, policy=policy)
    await session.flush()


async def _ask_next(session: AsyncSession, order: WorkOrder, *, now: datetime, policy: Policy) -> None:
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
