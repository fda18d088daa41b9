"""Work orders as a list. So far only drafts, as agents took them down (S3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.queries.drafts import DraftView, read_drafts, shared
from models.queries.paging import Page
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class OrderView(DraftView):
    state: OrderState
    aid: Aid
    wish: str


async def list_orders(
    session: AsyncSession,
    *,
    scope: Scope,
    state: OrderState | None = None,
    elder: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[OrderView]:
    """The latest first; the cursor is the id of the last one."""
    of_state = [] if state is None else [WorkOrder.state == state]
    return await read_drafts(session, WorkOrder, _view, *of_state, scope=scope, elder=elder, limit=limit, after=after)


def _view(row: WorkOrder, elder_name: str | None) -> OrderView:
    return OrderView(**shared(row, elder_name), state=row.state, aid=row.aid, wish=row.wish)
