"""The register as lists: search, history, the tree of places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Contact, ContactPhone, Elder, ElderChange, ElderStatus, Terminal
from models.org import OrgUnit
from models.queries.paging import Page, read_page


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
    """`total` counts all pages."""

    total: int


@dataclass(frozen=True, slots=True)
class ChangeView:
    at: datetime
    by: str
    field: str
    old: str
    new: str


async def list_elders(
    session: AsyncSession,
    *,
    search: str = "",
    org_unit: int | None = None,
    status: ElderStatus | None = None,
    provisional: bool | None = None,
    limit: int = 50,
    cursor: str | None = None,
    counted: bool = True,
) -> ElderPage:
    """By id; `search` is part of a name, its pinyin or initials, or part of any phone number of the file; `org_unit`
    means it and all below it; `counted`: the total is wanted, which takes a search of its own."""
    wanted: list[ColumnElement[bool]] = []
    if search.strip():
        wanted.append(_found_by(search))
    if org_unit is not None:
        wanted.append(Elder.org_unit_id.in_(_below(org_unit)))
    if status is not None:
        wanted.append(Elder.status == status)
    if provisional is not None:
        wanted.append(Elder.provisional == provisional)
    total = (await session.execute(select(func.count(Elder.id)).where(*wanted))).scalar_one() if counted else 0
    query = (
        select(Elder, OrgUnit.name)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(*wanted, Elder.id > _after(cursor))
        .order_by(Elder.id)
    )
    page = await read_page(session, query, _line, limit=limit, cursor=lambda line: line.id)
    return ElderPage(page.items, page.next, total)


async def changes_of(session: AsyncSession, elder_id: int, *, limit: int = 200) -> tuple[ChangeView, ...]:
    """What changed in this file, the latest first."""
    query = select(ElderChange).where(ElderChange.elder_id == elder_id).order_by(ElderChange.id.desc()).limit(limit)
    return tuple(ChangeView(c.at, c.by, c.field, c.old, c.new) for c in await session.scalars(query))


def _after(cursor: str | None) -> int:
    """An unreadable cursor means the beginning."""
    return int(cursor) if cursor and cursor.isascii() and cursor.isdigit() and len(cursor) < 10 else 0


def _found_by(search: str) -> ColumnElement[bool]:
    text = "".join(search.split()).lower()
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    in_name = Elder.name_key.contains(text, autoescape=True)
    if len(digits) < 3 or digits != text.lstrip("+").replace("-", ""):
        return in_name
    part = digits.lstrip("0") or digits
    by_line = select(Terminal.elder_id).where(Terminal.line_canonical.contains(part))
    by_contact = (
        select(Contact.elder_id)
        .join(ContactPhone, ContactPhone.contact_id == Contact.id)
        .where(ContactPhone.canonical.contains(part))
    )
    at_home = Elder.home_phone_canonical.contains(part)
    return or_(in_name, at_home, Elder.id.in_(by_line), Elder.id.in_(by_contact))


def _below(org_unit: int) -> Select[int]:
    tree = select(OrgUnit.id).where(OrgUnit.id == org_unit).cte("tree", recursive=True)
    tree = tree.union_all(select(OrgUnit.id).join(tree, OrgUnit.parent_id == tree.c.id))
    return select(tree.c.id)


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
