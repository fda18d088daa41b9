"""What a supplier's answer on the telephone does to an urgent order: what their page does (`dispatching.accept` and
`decline`), once. When they do not take it, or nobody picks up, the next one is asked (`next_supplier.py`; S3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.offer_call import ACCEPT, OfferResult
from ivr.policy import Policy
from models.orders import order_calls
from models.orders.dispatching import accept, decline, withdraw
from models.orders.next_supplier import BY, ask_next
from models.orders.order_calls import OrderCall, OrderCallState, is_open
from models.orders.work_orders import WorkOrder
from models.register import FormRefused

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
        await ask_next(session, order, now=now, policy=policy)
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
        await ask_next(session, order, now=now, policy=policy)
    await session.flush()
