"""Two months of the demo district as the settlement has them: the one before the last locked, with something that
became known afterwards; the last one open; and an award to who made the visits. As plainly invented as the district."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.base import utc_now
from models.database import Database
from models.demo_orders import bring
from models.elders import Elder
from models.months import bounds, this_month
from models.orders.dispatching import void_by_hand
from models.orders.states import DONE, OrderState
from models.orders.work_orders import WorkOrder
from models.register import FormRefused
from models.services.records import Service
from models.settlement.closing import lock_month, settle_orders, version_of
from models.settlement.months import month_before
from models.settlement.records import SettlementMonth
from models.settlement.running import run
from models.suppliers.awards import AwardForm, give_award
from models.suppliers.records import AwardTitle

BY: Final = "demo"
WHY: Final = "按时上门，老人满意"
# Day and hour of the month on which each is sent, what is wanted, how many minutes the visit lasts.
_VISITS: Final = ((5, 9, "打扫厨房", 65), (12, 10, "擦窗", 70), (19, 9, "打扫卫生间", 55))


async def make(db: Database) -> None:
    """Once: where a month was reckoned already, nothing is added."""
    last = month_before(this_month())
    earlier = month_before(last)
    async with db.read() as session:
        if await session.scalar(select(SettlementMonth.month).limit(1)) is not None:
            return
    async with db.write() as session:
        counted = [await _visits(session, month) for month in (earlier, last)]
    if not all(counted):
        return
    now, policy = utc_now(), Policy()
    await run(db, earlier, policy=policy, by=BY, now=now)
    async with db.write() as session:
        await lock_month(session, earlier, version=await version_of(session, earlier), by=BY, now=now)
    await settle_orders(db, by=BY)
    async with db.write() as session:
        order = await session.get_one(WorkOrder, counted[0])
        why = "家属反映当日无人上门，核查后作废"
        await void_by_hand(session, order, by=BY, version=order.version, why=why, now=now, policy=policy)
        with suppress(FormRefused):  # in January and February these are visits of two years: too few in each
            await give_award(session, order.worker_id or 0, AwardForm(int(last[:4]), AwardTitle.EXCELLENT, WHY), by=BY)
    await run(db, last, policy=policy, by=BY, now=now)


async def _visits(session: AsyncSession, month: str) -> int | None:
    """Visits of this month, all rated; the last of them. None: there is nobody who could make them."""
    begins, ends = bounds(month)
    service = await session.scalar(select(Service).where(Service.code == "cleaning"))
    invented = select(Elder).where(Elder.name.startswith("演示·"), Elder.merged_into.is_(None))
    some = list(await session.scalars(invented.order_by(Elder.id).offset(20).limit(60)))
    elders = [one for number in (1, 2, 3) for one in [_of_class(some, number)] if one is not None]
    if service is None or len(elders) < len(_VISITS):
        return None
    # By the last of the firm's workers: the first is at a door now, and nobody is at two.
    for elder, (day, hour, wish, minutes) in zip(elders, _VISITS, strict=True):
        at = begins + timedelta(days=day - 1, hours=hour)
        await bring(session, elder, service, wish, OrderState.CHECKED, at, minutes, worker_at=-1)
    ended = select(WorkOrder.id).where(WorkOrder.finished_at >= begins, WorkOrder.state.in_(DONE))
    ended = ended.where(WorkOrder.finished_at < ends)
    return await session.scalar(ended.order_by(WorkOrder.id.desc()).limit(1))


def _of_class(elders: list[Elder], number: int) -> Elder | None:
    return next((one for one in elders if one.service_class == number), None)
