"""Which suppliers are offered for a service at a place (S3.2), read for the rule in `suppliers/offering.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.base import local_today
from models.elders import Elder
from models.orders.work_orders import WorkOrder
from models.org import above
from models.queries.suppliers import ranked
from models.queries.work_orders import open_orders
from models.scope import EVERYWHERE
from models.services.records import Service
from models.suppliers.offering import Candidate, Offers, offers
from models.suppliers.records import SupplierArea, SupplierService


async def offers_of(session: AsyncSession, order: WorkOrder, policy: Policy) -> Offers:
    """Who may be asked for this order, the first one first, and who may not and why."""
    file = None if order.elder_id is None else await session.get(Elder, order.elder_id)
    if order.service_id is None or file is None:
        return Offers((), ())
    load = await open_orders(session)
    return await offers_for(
        session, order.service_id, file.org_unit_id, policy=policy, today=local_today(), open_orders=load
    )


async def offers_for(
    session: AsyncSession,
    service: int,
    place: int | None,
    *,
    policy: Policy,
    today: date,
    open_orders: Mapping[int, int] | None = None,
) -> Offers:
    """For an elder who lives at `place` (None: unknown, so that no place is served). `open_orders`: supplier to how
    many were sent to it and are not over. A service that is ordered no more is offered by nobody."""
    row = await session.get(Service, service)
    if row is None or not row.active:
        return Offers((), ())
    priced = select(SupplierService.supplier_id, SupplierService.price).where(SupplierService.service_id == service)
    prices = {row.supplier_id: row.price for row in await session.execute(priced)}
    around = set() if place is None else {place, *await session.scalars(above([place]))}
    serving = set(await session.scalars(select(SupplierArea.supplier_id).where(SupplierArea.org_unit_id.in_(around))))
    able = prices.keys() & serving  # whoever else is left out whatever the score
    candidates = [
        Candidate(
            supplier=line.id,
            name=line.name,
            status=line.status,
            price=prices.get(line.id),
            serves_place=line.id in serving,
            score=line.points,
            workers=line.workers,
            open_orders=(open_orders or {}).get(line.id, 0),
            agreement_from=line.agreement_from,
            agreement_until=line.agreement_until,
            missing=line.missing,
            price_limit=row.price_limit,
        )
        for line in await ranked(session, scope=EVERYWHERE, policy=policy, today=today, scored=able)
    ]
    return offers(candidates, today=today, least_score=policy.score_least, points_each=policy.offer_load)
