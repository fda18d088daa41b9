"""Months and lines of the settlement, as lists. What somebody sees is told by the place that a line was made for; a
supplier's account sees its own lines, and of them neither who was visited nor who pays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder
from models.months import this_month
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit, subtree
from models.queries.paging import Page, read_page
from models.scope import Scope
from models.services.records import Service
from models.settlement.closing import version_of
from models.settlement.months import locked_through, month_after
from models.settlement.records import LineCause, LineKind, SettlementLine, SettlementMonth, amount
from models.suppliers.records import Supplier, Worker
from models.versions import NoSuchRecord


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month that was reckoned, with its figures in fen as far as they may be seen. `call_fee`, `home_limit` in fen,
    `call_paid` in per cent: what it was reckoned by. `may_lock`: it is over, and all months before it are locked;
    `version`: of its figures of all places, to lock it by; 0 where it may not be."""

    month: str
    run_at: datetime | None
    run_by: str
    locked_at: datetime | None
    locked_by: str
    call_fee: int
    call_paid: int
    home_limit: int
    lines: int
    corrections: int
    amount: int
    government: int
    own: int
    may_lock: bool
    version: int


@dataclass(frozen=True, slots=True)
class LineView:
    """All amounts in fen. `of_month` is another one than `month` for what corrects a locked month; `ended_at` of the
    visit; `elder` None: the file was deleted, or is not to be seen by who asks."""

    id: int
    month: str
    of_month: str
    kind: LineKind
    cause: LineCause
    reason: str
    elder: int | None
    elder_name: str
    community: str
    service_class: int | None
    percent: int | None
    order: int | None
    service_zh: str
    service_en: str
    supplier: int | None
    supplier_name: str
    worker: int | None
    worker_name: str
    ended_at: datetime | None
    minutes: int | None
    amount: int
    government: int | None
    own: int | None
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class LineFilter:
    """What lines are narrowed to; None: to nothing. `org_unit`: and all below it. `corrections`: of locked months."""

    month: str | None = None
    kind: LineKind | None = None
    elder: int | None = None
    supplier: int | None = None
    worker: int | None = None
    order: int | None = None
    org_unit: int | None = None
    service_class: int | None = None
    corrections: bool = False

    def asked_by(self, scope: Scope) -> LineFilter:
        """A supplier cannot ask by what it is not told of: who was visited, where, and of which class."""
        return self if scope.supplier is None else replace(self, elder=None, org_unit=None, service_class=None)

    def conditions(self) -> list[ColumnElement[bool]]:
        line = SettlementLine
        columns = (
            (line.month, self.month), (line.kind, self.kind), (line.elder_id, self.elder),
            (line.supplier_id, self.supplier), (line.worker_id, self.worker), (line.order_id, self.order),
            (line.service_class, self.service_class),
        )  # fmt: skip
        found: list[ColumnElement[bool]] = [column == value for column, value in columns if value is not None]
        if self.org_unit is not None:
            found.append(line.org_unit_id.in_(subtree(self.org_unit)))
        if self.corrections:
            found.append(line.cause != LineCause.MONTH)
        return found


def seen_by(scope: Scope) -> ColumnElement[bool]:
    """The lines that this account may see."""
    if scope.supplier is not None:
        return SettlementLine.supplier_id == scope.supplier
    return true() if scope.units is None else SettlementLine.org_unit_id.in_(scope.units)


async def list_months(
    session: AsyncSession, *, scope: Scope, limit: int = 50, after: int | None = None
) -> Page[MonthView]:
    """The latest first; the cursor is the last one as a number, 202610."""
    query = select(SettlementMonth).order_by(SettlementMonth.month.desc())
    if after is not None:
        query = query.where(SettlementMonth.month < f"{after // 100:04}-{after % 100:02}")
    page = await read_page(session, query, lambda row: row, limit=limit, cursor=lambda row: row.month.replace("-", ""))
    return Page(tuple(await _months(session, page.items, scope)), page.next)


async def month_view(session: AsyncSession, month: str, *, scope: Scope) -> MonthView:
    """Raises NoSuchRecord: it was not reckoned."""
    row = await session.get(SettlementMonth, month)
    if row is None:
        raise NoSuchRecord
    return (await _months(session, [row], scope))[0]


async def _months(session: AsyncSession, rows: Sequence[SettlementMonth], scope: Scope) -> list[MonthView]:
    line = SettlementLine
    corrections = func.count(line.id).filter(line.cause != LineCause.MONTH)
    sums = select(line.month, func.count(line.id), corrections, func.sum(line.government), func.sum(line.own))
    sums = sums.where(line.month.in_([row.month for row in rows]), seen_by(scope)).group_by(line.month)
    known = {month: [int(one or 0) for one in figures] for month, *figures in await session.execute(sums)}
    lockable = await _lockable(session)
    views = []
    for row in rows:
        lines, corrected, government, own = known.get(row.month, [0, 0, 0, 0])
        views.append(
            MonthView(
                month=row.month,
                run_at=row.run_at,
                run_by=row.run_by,
                locked_at=row.locked_at,
                locked_by=row.locked_by,
                call_fee=row.call_fee,
                call_paid=row.call_paid,
                home_limit=row.home_limit,
                lines=lines,
                corrections=corrected,
                amount=government + own,
                government=government,
                own=own,
                may_lock=row.month == lockable,
                version=await version_of(session, row.month) if row.month == lockable else 0,
            )
        )
    return views


async def _lockable(session: AsyncSession) -> str | None:
    """The one month that may be locked now: the first open one, when it is over and was reckoned."""
    is_open = SettlementMonth.locked_at.is_(None)
    first = await session.scalar(select(func.min(SettlementMonth.month)).where(is_open))
    through = await locked_through(session)
    if first is None or first >= this_month() or (through is not None and month_after(through) != first):
        return None
    return first


async def list_lines(
    session: AsyncSession,
    *,
    scope: Scope,
    wanted: LineFilter,
    limit: int = 50,
    after: int | None = None,
) -> Page[LineView]:
    """By id; the cursor is that of the last one."""
    query = lines_query().where(seen_by(scope), *wanted.asked_by(scope).conditions()).order_by(SettlementLine.id)
    if after is not None:
        query = query.where(SettlementLine.id > after)
    page = await read_page(session, query, line_view, limit=limit, cursor=lambda one: one.id)
    return replace(page, items=tuple(shown_to(scope, one) for one in page.items))


async def all_lines(
    session: AsyncSession, *, scope: Scope, wanted: LineFilter, elders: Collection[int] | None = None
) -> tuple[LineView, ...]:
    """For a statement: corrections last, visits by when they ended. `elders`: of these alone."""
    line = SettlementLine
    order = (line.of_month != line.month, line.kind, WorkOrder.finished_at, line.id)
    conditions = [seen_by(scope), *wanted.asked_by(scope).conditions()]
    if elders is not None:
        conditions.append(line.elder_id.in_(elders))
    rows = await session.execute(lines_query().where(*conditions).order_by(*order))
    return tuple(shown_to(scope, line_view(*row)) for row in rows)


def shown_to(scope: Scope, line: LineView) -> LineView:
    """A supplier is told of its visits and what they bring, not of the people and who pays for them."""
    if scope.supplier is None:
        return line
    hidden: dict[str, Any] = dict.fromkeys(("elder", "service_class", "percent", "government", "own"))
    return replace(line, **hidden, elder_name="", community="", made_by="")


def lines_query() -> Select[Any, Any, Any, Any, Any, Any, Any]:
    line = SettlementLine
    query: Any = (
        select(line, Elder.name, OrgUnit.name, Service, Supplier.name, Worker.name, WorkOrder.finished_at)
        .outerjoin(Elder, Elder.id == line.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == line.org_unit_id)
        .outerjoin(WorkOrder, WorkOrder.id == line.order_id)
        .outerjoin(Service, Service.id == WorkOrder.service_id)
        .outerjoin(Supplier, Supplier.id == line.supplier_id)
        .outerjoin(Worker, Worker.id == line.worker_id)
    )
    return query  # type: ignore[no-any-return]


def line_view(
    row: SettlementLine,
    elder: str | None,
    community: str | None,
    service: Service | None,
    supplier: str | None,
    worker: str | None,
    ended_at: datetime | None,
) -> LineView:
    return LineView(
        id=row.id,
        month=row.month,
        of_month=row.of_month,
        kind=row.kind,
        cause=row.cause,
        reason=row.reason,
        elder=row.elder_id,
        elder_name=elder or "",
        community=community or "",
        service_class=row.service_class,
        percent=row.percent,
        order=row.order_id,
        service_zh=service.name_zh if service else "",
        service_en=service.name_en if service else "",
        supplier=row.supplier_id,
        supplier_name=supplier or "",
        worker=row.worker_id,
        worker_name=worker or "",
        ended_at=ended_at,
        minutes=row.minutes,
        amount=row.parts.amount,
        government=row.government,
        own=row.own,
        made_at=row.made_at,
        made_by=row.made_by,
    )


def visits() -> ColumnElement[int]:
    """How many visits some lines stand for, in SQL: those that count, less those that were taken back."""
    line, counted = SettlementLine, (LineCause.MONTH, LineCause.LATE)
    home = line.kind == LineKind.HOME
    plus = func.count(line.id).filter(and_(home, line.cause.in_(counted)))
    return plus - func.count(line.id).filter(and_(home, line.cause == LineCause.VOID))


def minutes() -> ColumnElement[Any]:
    """The minutes of those visits."""
    line = SettlementLine
    counted = or_(line.cause == LineCause.MONTH, line.cause == LineCause.LATE)
    plus = func.coalesce(func.sum(line.minutes).filter(counted), 0)
    return plus - func.coalesce(func.sum(line.minutes).filter(line.cause == LineCause.VOID), 0)


def total(kind: LineKind | None = None) -> ColumnElement[Any]:
    """What some lines come to, in fen."""
    sums = func.sum(amount())
    return func.coalesce(sums if kind is None else sums.filter(SettlementLine.kind == kind), 0)
