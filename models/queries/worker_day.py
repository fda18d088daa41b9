"""What a worker needs for the day: where to go, when, to whom, to do what. Nothing of an elder's health is in it, and
nothing at all of an elder once the visit is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.masking import numbers_in
from models.orders.states import WITH_ELDER, OrderState
from models.queries.register import files_of
from models.queries.work_orders import todays_orders
from models.suppliers.records import Worker


@dataclass(frozen=True, slots=True)
class WorkersOrder:
    """`phone`: the elder's; `address` to the room. Empty, as the name is, once the visit is over."""

    id: int
    state: OrderState
    service: str
    wish: str
    elder_name: str
    address: str
    way_in: str
    phone: str
    appointed_for: datetime | None
    minimum_minutes: int
    started_at: datetime | None
    finished_at: datetime | None
    minutes: int | None


async def day_of(session: AsyncSession, worker: int, today: date, *, lang: str) -> list[WorkersOrder]:
    """In the order of the appointments."""
    orders = await todays_orders(session, worker, today)
    wanted = [one.elder for one in orders if one.elder is not None and one.state in WITH_ELDER]
    files = {file.id: file for file in await files_of(session, wanted)}
    found = []
    for one in orders:
        file = files.get(one.elder or 0) if one.state in WITH_ELDER else None
        found.append(
            WorkersOrder(
                id=one.id,
                state=one.state,
                service=one.service_zh if lang == "zh" else one.service_en,
                wish=one.wish if file else numbers_in(one.wish),
                elder_name=file.name if file else "",
                address=file.address if file else "",
                way_in=file.way_in if file else "",
                phone=file.home_phone if file else "",
                appointed_for=one.appointed_for,
                minimum_minutes=one.minimum_minutes,
                started_at=one.started_at,
                finished_at=one.finished_at,
                minutes=one.minutes,
            )
        )
    return found


async def workers_for(session: AsyncSession, supplier: int, today: date) -> list[Worker]:
    """Whom this supplier may send (T8): active, with a training that has not run out; the day of the visit is looked
    at when it is agreed."""
    query = select(Worker).where(
        Worker.supplier_id == supplier,
        Worker.active,
        Worker.trained_on.is_not(None),
        or_(Worker.trained_until.is_(None), Worker.trained_until >= today),
    )
    return list(await session.scalars(query.order_by(Worker.name, Worker.id)))
