"""Services that fewer than two suppliers do in a community (H6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.org import OrgKind, OrgUnit, list_units
from models.queries.paging import Page
from models.scope import Scope
from models.services.catalogue import ServiceView, catalogue
from models.suppliers.admission import missing
from models.suppliers.records import WORKING, Condition, Supplier, SupplierArea, SupplierPaper, SupplierService

LEAST: Final = 2  # H6


@dataclass(frozen=True, slots=True)
class Gap:
    """`suppliers`: the names of the few there are; `place`: the way down to the community."""

    service: int
    name_zh: str
    name_en: str
    unit: int
    place: str
    suppliers: tuple[str, ...]


async def list_gaps(
    session: AsyncSession,
    *,
    scope: Scope,
    today: date,
    service: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[Gap]:
    """By service, then by place; suppliers count that may be asked today (probation included): their agreement is in
    force, no paper has run out, the price is within the limit. The cursor is a number of rows."""
    services = [one for one in await catalogue(session, active_only=True) if service in (None, one.id)]
    found = await _gaps(session, scope, services, today)
    skip = after or 0
    more = str(skip + limit) if len(found) > skip + limit else None
    return Page(tuple(found[skip : skip + limit]), more)


async def _able(session: AsyncSession, today: date) -> dict[int, str]:
    """The names of those who may be asked today."""
    agreed = Supplier.agreement_from <= today, Supplier.agreement_until >= today
    working = select(Supplier.id, Supplier.name).where(Supplier.status.in_(WORKING), *agreed).order_by(Supplier.id)
    papers: dict[int, dict[Condition, date | None]] = {}
    for paper in await session.scalars(select(SupplierPaper).where(SupplierPaper.issued_on.is_not(None))):
        papers.setdefault(paper.supplier_id, {})[paper.condition] = paper.valid_until
    rows = await session.execute(working)
    return {row.id: row.name for row in rows if not missing(papers.get(row.id, {}), today)}


async def _gaps(session: AsyncSession, scope: Scope, services: list[ServiceView], today: date) -> list[Gap]:
    units = {unit.id: unit for unit in await list_units(session)}
    names, limits = await _able(session, today), {one.id: one.price_limit for one in services}
    doing: dict[int, set[int]] = {}
    for row in await session.scalars(select(SupplierService)):
        if row.price <= limits.get(row.service_id, row.price):
            doing.setdefault(row.service_id, set()).add(row.supplier_id)
    serving: dict[int, set[int]] = {}
    for area in await session.scalars(select(SupplierArea)):
        serving.setdefault(area.org_unit_id, set()).add(area.supplier_id)
    found = []
    ways = {unit: _way(unit, units) for unit in units if units[unit].kind is OrgKind.COMMUNITY and scope.covers(unit)}
    here = {unit: set().union(*(serving.get(one, set()) for one in way)) for unit, way in ways.items()}
    for service in services:
        able = doing.get(service.id, set()) & names.keys()
        for unit, way in ways.items():
            few = [name for supplier, name in names.items() if supplier in able & here[unit]]
            if len(few) < LEAST:
                place = " / ".join(units[one].name for one in reversed(way))
                found.append(Gap(service.id, service.name_zh, service.name_en, unit, place, tuple(few)))
    return found


def _way(unit: int, units: dict[int, OrgUnit]) -> list[int]:
    """This unit and all above it, from below."""
    way: list[int] = []
    above: int | None = unit
    while above is not None and above in units and above not in way:
        way.append(above)
        above = units[above].parent_id
    return way
