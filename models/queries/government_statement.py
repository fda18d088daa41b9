"""The statement of a month for who pays it: the government, by place, kind and class (S6, X6). All in fen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.org import OrgUnit
from models.queries.settlement import LineFilter, minutes, seen_by, visits
from models.queries.statements import Sums, locked_at, whole
from models.scope import Scope
from models.settlement.records import LineKind, SettlementLine


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """What is paid for one kind and class in one place; `elders`: how many people."""

    place: int | None
    place_name: str
    kind: LineKind
    service_class: int
    elders: int
    visits: int
    amount: int
    government: int
    own: int


@dataclass(frozen=True, slots=True)
class GovernmentStatement:
    """`org_unit`: the place that it is for, with all below it; None: all that may be seen."""

    month: str
    locked_at: datetime | None
    org_unit: int | None
    rows: tuple[PlaceRow, ...]
    total: Sums


async def statement_of_government(
    session: AsyncSession, month: str, *, scope: Scope, org_unit: int | None = None
) -> GovernmentStatement:
    """What the government pays for this month, by place, kind and class; with what the elders pay beside it."""
    line, wanted = SettlementLine, LineFilter(month=month, org_unit=org_unit)
    people = func.count(line.elder_id.distinct())
    query = (
        select(
            line.org_unit_id, OrgUnit.name, line.kind, line.service_class, people, visits(), minutes(),
            func.sum(line.government), func.sum(line.own),
        )
        .outerjoin(OrgUnit, OrgUnit.id == line.org_unit_id)
        .where(seen_by(scope), *wanted.asked_by(scope).conditions())
        .group_by(line.org_unit_id, OrgUnit.name, line.kind, line.service_class)
        .order_by(line.org_unit_id, line.kind, line.service_class)
    )  # fmt: skip
    rows, long = [], 0
    for place, name, kind, its_class, elders, made, lasted, government, own in await session.execute(query):
        paid, rest = whole(government), whole(own)
        rows.append(PlaceRow(place, name or "", kind, its_class, elders, whole(made), paid + rest, paid, rest))
        long += whole(lasted)
    paid, rest = sum(one.government for one in rows), sum(one.own for one in rows)
    return GovernmentStatement(
        month=month,
        locked_at=await locked_at(session, month),
        org_unit=org_unit,
        rows=tuple(rows),
        total=Sums(sum(one.visits for one in rows), long, paid + rest, paid, rest),
    )
