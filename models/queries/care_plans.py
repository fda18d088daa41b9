"""Plans of care calls as a list, each with what became of its calls lately; bulletins of the weather."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.care.bulletins import CareBulletin, WeatherLevel
from models.care.calls import CareCall, CareState
from models.care.planning import CareKind, Weather
from models.care.plans import CarePlan
from models.elders import Elder
from models.org import OrgUnit
from models.queries.paging import Page, read_page_from
from models.scope import Scope

LATELY: Final = timedelta(days=30)  # whose results are counted


@dataclass(frozen=True, slots=True)
class PlanView:
    """`elder` None: for a group, of `place` (empty: everywhere) and `service_class` (None: any). `counts`: how many
    calls of the last 30 days came to which result. `recording`: the SHA-256 in hex of what is played in place of
    `text`, empty when there is none."""

    id: int
    version: int
    kind: CareKind
    title: str
    text: str
    times: tuple[str, ...]
    on_days: tuple[str, ...]
    starts_on: date
    ends_on: date | None
    elder: int | None
    elder_name: str
    org_unit_id: int | None
    place: str
    service_class: int | None
    must_answer: bool
    halted_at: datetime | None
    recording: str
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BulletinView:
    """`place` empty: everywhere."""

    id: int
    kind: Weather
    org_unit_id: int | None
    place: str
    starts_on: date
    ends_on: date
    text: str
    level: WeatherLevel | None
    issued_at: datetime
    issued_by: str
    withdrawn_at: datetime | None


async def list_plans(
    session: AsyncSession,
    *,
    scope: Scope,
    kind: CareKind | None = None,
    elder: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[PlanView]:
    """Those that still count first; the cursor is a number of rows. Who has a place sees the plans for it and for the
    elders in it, and those for everywhere."""
    today = local_today()
    over = func.coalesce(CarePlan.ends_on < today, False)
    query = _plans().where(_in(scope)).order_by(over, CarePlan.elder_id.is_not(None), CarePlan.id)
    if kind is not None:
        query = query.where(CarePlan.kind == kind)
    if elder is not None:
        query = query.where(CarePlan.elder_id == elder)
    page = await read_page_from(session, query, _view, skip=after or 0, limit=limit)
    counts = await _counts(session, [one.id for one in page.items], scope)
    return Page(tuple(_with(one, counts.get(one.id, {})) for one in page.items), page.next)


async def plan_view(session: AsyncSession, plan: int, *, scope: Scope) -> PlanView:
    """The plan of this id, which there must be."""
    view = _view(*(await session.execute(_plans().where(CarePlan.id == plan))).one())
    return _with(view, (await _counts(session, [plan], scope)).get(plan, {}))


async def list_bulletins(
    session: AsyncSession, *, scope: Scope, limit: int = 50, after: int | None = None
) -> Page[BulletinView]:
    """The newest first; the cursor is a number of rows."""
    here = (
        true()
        if scope.units is None
        else or_(CareBulletin.org_unit_id.in_(scope.units), CareBulletin.org_unit_id.is_(None))
    )
    query = (
        select(CareBulletin, OrgUnit.name)
        .outerjoin(OrgUnit, OrgUnit.id == CareBulletin.org_unit_id)
        .where(here)
        .order_by(CareBulletin.id.desc())
    )
    return await read_page_from(session, query, _bulletin, skip=after or 0, limit=limit)


def _in(scope: Scope) -> ColumnElement[bool]:
    if scope.units is None:
        return true()
    of_group = and_(
        CarePlan.elder_id.is_(None), or_(CarePlan.org_unit_id.is_(None), CarePlan.org_unit_id.in_(scope.units))
    )
    return or_(of_group, and_(CarePlan.elder_id.is_not(None), scope.of_elders()))


def _plans() -> Select[CarePlan, str | None, str | None]:
    return (
        select(CarePlan, Elder.name, OrgUnit.name)
        .outerjoin(Elder, Elder.id == CarePlan.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == CarePlan.org_unit_id)
    )


async def _counts(session: AsyncSession, plans: Iterable[int], scope: Scope) -> dict[int, dict[str, int]]:
    first = local_today() - LATELY
    query = (
        select(CareCall.plan_id, CareCall.state, func.count())
        .join(Elder, Elder.id == CareCall.elder_id)
        .where(CareCall.plan_id.in_(list(plans)), CareCall.day >= first, scope.of_elders())
        .group_by(CareCall.plan_id, CareCall.state)
    )
    found: dict[int, dict[str, int]] = {}
    for plan, state, count in await session.execute(query):
        if plan is not None and state is not CareState.DUE:
            found.setdefault(plan, {})[str(state)] = count
    return found


def _with(view: PlanView, counts: Mapping[str, int]) -> PlanView:
    return replace(view, counts=counts)


def _view(row: CarePlan, elder: str | None, place: str | None) -> PlanView:
    return PlanView(
        id=row.id,
        version=row.version,
        kind=row.kind,
        title=row.title,
        text=row.text,
        times=tuple(row.times),
        on_days=tuple(row.on_days),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        elder=row.elder_id,
        elder_name=elder or "",
        org_unit_id=row.org_unit_id,
        place=place or "",
        service_class=row.service_class,
        must_answer=row.must_answer,
        halted_at=row.halted_at,
        recording=row.recording,
    )


def _bulletin(row: CareBulletin, place: str | None) -> BulletinView:
    return BulletinView(
        id=row.id,
        kind=row.kind,
        org_unit_id=row.org_unit_id,
        place=place or "",
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        text=row.text,
        level=row.level,
        issued_at=row.issued_at,
        issued_by=row.issued_by,
        withdrawn_at=row.withdrawn_at,
    )
