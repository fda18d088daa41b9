"""Work orders as a list, for who sees places; and one with all that happened to it. What the supplier sees whose they
are is told by `supplier_orders.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid, Rating
from models.base import utc_now
from models.elders import Elder
from models.orders.messages import OrderMessage
from models.orders.order_calls import OrderCall
from models.orders.states import ELDER_WAITS, TO_BE_SENT, WITH_SUPPLIER, OrderState
from models.orders.visits import VisitAction, VisitPhoto
from models.orders.work_orders import OrderChange, WorkOrder
from models.org import OrgUnit
from models.queries.paging import Page, read_page
from models.scope import Scope
from models.services.records import Service
from models.suppliers.records import Supplier, Worker
from models.versions import NoSuchRecord

OVERDUE: Final = "overdue"  # what a list may be narrowed to beside a state


@dataclass(frozen=True, slots=True)
class OrderView:
    """`case` and `elder` are None where their record was deleted, or the caller has no file; `drafted_by` as in the
    timeline (`user:7`). `price` in fen. `overdue`: the elder should have been rung by now (H7). `untaken`: urgent,
    offered by telephone, and with nobody now: somebody is to be found."""

    id: int
    version: int
    case: str | None
    elder: int | None
    elder_name: str
    community: str
    drafted_at: datetime
    drafted_by: str
    state: OrderState
    aid: Aid
    wish: str
    urgent: bool
    service: int | None
    service_zh: str
    service_en: str
    supplier: int | None
    supplier_name: str
    worker: int | None
    worker_name: str
    price: int | None
    offer_reason: str
    call_due_at: datetime | None
    overdue: bool
    untaken: bool
    appointed_for: datetime | None
    minimum_minutes: int
    started_at: datetime | None
    finished_at: datetime | None
    minutes: int | None
    redo_of: int | None
    grade: Rating | None


@dataclass(frozen=True, slots=True)
class OrderHistory:
    """All that happened to an order, each kind the oldest first; `redone_by`: the order that makes it good, when it is
    void."""

    changes: Sequence[OrderChange]
    actions: Sequence[VisitAction]
    photos: Sequence[VisitPhoto]
    messages: Sequence[OrderMessage]
    calls: Sequence[OrderCall]
    redone_by: int | None


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """What somebody has to see to now: the elder was not rung in time (H7), or nobody takes an urgent order."""
    return and_(WorkOrder.state.in_(ELDER_WAITS), WorkOrder.call_due_at < now) | is_untaken()


def is_untaken() -> ColumnElement[bool]:
    """An urgent order that was offered by telephone and is with nobody now."""
    rung = select(OrderCall.id).where(OrderCall.order_id == WorkOrder.id).exists()
    return and_(WorkOrder.state.in_(TO_BE_SENT), WorkOrder.urgent, rung)


async def list_orders(
    session: AsyncSession,
    *,
    scope: Scope,
    state: OrderState | str | None = None,
    elder: int | None = None,
    worker: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[OrderView]:
    """The latest first; the cursor is the id of the last one. `state` may be `OVERDUE`."""
    seen = [scope.of_elders()]
    return await page_of_orders(session, seen, state, elder=elder, worker=worker, limit=limit, after=after)


async def count_overdue(session: AsyncSession, *, scope: Scope | None = None, supplier: int | None = None) -> int:
    """How many orders somebody has to see to now, in scope or of this supplier."""
    mine = scope.of_elders() if scope is not None else WorkOrder.supplier_id == supplier
    query = select(func.count(WorkOrder.id)).outerjoin(Elder, Elder.id == WorkOrder.elder_id)
    return await session.scalar(query.where(is_overdue(utc_now()), mine)) or 0


async def overdue_orders(session: AsyncSession, *, scope: Scope, limit: int) -> list[OrderView]:
    """Those that are overdue, the longest waiting first."""
    since = func.coalesce(WorkOrder.call_due_at, WorkOrder.drafted_at)
    query = _orders().where(is_overdue(utc_now()), scope.of_elders()).order_by(since).limit(limit)
    return [_view(*row) for row in await session.execute(query)]


async def open_orders(session: AsyncSession) -> dict[int, int]:
    """Supplier to how many orders it has that are not over."""
    sent = WorkOrder.state.in_(WITH_SUPPLIER) & WorkOrder.supplier_id.is_not(None)
    query = select(WorkOrder.supplier_id, func.count(WorkOrder.id)).where(sent).group_by(WorkOrder.supplier_id)
    return {supplier: count for supplier, count in await session.execute(query) if supplier is not None}


async def order_view(session: AsyncSession, number: int) -> OrderView:
    """Raises NoSuchRecord. Whether it may be seen is asked before (`work_orders.find_order`)."""
    row = (await session.execute(_orders().where(WorkOrder.id == number))).one_or_none()
    if row is None:
        raise NoSuchRecord
    return _view(*row)


async def history_of(session: AsyncSession, number: int) -> OrderHistory:
    async def all_of(table: Any) -> Sequence[Any]:
        return (await session.scalars(select(table).where(table.order_id == number).order_by(table.id))).all()

    return OrderHistory(
        changes=await all_of(OrderChange),
        actions=await all_of(VisitAction),
        photos=await all_of(VisitPhoto),
        messages=await all_of(OrderMessage),
        calls=await all_of(OrderCall),
        redone_by=await session.scalar(select(WorkOrder.id).where(WorkOrder.redo_of == number)),
    )


async def todays_orders(session: AsyncSession, worker: int, today: date) -> list[OrderView]:
    """What a worker has to do until tonight, what runs, and what was done today: in the order of the appointments."""
    begins = datetime.combine(today, time.min).astimezone()
    to_do = and_(WorkOrder.state == OrderState.APPOINTED, WorkOrder.appointed_for < begins + timedelta(days=1))
    done = WorkOrder.finished_at >= begins
    query = _orders().where(WorkOrder.worker_id == worker, to_do | done | (WorkOrder.state == OrderState.STARTED))
    return [_view(*row) for row in await session.execute(query.order_by(WorkOrder.appointed_for, WorkOrder.id))]


def _orders() -> Select[WorkOrder, bool, str | None, str | None, Service | None, str | None, str | None]:
    query: Any = (
        select(WorkOrder, is_untaken(), Elder.name, OrgUnit.name, Service, Supplier.name, Worker.name)
        .outerjoin(Elder, Elder.id == WorkOrder.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .outerjoin(Service, Service.id == WorkOrder.service_id)
        .outerjoin(Supplier, Supplier.id == WorkOrder.supplier_id)
        .outerjoin(Worker, Worker.id == WorkOrder.worker_id)
    )
    return query  # type: ignore[no-any-return]


async def page_of_orders(
    session: AsyncSession,
    conditions: Sequence[ColumnElement[bool]],
    state: OrderState | str | None,
    *,
    limit: int,
    after: int | None,
    elder: int | None = None,
    worker: int | None = None,
) -> Page[OrderView]:
    """The latest first. Which of them somebody may see is in the `conditions`."""
    query = _orders().where(*conditions)
    if state == OVERDUE:
        query = query.where(is_overdue(utc_now()))
    elif state:
        query = query.where(WorkOrder.state == OrderState(state))
    if elder is not None:
        query = query.where(WorkOrder.elder_id == elder)
    if worker is not None:
        query = query.where(WorkOrder.worker_id == worker)
    if after is not None:
        query = query.where(WorkOrder.id < after)
    query = query.order_by(WorkOrder.id.desc())
    return await read_page(session, query, _view, limit=limit, cursor=lambda order: order.id)


def _view(
    row: WorkOrder,
    untaken: bool,
    elder: str | None,
    community: str | None,
    service: Service | None,
    supplier: str | None,
    worker: str | None,
) -> OrderView:
    waits = row.state in ELDER_WAITS and row.call_due_at is not None
    return OrderView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        elder=row.elder_id,
        elder_name=elder or "",
        community=community or "",
        drafted_at=row.drafted_at,
        drafted_by=row.drafted_by,
        state=row.state,
        aid=row.aid,
        wish=row.wish,
        urgent=row.urgent,
        service=row.service_id,
        service_zh=service.name_zh if service else "",
        service_en=service.name_en if service else "",
        supplier=row.supplier_id,
        supplier_name=supplier or "",
        worker=row.worker_id,
        worker_name=worker or "",
        price=row.price,
        offer_reason=row.offer_reason,
        call_due_at=row.call_due_at,
        overdue=waits and row.call_due_at is not None and row.call_due_at < utc_now(),
        untaken=bool(untaken),
        appointed_for=row.appointed_for,
        minimum_minutes=row.minimum_minutes,
        started_at=row.started_at,
        finished_at=row.finished_at,
        minutes=row.minutes,
        redo_of=row.redo_of,
        grade=row.grade,
    )
