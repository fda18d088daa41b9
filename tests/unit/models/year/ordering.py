"""A wish becomes an order, is offered, taken, agreed, visited; or declined, void, done again (S3, T1 to T4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from models.orders import dispatching
from models.orders.drafting import draft
from models.orders.states import WITH_SUPPLIER, OrderState
from models.orders.visits import Action, ActionKind, Outcome, take
from models.orders.work_orders import WorkOrder
from models.queries.offers import offers_for
from models.queries.work_orders import open_orders
from models.register import FormRefused
from models.scope import EVERYWHERE
from models.suppliers.records import Worker

from . import asking, complaining
from .clock import moment
from .life import DESK, PAGE, Life
from .log import What

HOURS = (9.0, 11.5, 14.0, 16.5)  # of appointments: a worker is never late enough to miss the next
FIRM = "user:9"  # somebody of the firm


async def wishes(life: Life, elder: int) -> None:
    """An elder wants something, and will want something again."""
    if elder in life.dead:
        return
    days = life.chance.randint(15, 40)
    life.at(moment(life.today + timedelta(days=days), life.between(8, 16)), partial(wishes, life, elder))
    service = life.chance.choice(sorted(life.log.services))
    order = await draft(life.session, elder, service, "演示", urgent=False, by="user:1", now=life.now, scope=EVERYWHERE)
    life.say(What.DRAFTED, order=order.id, elder=elder, service=service)
    life.after(life.between(2, 40), partial(dispatch, life, order.id, frozenset()))


async def dispatch(life: Life, number: int, avoid: frozenset[int]) -> None:
    """Ask the first supplier of those that can be asked, mostly; who has said no is not asked again."""
    if number in life.gone:
        return
    order = await _order(life, number)
    person = life.log.elders[order.elder_id or 0]
    found = await offers_for(
        life.session, order.service_id or 0, person.place, policy=life.policy, today=life.today,
        open_orders=await open_orders(life.session),
    )  # fmt: skip
    asked = tuple(one.supplier for one in found.offered)
    left = [one for one in asked if one not in avoid]
    if not left:
        life.say(What.NOBODY, order=number, asked=asked)
        await _cancel(life, order)
        return
    firm = left[1] if len(left) > 1 and life.happens(0.1) else left[0]
    price = life.log.firms[firm].prices[order.service_id or 0]
    await dispatching.offer(
        life.session, order, firm, reason="演示", by=DESK, version=order.version, now=life.now, policy=life.policy
    )
    life.say(What.OFFERED, order=number, supplier=firm, fen=price, asked=asked)
    answer = life.chance.choices((accept, decline, withdraw), (92, 5, 3))[0]
    life.after(life.between(1, 15) if answer is not withdraw else 55, partial(answer, life, number))


async def accept(life: Life, number: int) -> None:
    if number in life.gone:
        return
    order = await _order(life, number)
    firm = order.supplier_id or 0
    try:
        await dispatching.accept(life.session, order, by=FIRM, version=order.version)
    except FormRefused:
        life.say(What.ACCEPT_REFUSED, order=number, supplier=firm)
        await withdraw(life, number)
        return
    life.say(What.ACCEPTED, order=number, supplier=firm)
    _ring(life, number, firm)


def _ring(life: Life, number: int, firm: int) -> None:
    slow = life.happens(life.manners[firm].slow)
    life.after(life.between(31, 300) if slow else life.between(1, 14), partial(ring, life, number))


async def decline(life: Life, number: int) -> None:
    """Not taken, or given back."""
    if number in life.gone:
        return
    order = await _order(life, number)
    firm = order.supplier_id or 0
    await dispatching.decline(life.session, order, by=FIRM, version=order.version, why="人手不足", now=life.now)
    life.say(What.DECLINED, order=number, supplier=firm)
    life.after(life.between(1, 20), partial(dispatch, life, number, frozenset({firm})))


async def withdraw(life: Life, number: int) -> None:
    if number in life.gone:
        return
    order = await _order(life, number)
    firm = order.supplier_id or 0
    await dispatching.withdraw(life.session, order, by=DESK, version=order.version, why="未答复", now=life.now)
    life.say(What.WITHDRAWN, order=number, supplier=firm)
    life.after(life.between(1, 20), partial(dispatch, life, number, frozenset({firm})))


async def ring(life: Life, number: int) -> None:
    """The firm rings the elder, and they agree on a day, an hour and a worker who is trained then; or on none."""
    if number in life.gone:
        return
    order = await _order(life, number)
    firm = order.supplier_id or 0
    await dispatching.elder_called(life.session, order, by=FIRM, version=order.version, now=life.now)
    life.say(What.RUNG, order=number, supplier=firm)
    at = moment(life.today + timedelta(days=life.chance.randint(1, 5)), life.chance.choice(HOURS))
    day = at.date()
    free = [
        one
        for one, (first, last) in sorted(life.log.firms[firm].workers.items())
        if first <= day <= last and (one, at) not in life.busy
    ]
    if not free:
        await decline(life, number)
        return
    worker = life.chance.choice(free)
    life.busy.add((worker, at))
    await dispatching.appoint(life.session, order, worker, at, by=FIRM, version=order.version, now=life.now, page=PAGE)
    life.say(What.APPOINTED, order=number, supplier=firm, worker=worker, when=at)
    manner = life.manners[firm]
    if life.happens(manner.absent):
        life.at(at + timedelta(minutes=45), partial(nobody_came, life, number))
        return
    late = life.between(16, 39) if life.happens(manner.late) else life.between(-15, 14)
    told_at_once = life.happens(0.9)
    begun = at + timedelta(minutes=round(late))
    if told_at_once:
        life.at(begun, partial(start, life, number, begun))
    life.at(begun + timedelta(minutes=_length(life, order)), partial(end, life, number, begun, told_at_once))


def _length(life: Life, order: WorkOrder) -> int:
    """In minutes."""
    least = life.log.services[order.service_id or 0].least_minutes
    if least and life.happens(life.manners[order.supplier_id or 0].short):
        return life.chance.randint(10, least - 1)
    return life.chance.randint(least, least + 25) if least else life.chance.randint(2, 10)


async def nobody_came(life: Life, number: int) -> None:
    """The elder complains, and the firm gives the order back: the next one does it."""
    if number in life.gone:
        return
    if life.happens(0.7):
        await complaining.complain(life, order=number)
    life.after(life.between(10, 90), partial(decline, life, number))


async def start(life: Life, number: int, begun: datetime) -> None:
    if number in life.gone:
        return
    assert await _scan(life, number, ActionKind.START, begun) is Outcome.TAKEN
    life.say(What.STARTED, order=number, when=begun)


async def end(life: Life, number: int, begun: datetime, told: bool) -> None:
    """A phone that had no net tells of the beginning only now."""
    if number in life.gone:
        return
    if not told:
        await start(life, number, begun)
    order = await _order(life, number)
    firm = order.supplier_id or 0
    outcome = await _scan(life, number, ActionKind.END, life.now)
    life.say(What.ENDED, order=number, supplier=firm, worker=order.worker_id or 0, when=life.now)
    if life.happens(life.manners[firm].complained):
        life.after(life.between(30, 8_000), partial(complaining.complain, life, order=number))
    if outcome is Outcome.TOO_SHORT:
        await _redone(life, number)
        return
    assert outcome is Outcome.TAKEN
    await asking.booked(life, number)
    if life.happens(0.04):  # soon, or when the month may be locked
        life.after(life.between(1_000, 6_000 if life.happens(0.4) else 90_000), partial(void, life, number))


async def void(life: Life, number: int) -> None:
    """Somebody has looked into it: it does not count."""
    order = await _order(life, number)
    await dispatching.void_by_hand(
        life.session, order, by=DESK, version=order.version, why="核查", now=life.now, policy=life.policy
    )
    life.say(What.VOIDED, order=number, supplier=order.supplier_id or 0)
    await _redone(life, number)


async def _redone(life: Life, number: int) -> None:
    """The order that makes it good goes on where the house has put it: with the same firm, or with nobody."""
    again = (await life.session.scalars(select(WorkOrder).where(WorkOrder.redo_of == number))).one()
    life.say(What.REDONE, order=again.id, of=number)
    if again.elder_id in life.dead:
        await _cancel(life, again)
    elif again.state is OrderState.ACCEPTED:
        _ring(life, again.id, again.supplier_id or 0)
    else:
        life.after(life.between(5, 60), partial(dispatch, life, again.id, frozenset()))


async def give_up(life: Life, elder: int) -> None:
    """Who has died gets no visit any more; what runs is left to its end."""
    wanted = (*(WITH_SUPPLIER - {OrderState.STARTED}), OrderState.DRAFT, OrderState.DECLINED)
    rows = select(WorkOrder).where(WorkOrder.elder_id == elder, WorkOrder.state.in_(wanted))
    for order in (await life.session.scalars(rows)).all():
        await _cancel(life, order)


async def _cancel(life: Life, order: WorkOrder) -> None:
    await dispatching.cancel(life.session, order, by=DESK, version=order.version, why="不再需要", now=life.now)
    life.gone.add(order.id)
    life.say(What.CANCELLED, order=order.id)


async def _scan(life: Life, number: int, kind: ActionKind, at: datetime) -> Outcome:
    """By the worker's phone, whose clock is a few minutes wrong."""
    order = await _order(life, number)
    worker = await life.session.get_one(Worker, order.worker_id or 0)
    wrong = timedelta(minutes=life.chance.randint(-5, 5))
    action = Action(
        key=f"key-{next(life.keys)}",
        kind=kind,
        phone_at=at + wrong,
        sent_at=life.now + wrong,
        code=life.codes[order.elder_id or 0],
    )
    return await take(life.session, worker, number, action, now=life.now, policy=life.policy)


async def _order(life: Life, number: int) -> WorkOrder:
    return await life.session.get_one(WorkOrder, number)
