"""The facts that a score and a suspension are made of, read from the outcomes on record: of suppliers, and of
their workers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Rating
from models.services.records import Service
from models.suppliers.records import SupplierOutcome, SupplierService
from models.suppliers.score import SupplierFacts
from models.suppliers.worker_ratings import WorkerFacts


async def facts_of(
    session: AsyncSession, *, since: datetime, suppliers: Collection[int] | None = None
) -> dict[int, SupplierFacts]:
    """Facts of the outcomes after `since`, by supplier; None: of all. Who has neither is not there."""
    outcome = SupplierOutcome
    wanted = [outcome.at > since, *_only(outcome.supplier_id, suppliers)]
    well = (
        select(outcome.supplier_id, func.max(outcome.at).label("at"))
        .where(~outcome.complained, ~outcome.void, *wanted)
        .group_by(outcome.supplier_id)
        .subquery()
    )
    in_a_row = and_(outcome.complained, or_(well.c.at.is_(None), outcome.at > well.c.at))
    counted = (
        select(
            outcome.supplier_id,
            _count(outcome.order_id.is_not(None)),
            _count(outcome.void),
            _count(outcome.punctual.is_(True)),
            _count(outcome.punctual.is_(False)),
            *(_count(outcome.rating == rating) for rating in Rating),
            _count(outcome.complained),
            _count(in_a_row),
        )
        .outerjoin(well, well.c.supplier_id == outcome.supplier_id)
        .where(*wanted)
        .group_by(outcome.supplier_id)
    )
    counts = {row[0]: [int(number) for number in row[1:]] for row in await session.execute(counted)}
    percents = await _price_percents(session, suppliers)
    return {
        supplier: replace(SupplierFacts(*counts.get(supplier, ())), price_percent=percents.get(supplier))
        for supplier in counts.keys() | percents.keys()
    }


async def facts_of_workers(
    session: AsyncSession, *, since: datetime, until: datetime, workers: Collection[int] | None = None
) -> dict[int, WorkerFacts]:
    """Facts of the visits that ended, or became void, from `since` until `until`, by worker; None: of all. Who has none
    is not there."""
    outcome = SupplierOutcome
    counted = (
        select(
            outcome.worker_id,
            _count(~outcome.void),
            _count(outcome.void),
            *(_count(~outcome.void & (outcome.rating == rating)) for rating in Rating),
            _count(outcome.complained),
        )
        .where(outcome.worker_id.is_not(None), outcome.at >= since, outcome.at < until)
        .where(*_only(outcome.worker_id, workers))
        .group_by(outcome.worker_id)
    )
    return {row[0]: WorkerFacts(*(int(number) for number in row[1:])) for row in await session.execute(counted)}


def _count(condition: Any) -> ColumnElement[Any]:
    return func.sum(case((condition, 1), else_=0))


def _only(column: Any, suppliers: Collection[int] | None) -> list[ColumnElement[bool]]:
    return [] if suppliers is None else [column.in_(suppliers)]


async def _price_percents(session: AsyncSession, suppliers: Collection[int] | None) -> dict[int, float]:
    """Prices in per cent of the highest allowed, on average over the services that are ordered."""
    percents = (
        select(SupplierService.supplier_id, func.avg(100.0 * SupplierService.price / Service.price_limit))
        .join(Service, Service.id == SupplierService.service_id)
        .where(Service.active, Service.price_limit > 0, *_only(SupplierService.supplier_id, suppliers))
        .group_by(SupplierService.supplier_id)
    )
    return {supplier: float(percent) for supplier, percent in await session.execute(percents)}
