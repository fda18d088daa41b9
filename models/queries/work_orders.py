"""Work orders as a list. So far only drafts, as agents took them down (S3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid
from models.elders import Elder
from models.queries.paging import Page, read_page
from models.work_orders import OrderState, WorkOrder


@dataclass(frozen=True, slots=True)
class OrderView:
    """`case` and `elder` are None where their record was deleted; `drafted_by` as in the timeline (`user:7`)."""

    id: int
    version: int
    state: OrderState
    case: str | None
    elder: int | None
    elder_name: str
    aid: Aid
    wish: str
    drafted_at: datetime
    drafted_by: str


async def list_orders(
    session: AsyncSession,
    *,
    state: OrderState | None = None,
    elder: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[OrderView]:
    """The latest first; the cursor is the id of the last one."""
    query = select(WorkOrder, Elder.name).outerjoin(Elder, Elder.id == WorkOrder.elder_id)
    if state is not None:
        query = query.where(WorkOrder.state == state)
    if elder is not None:
        query = query.where(WorkOrder.elder_id == elder)
    if after is not None:
        query = query.where(WorkOrder.id < after)
    return await read_page(
        session, query.order_by(WorkOrder.id.desc()), _view, limit=limit, cursor=lambda order: order.id
    )


def _view(row: WorkOrder, elder_name: str | None) -> OrderView:
    return OrderView(
        id=row.id,
        version=row.version,
        state=row.state,
        case=row.case_id,
        elder=row.elder_id,
        elder_name=elder_name or "",
        aid=row.aid,
        wish=row.wish,
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
    )
