"""Afterwards the elder is asked: the call after a visit, the daily draw, tries that come to nothing (S3.4, T5, H4)."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from sqlalchemy import select

from ivr.vocabulary import FollowUpKind
from models.follow_up_tries import nobody_answered
from models.follow_up_work import complete
from models.follow_ups import FollowUp, TryResult
from models.orders.rating import check
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.visit_samples import draw

from .life import DESK, Life
from .log import What

CALLER = "user:2"


async def booked(life: Life, order: int) -> None:
    """A visit has ended: the house has booked a call about it, unless the elder has died."""
    if life.happens(0.5):
        life.after(life.between(2_000, 9_000), partial(look_at, life, order))
    wanted = select(FollowUp.id).where(FollowUp.order_id == order, FollowUp.kind == FollowUpKind.LIFE_SERVICE)
    number = await life.session.scalar(wanted)
    row = await life.session.get_one(WorkOrder, order)
    assert (number is None) == (row.elder_id in life.dead)
    if number is not None:
        life.say(What.ASKED_ABOUT, follow_up=number, order=order, words="life_service")
        _plan(life, number)


async def sample(life: Life, day: date) -> None:
    """The day's draw; it has transactions of its own."""
    await draw(life.db, day, policy=life.policy, by="system:sampling")
    life.say(What.SAMPLED, when=life.now)
    async with life.db.read() as session:
        rows = (await session.scalars(select(FollowUp).where(FollowUp.sample_day == day))).all()
    for row in rows:
        life.say(What.ASKED_ABOUT, follow_up=row.id, order=row.order_id or 0, words="visit")
        _plan(life, row.id)


def _plan(life: Life, number: int) -> None:
    """Most calls are made in time, some too late, a few never."""
    if life.happens(0.97):
        life.after(life.between(60, 3_400 if life.happens(0.85) else 6_000), partial(call, life, number))


async def call(life: Life, number: int) -> None:
    row = await life.session.get_one(FollowUp, number)
    if row.elder_id in life.dead:
        return
    if life.happens(0.3):
        await _in_vain(life, row)
        return
    of_order = await life.session.get_one(WorkOrder, row.order_id or 0)
    grade = _grade(life, of_order.supplier_id or 0)
    await complete(
        life.session, number, version=row.version, by=CALLER, done=True, result="", satisfaction=grade, note="",
        answers={"came": "yes"}, policy=life.policy,
    )  # fmt: skip
    life.say(What.REACHED, follow_up=number, order=of_order.id, words=grade)


async def _in_vain(life: Life, row: FollowUp) -> None:
    result = life.chance.choice(tuple(TryResult))
    changed = await nobody_answered(life.session, row.id, result, version=row.version, by=CALLER, policy=life.policy)
    life.say(What.TRIED, follow_up=row.id, words=str(result))
    if changed.next_try_at is not None:
        life.at(changed.next_try_at + timedelta(minutes=life.between(0, 50)), partial(call, life, row.id))


def _grade(life: Life, firm: int) -> str:
    """What the elder says, or nothing."""
    manner = life.manners.get(firm)
    if manner is None or life.happens(0.05):
        return ""
    left = 1 - manner.satisfied - manner.fairly
    return life.chance.choices(
        ("satisfied", "fairly_satisfied", "dissatisfied"), (manner.satisfied, manner.fairly, left)
    )[0]


async def look_at(life: Life, number: int) -> None:
    """The desk looks at the scans of a visit that nobody could be asked about yet."""
    order = await life.session.get_one(WorkOrder, number)
    if order.state is OrderState.FINISHED:
        await check(life.session, order, by=DESK, why="已核对扫码记录")
        life.say(What.LOOKED_AT, order=number)
