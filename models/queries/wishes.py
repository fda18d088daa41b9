"""New wishes and refusals of a month (X9): the list, and its sums. What was struck out stays in the list and is in no
sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVarTuple

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder
from models.months import month_around
from models.org import OrgUnit
from models.queries.paging import Page, read_page_from
from models.scope import Scope
from models.services.records import Service
from models.versions import NoSuchRecord
from models.wishes import STANDS, Wish, WishKind

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True, slots=True)
class WishView:
    """`service`: what was refused, null: nothing of the catalogue; `case`: the call in which it was said, null: none.
    `noted_by` and `struck_out_by` are actors."""

    id: int
    kind: WishKind
    noted_at: datetime
    noted_by: str
    elder: int
    elder_name: str
    community: str
    case: str | None
    service: int | None
    service_zh: str
    service_en: str
    words: str
    struck_out_at: datetime | None
    struck_out_by: str
    struck_out_why: str


@dataclass(frozen=True, slots=True)
class WishCount:
    new_wishes: int
    refusals: int


@dataclass(frozen=True, slots=True)
class MonthCount(WishCount):
    """`month` as `2026-11`."""

    month: str


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """How often it was refused in the month and in its year; `service` null: nothing of the catalogue."""

    service: int | None
    service_zh: str
    service_en: str
    in_month: int
    in_year: int


@dataclass(frozen=True, slots=True)
class PlaceCount:
    """`unit` null: of people who belong to no place."""

    unit: int | None
    community: str
    in_month: WishCount
    in_year: WishCount


@dataclass(frozen=True, slots=True)
class WishSums:
    """`months`: the twelve of the year. Services and places are those of the year."""

    in_month: MonthCount
    in_year: WishCount
    months: tuple[MonthCount, ...]
    services: tuple[ServiceCount, ...]
    places: tuple[PlaceCount, ...]


async def list_wishes(
    session: AsyncSession,
    month: date,
    *,
    scope: Scope,
    kind: WishKind | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[WishView]:
    """Of the month of this day, the latest first; the cursor is a number of rows."""
    query = _wishes(scope).where(_noted(*month_around(month))).order_by(Wish.noted_at.desc(), Wish.id.desc())
    if kind is not None:
        query = query.where(Wish.kind == kind)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def wish_view(session: AsyncSession, wish: int, *, scope: Scope) -> WishView:
    """Raises NoSuchRecord: there is none, or it is out of scope."""
    found = (await session.execute(_wishes(scope).where(Wish.id == wish))).one_or_none()
    if found is None:
        raise NoSuchRecord
    return _view(*found)


async def sums_of(session: AsyncSession, month: date, *, scope: Scope) -> WishSums:
    """Of the month of this day, and of its year."""
    months = await _by_month(session, month, scope)
    return WishSums(
        in_month=months[month.month - 1],
        in_year=WishCount(sum(one.new_wishes for one in months), sum(one.refusals for one in months)),
        months=months,
        services=await _by_service(session, month, scope),
        places=await _by_place(session, month, scope),
    )


async def _by_month(session: AsyncSession, month: date, scope: Scope) -> tuple[MonthCount, ...]:
    year = [date(month.year, number, 1) for number in range(1, 13)]
    numbers = select(*(_number(kind, one) for one in year for kind in WishKind))
    found = (await session.execute(_counted(numbers, scope).where(_in_year(month)))).one()
    pairs = zip(year, found[::2], found[1::2], strict=True)
    return tuple(MonthCount(new, refused, f"{one:%Y-%m}") for one, new, refused in pairs)


async def _by_service(session: AsyncSession, month: date, scope: Scope) -> tuple[ServiceCount, ...]:
    """What was refused most often in the year first."""
    in_month, in_year = _number(WishKind.REFUSAL, month), _number(WishKind.REFUSAL)
    numbers = select(Service.id, Service.name_zh, Service.name_en, in_month, in_year)
    query = _counted(numbers, scope).outerjoin(Service, Service.id == Wish.service_id)
    query = query.where(_in_year(month), Wish.kind == WishKind.REFUSAL)
    query = query.group_by(Service.id, Service.name_zh, Service.name_en).order_by(in_year.desc(), Service.id)
    rows = await session.execute(query)
    return tuple(ServiceCount(service, zh or "", en or "", *numbers) for service, zh, en, *numbers in rows)


async def _by_place(session: AsyncSession, month: date, scope: Scope) -> tuple[PlaceCount, ...]:
    of_month = [_number(kind, month) for kind in WishKind]
    of_year = [_number(kind) for kind in WishKind]
    query = _counted(select(OrgUnit.id, OrgUnit.name, *of_month, *of_year), scope)
    query = query.outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id).where(_in_year(month))
    query = query.group_by(OrgUnit.id, OrgUnit.name).order_by(OrgUnit.name, OrgUnit.id)
    rows = await session.execute(query)
    return tuple(PlaceCount(unit, name or "", WishCount(*four[:2]), WishCount(*four[2:])) for unit, name, *four in rows)


def _number(kind: WishKind, month: date | None = None) -> ColumnElement[int]:
    """How many of this kind; `month`: in it only."""
    of_kind = Wish.kind == kind
    return func.count().filter(of_kind if month is None else and_(of_kind, _noted(*month_around(month))))


def _in_year(month: date) -> ColumnElement[bool]:
    since, _ = month_around(month.replace(month=1))
    _, until = month_around(month.replace(month=12))
    return _noted(since, until)


def _noted(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(Wish.noted_at >= since, Wish.noted_at < until)


def _counted(query: Select[*Columns], scope: Scope) -> Select[*Columns]:
    return query.select_from(Wish).join(Elder, Elder.id == Wish.elder_id).where(STANDS, scope.of_elders())


def _wishes(scope: Scope) -> Select[Wish, str, str | None, str | None, str | None]:
    return (
        select(Wish, Elder.name, OrgUnit.name, Service.name_zh, Service.name_en)
        .join(Elder, Elder.id == Wish.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .outerjoin(Service, Service.id == Wish.service_id)
        .where(scope.of_elders())
    )


def _view(row: Wish, elder: str, community: str | None, zh: str | None, en: str | None) -> WishView:
    return WishView(
        id=row.id,
        kind=row.kind,
        noted_at=row.noted_at,
        noted_by=row.noted_by,
        elder=row.elder_id,
        elder_name=elder,
        community=community or "",
        case=row.case_id,
        service=row.service_id,
        service_zh=zh or "",
        service_en=en or "",
        words=row.words,
        struck_out_at=row.struck_out_at,
        struck_out_by=row.struck_out_by,
        struck_out_why=row.struck_out_why,
    )
