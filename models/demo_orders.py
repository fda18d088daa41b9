"""Orders of the demo district, one in each state that an order comes to: made by the rules, for its invented elders and
firms. Made once; where there are orders already, nothing is added."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Rating
from models.base import utc_now
from models.elders import Elder
from models.follow_up_work import complete
from models.follow_ups import FollowUp
from models.orders import dispatching
from models.orders.codes import code_of
from models.orders.drafting import draft
from models.orders.states import OrderState
from models.orders.visits import Action, ActionKind, Position, take
from models.orders.work_orders import WorkOrder
from models.queries.offers import offers_for
from models.queries.worker_day import workers_for
from models.scope import EVERYWHERE
from models.services.records import Service
from models.suppliers.records import Worker

BY: Final = "demo"
PAGE: Final = "http://127.0.0.1:8080/worker"
_S: Final = OrderState
# How far each comes, what is wanted, how many minutes ago it was sent, how long the visit lasted.
_ORDERS: Final = (
    (_S.VOID, "擦地", 4_500, 20),
    (_S.CHECKED, "厨房除油", 3_000, 80),
    (_S.FINISHED, "全屋保洁", 1_600, 65),
    (_S.STARTED, "整理衣柜", 150, 0),
    (_S.APPOINTED, "打扫卫生间", 120, 0),
    (_S.ACCEPTED, "换洗床单被套", 10, 0),
    (_S.OFFERED, "擦窗户, 老人不能登高", 45, 0),  # the elder should have been rung by now
    (_S.DRAFT, "每周打扫一次, 重点厨房", 0, 0),
)


async def make(session: AsyncSession) -> None:
    """One order of each kind; nothing where no firm can be asked."""
    if await session.scalar(select(WorkOrder.id).limit(1)) is not None:
        return
    service = await session.scalar(select(Service).where(Service.code == "cleaning"))
    invented = select(Elder).where(Elder.name.startswith("演示·"), Elder.merged_into.is_(None))
    elders = (await session.scalars(invented.order_by(Elder.id).limit(len(_ORDERS)))).all()
    if service is None or len(elders) < len(_ORDERS):
        return
    for elder, (state, wish, ago, minutes) in zip(elders, _ORDERS, strict=True):
        await bring(session, elder, service, wish, state, utc_now() - timedelta(minutes=ago), minutes)


async def bring(
    session: AsyncSession,
    elder: Elder,
    service: Service,
    wish: str,
    state: OrderState,
    at: datetime,
    minutes: int,
    worker_at: int = 0,
) -> None:
    """A new order to this state, beginning at this moment; the firm's worker at this place of its list goes."""
    order = await draft(session, elder.id, service.id, wish, urgent=False, by=BY, now=at, scope=EVERYWHERE)
    today = at.astimezone().date()
    ranked = await offers_for(session, service.id, elder.org_unit_id, policy=Policy(), today=today)
    if state is _S.DRAFT or not ranked.offered:
        return
    best = ranked.offered[0]
    reason = f"{best.rank}. {best.why.zh} / {best.why.en}"
    await dispatching.offer(
        session,
        order,
        best.supplier,
        price=best.price,
        reason=reason,
        by=BY,
        version=order.version,
        now=at,
        policy=Policy(),
    )
    if state is _S.OFFERED:
        return
    await dispatching.accept(session, order, by=BY, version=order.version)
    if state is _S.ACCEPTED:
        return
    worker = (await workers_for(session, best.supplier, today))[worker_at]
    await dispatching.elder_called(session, order, by=BY, version=order.version, now=at + timedelta(minutes=12))
    visit = at + timedelta(hours=2)
    await dispatching.appoint(
        session, order, worker.id, visit, by=BY, version=order.version, now=at + timedelta(minutes=15), page=PAGE
    )
    if state is _S.APPOINTED:
        return
    await _scan(session, order, worker, ActionKind.START, visit)
    if state is _S.STARTED:
        return
    await _scan(session, order, worker, ActionKind.END, visit + timedelta(minutes=minutes))
    if state is _S.CHECKED:
        await _ask(session, order)


async def _ask(session: AsyncSession, order: WorkOrder) -> None:
    """The follow-up call of the order was made."""
    owed = (await session.scalars(select(FollowUp).where(FollowUp.order_id == order.id))).one()
    await complete(
        session,
        owed.id,
        version=owed.version,
        by=BY,
        done=True,
        result="按时上门，打扫干净",
        satisfaction=Rating.SATISFIED,
        note="",
        answers={"came": "yes", "on_time": "yes"},
        policy=Policy(),
    )


async def _scan(session: AsyncSession, order: WorkOrder, worker: Worker, kind: ActionKind, at: datetime) -> None:
    action = Action(
        key=f"demo-{order.id}-{kind}",
        kind=kind,
        phone_at=at,
        sent_at=at,
        code=await code_of(session, order.elder_id or 0, by=BY),
        position=Position(31.25, 121.5, 15),
        note="已完成, 老人在家" if kind is ActionKind.END else "",
    )
    await take(session, worker, order.id, action, now=at, policy=Policy())
