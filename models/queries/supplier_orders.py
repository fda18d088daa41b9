"""Work orders as the supplier sees whose they are: who the elder is only from the moment when the order was taken until
it is over, and nothing of another supplier that had it before."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.masking import numbers_in
from models.orders.states import WITH_ELDER, OrderState
from models.orders.work_orders import WorkOrder
from models.queries.paging import Page
from models.queries.work_orders import OrderHistory, OrderView, history_of, page_of_orders
from models.suppliers.records import Worker


async def orders_of_supplier(
    session: AsyncSession,
    supplier: int,
    *,
    state: OrderState | str | None = None,
    worker: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[OrderView]:
    """Those that are this supplier's now, wherever the elders live; as in `list_orders`."""
    mine = [WorkOrder.supplier_id == supplier]
    page = await page_of_orders(session, mine, state, worker=worker, limit=limit, after=after)
    return replace(page, items=tuple(seen_by_supplier(one) for one in page.items))


def seen_by_supplier(order: OrderView) -> OrderView:
    """Without the case; without the elder too, unless the supplier has to do with them now."""
    if order.state in WITH_ELDER:
        return replace(order, case=None)
    return replace(order, case=None, elder=None, elder_name="", wish=numbers_in(order.wish))


async def history_for_supplier(session: AsyncSession, number: int, supplier: int) -> OrderHistory:
    """What happened since it was sent to this supplier, by its own workers; no messages, and no calls to others."""
    whole = await history_of(session, number)
    sent = [at for at, change in enumerate(whole.changes) if change.after is OrderState.OFFERED]
    own = set(await session.scalars(select(Worker.id).where(Worker.supplier_id == supplier)))
    return OrderHistory(
        changes=whole.changes[sent[-1] if sent else 0 :],
        actions=[one for one in whole.actions if one.worker_id in own],
        photos=[one for one in whole.photos if one.worker_id in own],
        messages=(),
        calls=[one for one in whole.calls if one.supplier_id == supplier],
        redone_by=whole.redone_by,
    )
