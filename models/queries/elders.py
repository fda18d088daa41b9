"""The register as a list, narrowed down by search, place and status."""

from __future__ import annotations

from collections.abc import Sequence
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
_ON_FILE: Final = 2  # conditions of `on_file` that narrow nothing for who sees everybody
_SHOWN: Final = (  # and not whole files, which have five times as much
    Elder.id,
    Elder.name,
    Elder.sex,
    Elder.born,
    Elder.home_phone,
    OrgUnit.name,
    Elder.service_class,
    Elder.status,
    Elder.provisional,
    Elder.agreement_signed_on,
)


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
    after = _after(cursor)
    whole_register = scope.everywhere and len(wanted) == _ON_FILE
    narrowed = bool(search.strip()) or not whole_register
    known: int | None = None
    if search.strip():
        found = await find(session, search)
        if whole_register and found.ids is not None:  # all that fit: the page is these, and no list is gone through
            wanted.append(Elder.id.in_(sorted(one for one in found.ids if one > after)[: limit + 1]))
            known = len(found.ids)
        else:
            wanted.extend(found.conditions)
            known = found.at_least if whole_register and found.at_least > COUNTED else None
    query = select(*_SHOWN).outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
    query = query.where(*wanted, Elder.id > after).order_by(Elder.id)
    page = await read_page(session, query, _line, limit=limit, cursor=lambda line: line.id)
    total = len(page.items)
    if counted and (page.next is not None or after):
        total = await _count(session, wanted, narrowed=narrowed) if known is None else known
    more = narrowed and total > COUNTED
    return ElderPage(page.items, page.next, COUNTED if more else total, more)


async def _count(session: AsyncSession, wanted: Sequence[ColumnElement[bool]], *, narrowed: bool) -> int:
    others = select(Elder.id).where(*wanted)
    others = others.limit(COUNTED + 1) if narrowed else others
    return (await session.execute(select(func.count()).select_from(others.subquery()))).scalar_one()


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


def _line(
    number: int,
    name: str,
    sex: str,
    born: date | None,
    home_phone: str,
    community: str | None,
    service_class: int,
    status: ElderStatus,
    provisional: bool,
    signed_on: date | None,
) -> ElderLine:
    """Of `_SHOWN`."""
    signed = signed_on is not None
    return ElderLine(number, name, sex, born, home_phone, community or "", service_class, status, provisional, signed)
