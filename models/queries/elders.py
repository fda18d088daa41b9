"""The register as a list, narrowed down by search, place and status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, ElderStatus, is_whole
from models.org import OrgUnit, subtree
from models.queries.paging import Page, read_page
from models.queries.searching import find
from models.scope import Scope

COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class ElderLine:
    """One row of the list."""

    id: int
    name: str
    sex: str
    born: date | None
    home_phone: str
    community: str
    service_class: int
    status: ElderStatus
    provisional: bool
    agreement_signed: bool


@dataclass(frozen=True)
class ElderPage(Page[ElderLine]):
    """`total` counts all pages, but no further than `COUNTED` where the list is narrowed; `more`: there are more."""

    total: int
    more: bool = False


async def list_elders(
    session: AsyncSession,
    *,
    scope: Scope,
    search: str = "",
    org_unit: int | None = None,
    status: ElderStatus | None = None,
    provisional: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
    counted: bool = True,
) -> ElderPage:
    """By id; `search` as in `searching.find`; `org_unit` means it and all below it; `counted`: the total is wanted,
    which takes a search of its own."""
    wanted = on_file(scope, org_unit=org_unit)
    if status is not None:
        wanted.append(Elder.status == status)
    if provisional is not None:
        wanted.append(Elder.provisional == provisional)
    narrowed = bool(search.strip() or len(wanted) > 2 or not scope.everywhere)
    if search.strip():
        wanted.extend(await find(session, search))
    query = (
        select(Elder, OrgUnit.name)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(*wanted, Elder.id > _after(cursor))
        .order_by(Elder.id)
    )
    page = await read_page(session, query, _line, limit=limit, cursor=lambda line: line.id)
    total = len(page.items)
    if counted and (page.next is not None or _after(cursor)):
        others = select(Elder.id).where(*wanted)
        others = others.limit(COUNTED + 1) if narrowed else others
        total = (await session.execute(select(func.count()).select_from(others.subquery()))).scalar_one()
    more = narrowed and total > COUNTED
    return ElderPage(page.items, page.next, COUNTED if more else total, more)


def on_file(scope: Scope, *, org_unit: int | None = None) -> list[ColumnElement[bool]]:
    """What every list of elders is narrowed to: no file that is part of another now, the places that may be seen, and
    those that are asked for."""
    wanted: list[ColumnElement[bool]] = [is_whole(), scope.of_elders()]
    if org_unit is not None:
        wanted.append(Elder.org_unit_id.in_(subtree(org_unit)))
    return wanted


def _after(cursor: str | None) -> int:
    """An unreadable cursor means the beginning."""
    return int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else 0


def _line(elder: Elder, community: str | None) -> ElderLine:
    return ElderLine(
        id=elder.id,
        name=elder.name,
        sex=elder.sex,
        born=elder.born,
        home_phone=elder.home_phone,
        community=community or "",
        service_class=elder.service_class,
        status=elder.status,
        provisional=elder.provisional,
        agreement_signed=elder.agreement_signed_on is not None,
    )
