"""Workers as a list, ranked by how they did in a period (Y4), with the awards of its year; and all awards of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.queries.paging import Page
from models.reports.periods import Period
from models.scope import Scope
from models.suppliers.facts import facts_of_workers
from models.suppliers.records import AwardTitle, Supplier, Worker, WorkerAward
from models.suppliers.score import Score, Weights
from models.suppliers.worker_ratings import WorkerFacts, standings


@dataclass(frozen=True, slots=True)
class AwardView:
    """`..._by` are actors (`user:7`); `withdrawn_at` None: it stands."""

    id: int
    worker: int
    year: int
    title: AwardTitle
    reason: str
    given_at: datetime
    given_by: str
    withdrawn_at: datetime | None
    withdrawn_by: str
    withdrawn_why: str

    @classmethod
    def of(cls, row: WorkerAward) -> AwardView:
        return cls(
            id=row.id,
            worker=row.worker_id,
            year=row.year,
            title=row.title,
            reason=row.reason,
            given_at=row.given_at,
            given_by=row.given_by,
            withdrawn_at=row.withdrawn_at,
            withdrawn_by=row.withdrawn_by,
            withdrawn_why=row.withdrawn_why,
        )


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """`rank` among all workers, None: rated too few times; `shared`: somebody else has the same. `active`: has not
    left."""

    rank: int | None
    shared: bool
    worker: int
    name: str
    badge_number: str
    active: bool
    supplier: int
    supplier_name: str
    score: Score
    facts: WorkerFacts
    awards: tuple[AwardView, ...]

    @property
    def points(self) -> float:
        return self.score.points


async def list_worker_ratings(
    session: AsyncSession, *, scope: Scope, policy: Policy, period: Period, limit: int = 50, after: int | None = None
) -> Page[WorkerLine]:
    """The best first, then those without a rank. The rank counts all workers, also those that may not be seen. The
    cursor is a number of rows: who had a visit is ranked here, by the one formula, and cut afterwards."""
    facts = await facts_of_workers(session, since=period.since, until=period.until)
    places = standings(facts, Weights.of(policy))
    seen = select(Worker.id).join(Supplier, Supplier.id == Worker.supplier_id).where(scope.of_suppliers())
    shown = set(await session.scalars(seen))
    order = [worker for worker in places if worker in shown]
    skip = after or 0
    page = order[skip : skip + limit]
    who = select(Worker, Supplier.name).join(Supplier, Supplier.id == Worker.supplier_id).where(Worker.id.in_(page))
    people = {worker.id: (worker, firm) for worker, firm in await session.execute(who)}
    awards = await _standing_awards(session, page, period)

    def line(number: int) -> WorkerLine:
        (worker, firm), place = people[number], places[number]
        return WorkerLine(
            rank=place.rank,
            shared=place.shared,
            worker=number,
            name=worker.name,
            badge_number=worker.badge_number,
            active=worker.active,
            supplier=worker.supplier_id,
            supplier_name=firm,
            score=place.score,
            facts=facts[number],
            awards=awards.get(number, ()),
        )

    return Page(tuple(map(line, page)), str(skip + limit) if len(order) > skip + limit else None)


async def awards_of(session: AsyncSession, worker: int) -> list[AwardView]:
    """Those that were withdrawn as well, the latest year first."""
    wanted = select(WorkerAward).where(WorkerAward.worker_id == worker)
    rows = await session.scalars(wanted.order_by(WorkerAward.year.desc(), WorkerAward.id.desc()))
    return [AwardView.of(row) for row in rows]


async def _standing_awards(
    session: AsyncSession, workers: Collection[int], period: Period
) -> dict[int, tuple[AwardView, ...]]:
    """Of the years that the period is in."""
    wanted = select(WorkerAward).where(
        WorkerAward.worker_id.in_(workers),
        WorkerAward.year.between(period.first.year, period.last.year),
        WorkerAward.withdrawn_at.is_(None),
    )
    found: dict[int, tuple[AwardView, ...]] = {}
    for row in await session.scalars(wanted.order_by(WorkerAward.year, WorkerAward.id)):
        found[row.worker_id] = (*found.get(row.worker_id, ()), AwardView.of(row))
    return found
