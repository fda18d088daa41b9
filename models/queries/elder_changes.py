"""What changed in the files: of one elder, and of all of them in a month, for the bureau (X7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, TypeVarTuple, get_args

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, ElderChange, ElderStatus
from models.months import month_around
from models.org import OrgUnit
from models.queries.elders import on_file
from models.queries.paging import Page, read_page
from models.scope import Scope

Columns = TypeVarTuple("Columns")
Group = Literal["died", "moved", "away", "back", "new", "changed"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)
# Nothing that the bureau has to know of: how the file is kept, not who is served where.
_UNTOLD: Final = ("created", "status", "status_since", "status_until", "provisional", "notes", "merged")


@dataclass(frozen=True, slots=True)
class ChangeView:
    at: datetime
    by: str
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class MonthsChange:
    """One change of a month's list: when it was written down (`at`) and, of a status, since which day it holds.
    `field`, `old` and `new` as in the history."""

    id: int
    group: Group
    at: datetime
    by: str
    elder: int
    name: str
    born: date | None
    community: str
    service_class: int
    since: date | None
    field: str
    old: str
    new: str


async def history_of(
    session: AsyncSession, elder_id: int, *, limit: int = 50, after: int | None = None
) -> Page[ChangeView]:
    """What changed in this file, the latest first; the cursor is the id of the last change of the page before."""
    query = select(ElderChange).where(ElderChange.elder_id == elder_id).order_by(ElderChange.id.desc())
    if after is not None:
        query = query.where(ElderChange.id < after)
    rows = await read_page(session, query, _numbered, limit=limit, cursor=lambda row: row[0])
    return Page(tuple(view for _, view in rows.items), rows.next)


async def changes_in(
    session: AsyncSession,
    month: date,
    *,
    scope: Scope,
    group: Group | None = None,
    org_unit: int | None = None,
    limit: int,
    after: int = 0,
) -> Page[MonthsChange]:
    """What was written down in the month of this day, here; the earliest first, so that a list that was sent stays the
    beginning of the next look. The cursor is the id of the last change."""
    lines = select(ElderChange, Elder, OrgUnit.name).join(Elder, Elder.id == ElderChange.elder_id)
    query = _in_month(lines.outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id), month, scope, org_unit)
    query = query.where(
        is_of(group) if group is not None else or_(*(is_of(one) for one in GROUPS)), ElderChange.id > after
    )
    return await read_page(session, query.order_by(ElderChange.id), _view, limit=limit, cursor=lambda line: line.id)


async def counts_in(
    session: AsyncSession, month: date, *, scope: Scope, org_unit: int | None = None
) -> dict[Group, int]:
    """How many there are of each group, over all pages."""
    sums = [func.count().filter(is_of(group)) for group in GROUPS]
    counted = select(*sums).select_from(ElderChange).join(Elder, Elder.id == ElderChange.elder_id)
    row = (await session.execute(_in_month(counted, month, scope, org_unit))).one()
    return {group: int(number) for group, number in zip(GROUPS, row, strict=True)}


def _in_month(query: Select[*Columns], month: date, scope: Scope, org_unit: int | None) -> Select[*Columns]:
    since, until = month_around(month)
    return query.where(ElderChange.at >= since, ElderChange.at < until, *on_file(scope, org_unit=org_unit))


def is_of(group: Group) -> ColumnElement[bool]:
    """Whether an `ElderChange` is one of this group."""
    of_status = ElderChange.field == "status"
    match group:
        case "new":
            return ElderChange.field == "created"
        case "changed":
            return ElderChange.field.not_in(_UNTOLD)
        case "back":
            return and_(of_status, ElderChange.new == ElderStatus.ACTIVE)
        case _:
            return and_(of_status, ElderChange.new == group)


def _numbered(row: ElderChange) -> tuple[int, ChangeView]:
    return row.id, ChangeView(row.at, row.by, row.field, row.old, row.new)


def _view(change: ElderChange, elder: Elder, community: str | None) -> MonthsChange:
    group = _group_of(change.field, change.new)
    return MonthsChange(
        id=change.id,
        group=group,
        at=change.at,
        by=change.by,
        elder=elder.id,
        name=elder.name,
        born=elder.born,
        community=community or "",
        service_class=elder.service_class,
        since=elder.status_since if elder.status == change.new and change.field == "status" else None,
        field=change.field,
        old=change.old,
        new=change.new,
    )


def _group_of(field: str, new: str) -> Group:
    if field == "created":
        return "new"
    found: Sequence[Group] = [group for group in GROUPS if field == "status" and group == new]
    return found[0] if found else "back" if field == "status" else "changed"
