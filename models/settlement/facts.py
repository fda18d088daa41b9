"""What settlement reads of the records: whom a month is about, how they were served, which visits they had. Nothing is
decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Select, String, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import GONE, SERVED, Elder, ElderChange, Terminal, is_whole
from models.months import bounds
from models.orders.states import DONE, OrderState
from models.orders.work_orders import WorkOrder
from models.papers import Paper, PaperKind
from models.services.catalogue import USUAL
from models.services.records import Service, ServiceClassRule, ServiceUnit
from models.settlement.records import LineKind, SettlementLine, SettlementMonth, amount

Pair = tuple[int, str]  # an elder and the month that something is about


@dataclass(frozen=True, slots=True)
class Served:
    """One elder, as the call service and the class need it; `due.py` has the meaning of the dates."""

    place: int | None
    now_class: int
    begins: date | None
    gone: date | None
    changes: Sequence[tuple[datetime, int]] = field(default=())


@dataclass(frozen=True, slots=True)
class Order:
    """A visit that has ended, void or not; `price` in fen for one unit."""

    id: int
    elder: int
    supplier: int
    worker: int | None
    service: int
    ended_at: datetime
    price: int
    unit: ServiceUnit
    minutes: int | None
    counts: bool


async def elders_of(session: AsyncSession, month: str) -> set[int]:
    """Whom the month may be about: all with a signed notice, all with a visit that ended in it, all with a line."""
    begins, ends = bounds(month)
    signed = select(Elder.id).where(Elder.notice_signed_on.is_not(None), is_whole())
    visited = select(WorkOrder.elder_id).where(WorkOrder.finished_at >= begins, WorkOrder.finished_at < ends)
    visited = visited.where(WorkOrder.state.in_(DONE), WorkOrder.elder_id.is_not(None)).distinct()
    billed = select(SettlementLine.elder_id).where(SettlementLine.month == month, SettlementLine.elder_id.is_not(None))
    found = {one for query in (signed, visited, billed) for one in await session.scalars(query)}
    return {one for one in found if one is not None}


async def owed_corrections(session: AsyncSession, month: str) -> set[Pair]:
    """What of the months before, which are locked, may be unlike its lines: looked for by what can change afterwards,
    so that years of lines are not read. `month` is the one that corrects: its own lines are looked at once more."""
    others, line = SettlementLine.month != month, SettlementLine
    pairs = select(line.elder_id, line.of_month).where(line.elder_id.is_not(None))
    per_subject = pairs.where(others).group_by(line.subject, line.elder_id, line.of_month)
    unlike = (
        pairs.where(line.month == month, line.of_month < month),
        per_subject.join(WorkOrder, WorkOrder.id == line.order_id)
        .where(WorkOrder.state == OrderState.VOID)
        .having(func.sum(amount()) != 0),
        per_subject.join(Elder, Elder.id == line.elder_id)
        .where(line.kind == LineKind.CALL, Elder.status.in_(GONE))
        .where(func.substr(cast(Elder.status_since, String), 1, 7) < line.of_month)
        .having(func.sum(amount()) != 0),
        pairs.join(Elder, Elder.id == line.elder_id)
        .where(others, line.kind == LineKind.CALL, line.government + line.own < 0)
        .where(or_(Elder.status.in_(SERVED), func.substr(cast(Elder.status_since, String), 1, 7) >= line.of_month)),
        pairs.where(line.kind == LineKind.CALL, line.elder_id.in_(_joined())),
    )
    found = {(elder, of) for query in unlike for elder, of in await session.execute(query) if elder is not None}
    found |= await _told_late(session, month)
    return {(elder, of) for elder, of in found if of < month}


def _joined() -> Select[int | None]:
    """Files that others are part of now."""
    return select(Elder.merged_into).where(Elder.merged_into.is_not(None))


async def _told_late(session: AsyncSession, month: str) -> set[Pair]:
    """Visits that ended in a month that was locked without them."""
    first = await session.scalar(select(func.min(SettlementMonth.month)).where(SettlementMonth.locked_at.is_not(None)))
    if first is None or first >= month:
        return set()
    line = select(SettlementLine.id).where(SettlementLine.order_id == WorkOrder.id, SettlementLine.month != month)
    late = select(WorkOrder.elder_id, WorkOrder.finished_at).where(
        WorkOrder.finished_at >= bounds(first)[0],
        WorkOrder.finished_at < bounds(month)[0],
        WorkOrder.state.in_(DONE),
        WorkOrder.elder_id.is_not(None),
        ~line.exists(),
    )
    rows = await session.execute(late)
    return {(elder, f"{at.astimezone():%Y-%m}") for elder, at in rows if elder is not None and at is not None}


async def how_served(session: AsyncSession, elders: Collection[int]) -> Mapping[int, Served]:
    signed = select(Paper.elder_id, func.min(Paper.issued_on)).where(Paper.kind == PaperKind.NOTICE)
    installed = select(Terminal.elder_id, func.min(Terminal.installed_on))
    first: dict[int, list[date]] = defaultdict(list)
    for query, of in ((signed, Paper.elder_id), (installed, Terminal.elder_id)):
        for number, day in await session.execute(query.where(of.in_(elders)).group_by(of)):
            first[number] += [day] if day is not None else []
    changes: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    dated = select(ElderChange.elder_id, ElderChange.at, ElderChange.old).order_by(ElderChange.at, ElderChange.id)
    for number, at, old in await session.execute(
        dated.where(ElderChange.elder_id.in_(elders), ElderChange.field == "service_class")
    ):
        changes[number] += [(at, int(old))] if old in ("1", "2", "3") else []
    found = {}
    for elder in await session.scalars(select(Elder).where(Elder.id.in_(elders), is_whole())):
        notice = elder.notice_signed_on
        begins = None if notice is None or elder.provisional else min([notice, *first[elder.id]])
        gone = (elder.status_since or elder.created_at.date()) if elder.status in GONE else None
        found[elder.id] = Served(elder.org_unit_id, elder.service_class, begins, gone, changes[elder.id])
    return found


async def visits_of(session: AsyncSession, elders: Collection[int], month: str) -> list[Order]:
    """Those that ended in this month, void ones too."""
    begins, ends = bounds(month)
    ended = and_(WorkOrder.finished_at >= begins, WorkOrder.finished_at < ends, WorkOrder.price.is_not(None))
    query = (
        select(WorkOrder, Service.unit)
        .join(Service, Service.id == WorkOrder.service_id)
        .where(WorkOrder.elder_id.in_(elders), ended, WorkOrder.supplier_id.is_not(None))
        .where(or_(WorkOrder.state.in_(DONE), WorkOrder.state == OrderState.VOID))
        .execution_options(populate_existing=True)
    )
    return [_order(row, unit) for row, unit in await session.execute(query)]


def _order(row: WorkOrder, unit: ServiceUnit) -> Order:
    assert row.finished_at is not None
    return Order(
        id=row.id,
        elder=row.elder_id or 0,
        supplier=row.supplier_id or 0,
        worker=row.worker_id,
        service=row.service_id or 0,
        ended_at=row.finished_at,
        price=row.price or 0,
        unit=unit,
        minutes=row.minutes,
        counts=row.state in DONE,
    )


async def percents(session: AsyncSession) -> Mapping[tuple[int, int], int]:
    """Service and class to per cent that the government pays (S6)."""
    rules = await session.execute(
        select(ServiceClassRule.service_id, ServiceClassRule.service_class, ServiceClassRule.paid_percent)
    )
    known = {(service, service_class): paid for service, service_class, paid in rules}
    services = await session.scalars(select(Service.id))
    usual = {(service, one): rule.paid_percent for service in services for one, rule in USUAL.items()}
    return {**usual, **known}
