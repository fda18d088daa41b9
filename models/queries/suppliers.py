"""Suppliers as a list, ranked by score (H10), with what runs out soon; and one of them with its workers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.base import utc_now
from models.org import above
from models.queries.paging import Page
from models.scope import Scope
from models.suppliers.admission import missing, running_out
from models.suppliers.facts import facts_of
from models.suppliers.records import (
    WORKING,
    Condition,
    Supplier,
    SupplierArea,
    SupplierPaper,
    SupplierService,
    SupplierStatus,
    Worker,
)
from models.suppliers.score import Score, SupplierFacts, Weights, score
from models.suppliers.workers import may_work


class Warned(StrEnum):
    """What somebody has to see to."""

    PAPER = "paper"
    AGREEMENT = "agreement"
    PROBATION = "probation"  # is over: to be confirmed, or not
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class RunsOut:
    """`until`: the last day on which it counts; `condition` of a paper, `worker` by name."""

    kind: Warned
    until: date
    over: bool
    condition: Condition | None = None
    worker: str = ""


@dataclass(frozen=True, slots=True)
class SupplierLine:
    """`rank` among those that may work, by score; None: may not. `workers`: active ones who are trained today;
    `missing`: conditions of admission that are not met today."""

    id: int
    version: int
    name: str
    licence: str
    status: SupplierStatus
    status_since: datetime
    status_reason: str
    on_probation_until: date | None
    agreement_from: date | None
    agreement_until: date | None
    rank: int | None
    score: Score
    facts: SupplierFacts
    services: tuple[int, ...]
    areas: tuple[int, ...]
    workers: int
    missing: tuple[Condition, ...]
    warnings: tuple[RunsOut, ...]

    @property
    def points(self) -> float:
        return self.score.points


async def list_suppliers(
    session: AsyncSession,
    *,
    scope: Scope,
    policy: Policy,
    today: date,
    status: SupplierStatus | None = None,
    service: int | None = None,
    org_unit: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[SupplierLine]:
    """The best first, then those that may not work; `org_unit`: who serves this place. The cursor is a number of rows.
    A district has some hundred suppliers: they are ranked here, by the one formula, and cut afterwards."""
    lines = await ranked(session, scope=scope, policy=policy, today=today)
    if status is not None:
        lines = [line for line in lines if line.status is status]
    if service is not None:
        lines = [line for line in lines if service in line.services]
    if org_unit is not None:
        around = {org_unit, *await session.scalars(above([org_unit]))}
        lines = [line for line in lines if around & set(line.areas)]
    skip = after or 0
    more = str(skip + limit) if len(lines) > skip + limit else None
    return Page(tuple(lines[skip : skip + limit]), more)


async def ranked(
    session: AsyncSession, *, scope: Scope, policy: Policy, today: date, scored: Collection[int] | None = None
) -> list[SupplierLine]:
    """All suppliers that may be seen, the best first. The rank counts all of them, also those that may not be seen.
    `scored`: only of these is the score wanted; the others have that of a newcomer, and no rank means anything."""
    everybody = (await session.scalars(select(Supplier))).all()
    seen = set(await session.scalars(select(Supplier.id).where(scope.of_suppliers())))
    known = await _Known.read(session, policy, today, scored)
    scores = {one.id: score(known.facts.get(one.id, SupplierFacts()), Weights.of(policy)) for one in everybody}
    order = sorted(everybody, key=lambda one: (one.status not in WORKING, -scores[one.id].points, one.id))
    ranks = {one.id: rank for rank, one in enumerate(order, start=1) if one.status in WORKING}
    return [known.line(one, scores[one.id], ranks.get(one.id)) for one in order if one.id in seen]


async def supplier_line(
    session: AsyncSession, supplier: int, *, scope: Scope, policy: Policy, today: date
) -> SupplierLine | None:
    """One of the list; None: there is none, or it is out of scope."""
    lines = await ranked(session, scope=scope, policy=policy, today=today)
    return next((line for line in lines if line.id == supplier), None)


async def find_supplier(session: AsyncSession, supplier: int, *, scope: Scope) -> Supplier | None:
    """The row; None: there is none, or it is out of scope."""
    found: Supplier | None = await session.scalar(select(Supplier).where(Supplier.id == supplier, scope.of_suppliers()))
    return found


async def names_of_suppliers(session: AsyncSession, *, scope: Scope | None = None) -> dict[int, str]:
    """Number to name, by name: of those in scope, None: of all. Who is blacklisted has been one too."""
    query = select(Supplier.id, Supplier.name).order_by(Supplier.name, Supplier.id)
    if scope is not None:
        query = query.where(scope.of_suppliers())
    return {row.id: row.name for row in await session.execute(query)}


async def find_worker(session: AsyncSession, worker: int, *, scope: Scope) -> Worker | None:
    """The row; None: there is none, or the supplier is out of scope."""
    wanted = select(Worker).join(Supplier, Supplier.id == Worker.supplier_id)
    found: Worker | None = await session.scalar(wanted.where(Worker.id == worker, scope.of_suppliers()))
    return found


async def workers_of(session: AsyncSession, supplier: int, *, scope: Scope) -> Sequence[Worker]:
    """By number of the badge; those who have left come last."""
    wanted = select(Worker).join(Supplier, Supplier.id == Worker.supplier_id)
    wanted = wanted.where(Worker.supplier_id == supplier, scope.of_suppliers())
    return (await session.scalars(wanted.order_by(~Worker.active, Worker.badge_number))).all()


@dataclass(frozen=True, slots=True)
class _Known:
    """What there is to say of suppliers, read once for all."""

    today: date
    soon: timedelta
    facts: Mapping[int, SupplierFacts]
    papers: Mapping[int, Mapping[Condition, date | None]]
    services: Mapping[int, Sequence[int]]
    areas: Mapping[int, Sequence[int]]
    trained: Mapping[int, int]
    training: Mapping[int, Sequence[tuple[str, date]]]

    @classmethod
    async def read(cls, session: AsyncSession, policy: Policy, today: date, scored: Collection[int] | None) -> _Known:
        soon = timedelta(days=policy.papers_run_out)
        papers: dict[int, dict[Condition, date | None]] = {}
        for paper in await session.scalars(select(SupplierPaper).where(SupplierPaper.issued_on.is_not(None))):
            papers.setdefault(paper.supplier_id, {})[paper.condition] = paper.valid_until
        services: dict[int, list[int]] = {}
        for supplier, service in await session.execute(
            select(SupplierService.supplier_id, SupplierService.service_id).order_by(SupplierService.service_id)
        ):
            services.setdefault(supplier, []).append(service)
        areas: dict[int, list[int]] = {}
        for supplier, unit in await session.execute(select(SupplierArea.supplier_id, SupplierArea.org_unit_id)):
            areas.setdefault(supplier, []).append(unit)
        trained = (
            select(Worker.supplier_id, func.count().label("workers"))
            .where(may_work(today))
            .group_by(Worker.supplier_id)
        )
        training: dict[int, list[tuple[str, date]]] = {}
        runs_out = Worker.active & Worker.trained_until.is_not(None) & (Worker.trained_until <= today + soon)
        for worker in await session.scalars(select(Worker).where(runs_out).order_by(Worker.trained_until, Worker.id)):
            if worker.trained_until is not None:
                training.setdefault(worker.supplier_id, []).append((worker.name, worker.trained_until))
        return cls(
            today=today,
            soon=soon,
            facts=await facts_of(session, since=utc_now() - timedelta(days=policy.score_window), suppliers=scored),
            papers=papers,
            services=services,
            areas=areas,
            trained={row.supplier_id: row.workers for row in await session.execute(trained)},
            training=training,
        )

    def line(self, one: Supplier, points: Score, rank: int | None) -> SupplierLine:
        return SupplierLine(
            id=one.id,
            version=one.version,
            name=one.name,
            licence=one.licence,
            status=one.status,
            status_since=one.status_since,
            status_reason=one.status_reason,
            on_probation_until=one.on_probation_until,
            agreement_from=one.agreement_from,
            agreement_until=one.agreement_until,
            rank=rank,
            score=points,
            facts=self.facts.get(one.id, SupplierFacts()),
            services=tuple(self.services.get(one.id, ())),
            areas=tuple(self.areas.get(one.id, ())),
            workers=self.trained.get(one.id, 0),
            missing=missing(self.papers.get(one.id, {}), self.today),
            warnings=self._warnings(one) if one.status is not SupplierStatus.BLACKLISTED else (),
        )

    def _warnings(self, one: Supplier) -> tuple[RunsOut, ...]:
        """What runs out, the most urgent first. The paper of the agreement ends with it and is told once."""
        found = [
            RunsOut(
                Warned.AGREEMENT if condition is Condition.AGREEMENT else Warned.PAPER,
                until,
                until < self.today,
                condition,
            )
            for condition, until in running_out(self.papers.get(one.id, {}), self.today, self.soon)
        ]
        ends = one.on_probation_until
        if one.status is SupplierStatus.PROBATION and ends is not None and ends < self.today:
            found.append(RunsOut(Warned.PROBATION, ends, over=True))
        found += [
            RunsOut(Warned.TRAINING, until, until < self.today, worker=name)
            for name, until in self.training.get(one.id, ())
        ]
        return tuple(sorted(found, key=lambda warning: warning.until))
