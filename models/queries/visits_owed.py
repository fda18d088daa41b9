"""Visits of this year by elder (T1): who is behind what is owed by now, and who has had more than is owed in the year.
The rule is `services/quota.py`'s."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.elders import SERVED, Elder
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit
from models.queries.elders import on_file
from models.queries.paging import Page, read_page
from models.scope import Scope
from models.services.quota import MONTHS, owed_by_now, owed_in_a_year, whole_months
from models.services.records import Service
from models.suppliers.records import SupplierOutcome

Standing = Literal["behind", "over", "any"]
STANDINGS: tuple[Standing, ...] = ("behind", "over", "any")


@dataclass(frozen=True, slots=True)
class VisitsOwed:
    """`done` visits of this year that count; `owed` in the year, `by_now` of them until today."""

    elder: int
    elder_name: str
    community: str
    service_class: int
    done: int
    by_now: int
    owed: int


async def list_visits_owed(
    session: AsyncSession,
    *,
    scope: Scope,
    policy: Policy,
    today: date,
    standing: Standing = "behind",
    org_unit: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[VisitsOwed]:
    """By number of the file; elders whom we serve, of the classes that visits are owed to (`over`: of all). Visits of
    orders that are over and not void count. The cursor is the last file's number."""
    visits = _visits(today)
    done = func.coalesce(visits.c.done, 0)
    owed = case(*((Elder.service_class == one, number) for one, number in owed_in_a_year(policy).items()), else_=0)
    months = _months(today)
    wanted: dict[Standing, ColumnElement[bool]] = {
        # done < owed * months // 12, in whole numbers
        "behind": MONTHS * (done + 1) <= owed * months,
        "over": (done > owed) & (owed > 0),
        "any": owed > 0,
    }
    query = (
        select(Elder, OrgUnit.name, done, owed)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .outerjoin(visits, visits.c.elder_id == Elder.id)
        .where(*on_file(scope, org_unit=org_unit), Elder.status.in_(SERVED), wanted[standing], Elder.id > (after or 0))
        .order_by(Elder.id)
    )

    def view(elder: Elder, community: str | None, made: int, owing: int) -> VisitsOwed:
        since = elder.created_at.astimezone().date()
        by_now = owed_by_now(owing, whole_months(today, since))
        return VisitsOwed(elder.id, elder.name, community or "", elder.service_class, made, by_now, owing)

    return await read_page(session, query, view, limit=limit, cursor=lambda one: one.elder)


def _visits(today: date) -> Any:
    """Elder to visits of this year."""
    return (
        select(WorkOrder.elder_id, func.count().label("done"))
        .join(SupplierOutcome, SupplierOutcome.order_id == WorkOrder.id)
        .join(Service, Service.id == SupplierOutcome.service_id)
        .where(Service.counts_as_visit, ~SupplierOutcome.void, SupplierOutcome.at >= _begin(today, 1))
        .group_by(WorkOrder.elder_id)
        .subquery()
    )


def _months(today: date) -> ColumnElement[int]:
    """`quota.whole_months` of the day on which the file was made."""
    steps = [(Elder.created_at < _begin(today, month), today.month - month) for month in range(1, today.month)]
    return case(*steps, else_=0) if steps else literal(0)


def _begin(today: date, month: int) -> datetime:
    """Midnight here, of the first day of this month of this year."""
    return datetime(today.year, month, 1).astimezone().astimezone(UTC)
