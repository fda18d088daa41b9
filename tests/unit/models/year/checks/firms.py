"""Firms: facts, points, rank, complaint rate; when they were stopped and why; who was asked first (S11, H9, H10);
the figures of their workers (Y4)."""

from __future__ import annotations

from dataclasses import astuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.suppliers import ranked
from models.reports.periods import PeriodKind, of_day
from models.scope import EVERYWHERE
from models.suppliers.facts import facts_of_workers
from models.suppliers.records import SupplierStatus, SupplierStatusChange
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount
from tests.unit.models.year.recount.firms import WINDOW


async def standing_and_points(session: AsyncSession, life: Life, recount: Recount) -> None:
    lines = await ranked(session, scope=EVERYWHERE, policy=life.policy, today=life.today)
    assert {line.id: str(line.status) for line in lines} == recount.firms.status
    order = recount.firms.ranking(life.now)
    assert [line.id for line in lines if line.rank is not None] == order
    assert [line.rank for line in lines if line.rank is not None] == list(range(1, len(order) + 1))
    for line in lines:
        counted, facts = recount.firms.figures(line.id, life.now - WINDOW), line.facts
        shown = (facts.orders, facts.void, facts.punctual, facts.late, facts.complaints, facts.complained_in_a_row)
        wanted = (
            counted.orders,
            counted.void,
            counted.punctual,
            counted.late,
            counted.complaints,
            counted.in_a_row,
        )
        assert shown == wanted, f"firm {line.id}"
        assert facts.complaint_rate == counted.rate
        grades = (facts.satisfied, facts.fairly_satisfied, facts.dissatisfied)
        assert grades == tuple(counted.grades.values()), f"firm {line.id}"
        assert line.points == recount.firms.points(line.id, life.now)


async def workers_of_the_year(session: AsyncSession, life: Life, recount: Recount) -> None:
    year = of_day(PeriodKind.YEAR, life.today)
    shown = await facts_of_workers(session, since=year.since, until=year.until)
    assert {worker: astuple(facts) for worker, facts in shown.items()} == recount.firms.of_workers(year.first.year)


async def suspensions(session: AsyncSession, life: Life, recount: Recount) -> None:
    """To the moment."""
    change = SupplierStatusChange
    query = select(change.supplier_id, change.at).where(change.new == SupplierStatus.SUSPENDED).order_by(change.id)
    assert [(firm, at) for firm, at in await session.execute(query)] == recount.firms.stopped


async def nobody_wrongly_asked(session: AsyncSession, life: Life, recount: Recount) -> None:
    """Who was asked, took an order or came back although they could not, or the other way round."""
    assert recount.firms.wrong == []
