"""Statements of a month: for elders, for suppliers with their workers (X6, Y2). Every figure is a sum
of lines, those that `settlement.list_lines` gives for the same month, elder, supplier, worker or place. All in fen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder
from models.org import OrgUnit
from models.queries.paging import Page, read_page
from models.queries.settlement import LineFilter, LineView, all_lines, minutes, seen_by, total, visits
from models.register import find_elder
from models.scope import Scope
from models.settlement.records import LineCause, LineKind, SettlementLine, SettlementMonth
from models.suppliers.records import Supplier, Worker
from models.versions import NoSuchRecord


@dataclass(frozen=True, slots=True)
class Sums:
    """`visits` that count, and their `minutes`; `government` and `own` None: not to be seen by who asks."""

    visits: int
    minutes: int
    amount: int
    government: int | None
    own: int | None


@dataclass(frozen=True, slots=True)
class ElderRow:
    """One elder's month: `call` and `home` are the two kinds (X6); together what government and elder pay."""

    elder: int
    elder_name: str
    community: str
    service_class: int
    visits: int
    call: int
    home: int
    amount: int
    government: int
    own: int


@dataclass(frozen=True, slots=True)
class SupplierRow:
    """One supplier's month, as far as its lines may be seen; `government` and `own` None: not by a supplier."""

    supplier: int
    supplier_name: str
    visits: int
    minutes: int
    amount: int
    government: int | None
    own: int | None


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """`worker` None: nobody was named."""

    worker: int | None
    worker_name: str
    visits: int
    minutes: int
    amount: int


@dataclass(frozen=True, slots=True)
class ElderStatement:
    """`locked_at` None: the month is open, and figures may change."""

    month: str
    locked_at: datetime | None
    elder: int
    elder_name: str
    community: str
    service_class: int
    call: Sums
    home: Sums
    total: Sums
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class SupplierStatement:
    """`worker`: whose part of it this is; None: all of it."""

    month: str
    locked_at: datetime | None
    supplier: int
    supplier_name: str
    worker: int | None
    worker_name: str
    total: Sums
    workers: tuple[WorkerRow, ...]
    lines: tuple[LineView, ...]


async def list_elder_statements(
    session: AsyncSession,
    *,
    scope: Scope,
    month: str,
    org_unit: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[ElderRow]:
    """By number of the file, which is the cursor: everybody who has a line in this month."""
    line, wanted = SettlementLine, LineFilter(month=month, org_unit=org_unit)
    sums = (visits(), total(LineKind.CALL), total(LineKind.HOME), func.sum(line.government), func.sum(line.own))
    query = (
        select(line.elder_id, Elder.name, OrgUnit.name, Elder.service_class, *sums)
        .join(Elder, Elder.id == line.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(seen_by(scope), *wanted.asked_by(scope).conditions(), line.elder_id > (after or 0))
        .group_by(line.elder_id, Elder.name, OrgUnit.name, Elder.service_class)
        .order_by(line.elder_id)
    )

    def view(*row: object) -> ElderRow:
        elder, name, community, its_class, *figures = row
        made, call, home, government, own = (whole(one) for one in figures)
        place = str(community or "")
        return ElderRow(
            whole(elder), str(name), place, whole(its_class), made, call, home, call + home, government, own
        )

    return await read_page(session, query, view, limit=limit, cursor=lambda one: one.elder)


async def statement_of_elder(session: AsyncSession, elder: int, month: str, *, scope: Scope) -> ElderStatement:
    """All lines of this elder in this month, none where nothing was due.

    Raises:
        NoSuchElder: there is none, or not where this account may look.
    """
    await find_elder(session, elder, scope=scope)
    lines = await all_lines(session, scope=replace(scope, units=None), wanted=LineFilter(month=month, elder=elder))
    about = select(Elder.name, OrgUnit.name, Elder.service_class).where(Elder.id == elder)
    name, community, its_class = (
        await session.execute(about.outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id))
    ).one()
    return ElderStatement(
        month=month,
        locked_at=await locked_at(session, month),
        elder=elder,
        elder_name=name,
        community=community or "",
        service_class=its_class,
        call=summed(one for one in lines if one.kind is LineKind.CALL),
        home=summed(one for one in lines if one.kind is LineKind.HOME),
        total=summed(lines),
        lines=lines,
    )


async def statements_of_elders(
    session: AsyncSession, rows: Sequence[ElderRow], month: str, *, scope: Scope
) -> list[ElderStatement]:
    """Those that `statement_of_elder` gives one by one, of whoever of them may be seen: somebody who has moved since
    is on the list of the place where their lines are."""
    asked = [one.elder for one in rows]
    seen = set(await session.scalars(select(Elder.id).where(Elder.id.in_(asked), scope.of_elders())))
    theirs: dict[int, list[LineView]] = {one: [] for one in asked if one in seen}
    whole_month = LineFilter(month=month)
    for line in await all_lines(session, scope=replace(scope, units=None), wanted=whole_month, elders=theirs):
        theirs[line.elder or 0].append(line)
    locked = await locked_at(session, month)
    return [
        ElderStatement(
            month=month,
            locked_at=locked,
            elder=one.elder,
            elder_name=one.elder_name,
            community=one.community,
            service_class=one.service_class,
            call=summed(line for line in lines if line.kind is LineKind.CALL),
            home=summed(line for line in lines if line.kind is LineKind.HOME),
            total=summed(lines),
            lines=tuple(lines),
        )
        for one in rows
        if (lines := theirs.get(one.elder))
    ]


async def list_supplier_statements(
    session: AsyncSession,
    *,
    scope: Scope,
    month: str,
    org_unit: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[SupplierRow]:
    """By id, which is the cursor: every supplier with a line in this month; of a place only the lines of that place."""
    line, wanted = SettlementLine, LineFilter(month=month, org_unit=org_unit)
    query = (
        select(line.supplier_id, Supplier.name, visits(), minutes(), func.sum(line.government), func.sum(line.own))
        .join(Supplier, Supplier.id == line.supplier_id)
        .where(seen_by(scope), *wanted.asked_by(scope).conditions(), line.supplier_id > (after or 0))
        .group_by(line.supplier_id, Supplier.name)
        .order_by(line.supplier_id)
    )

    def view(supplier: int | None, name: str, made: int, long: int, government: int, own: int) -> SupplierRow:
        paid = whole(government), whole(own)
        shown = (None, None) if scope.supplier is not None else paid
        return SupplierRow(supplier or 0, name, whole(made), whole(long), sum(paid), *shown)

    return await read_page(session, query, view, limit=limit, cursor=lambda one: one.supplier)


async def statement_of_supplier(
    session: AsyncSession,
    supplier: int,
    month: str,
    *,
    scope: Scope,
    worker: int | None = None,
    org_unit: int | None = None,
) -> SupplierStatement:
    """What a supplier gets for this month, or what one of its workers has done of it.

    Raises:
        NoSuchRecord: there is no such supplier, or not where this account may look; or the worker is not its own.
    """
    firm = await session.scalar(select(Supplier).where(Supplier.id == supplier, scope.of_suppliers()))
    if firm is None:
        raise NoSuchRecord
    goes = None if worker is None else await session.get(Worker, worker)
    if worker is not None and (goes is None or goes.supplier_id != supplier):
        raise NoSuchRecord
    wanted = LineFilter(month=month, supplier=supplier, worker=worker, org_unit=org_unit)
    lines = await all_lines(session, scope=scope, wanted=wanted)
    mine: dict[tuple[int | None, str], list[LineView]] = {}
    for one in lines:
        mine.setdefault((one.worker, one.worker_name), []).append(one)
    workers = [
        WorkerRow(number, name, sums.visits, sums.minutes, sums.amount)
        for (number, name), its in mine.items()
        for sums in [summed(its)]
    ]
    return SupplierStatement(
        month=month,
        locked_at=await locked_at(session, month),
        supplier=supplier,
        supplier_name=firm.name,
        worker=worker,
        worker_name=goes.name if goes is not None else "",
        total=summed(lines),
        workers=tuple(sorted(workers, key=lambda one: (one.worker is None, one.worker or 0))),
        lines=lines,
    )


def summed(lines: Iterable[LineView]) -> Sums:
    """The same sums as the database makes."""
    found = list(lines)
    home = [one for one in found if one.kind is LineKind.HOME]
    plus = [one for one in home if one.cause in (LineCause.MONTH, LineCause.LATE)]
    minus = [one for one in home if one.cause is LineCause.VOID]
    hidden = any(one.government is None for one in found)
    return Sums(
        visits=len(plus) - len(minus),
        minutes=sum(one.minutes or 0 for one in plus) - sum(one.minutes or 0 for one in minus),
        amount=sum(one.amount for one in found),
        government=None if hidden else sum(one.government or 0 for one in found),
        own=None if hidden else sum(one.own or 0 for one in found),
    )


def whole(value: object) -> int:
    """Sums come as Decimal from PostgreSQL."""
    return int(str(value or 0))


async def locked_at(session: AsyncSession, month: str) -> datetime | None:
    row = await session.get(SettlementMonth, month)
    return None if row is None else row.locked_at
