"""The steps of a work order as people take them, from the centre's page, the supplier's page and the API alike: which
are open in a state, and what each needs. The rules are in `models/orders/`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Rating
from models.base import utc_now
from models.orders import dispatching, drafting, rating
from models.orders.next_supplier import ask_next
from models.orders.states import DONE, SUCCESSORS, TO_BE_SENT, OrderState, check_step
from models.orders.work_orders import WorkOrder
from models.queries.offers import offers_of
from models.refusing import refuse
from models.versions import changing
from web.guard import account_of
from web.origin import site_for_others
from web.pages.worker import PAGE
from web.places import scope_of
from web.policy_now import POLICY_NOW


class Step(StrEnum):
    SERVICE = "service"
    OFFER = "offer"
    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    ELDER_CALLED = "elder_called"
    APPOINT = "appoint"
    END = "end"
    RATE = "rate"
    CHECK = "check"
    VOID = "void"
    CANCEL = "cancel"


_LEADS_TO: Final[Mapping[Step, OrderState]] = {
    Step.OFFER: OrderState.OFFERED,
    Step.ACCEPT: OrderState.ACCEPTED,
    Step.DECLINE: OrderState.DECLINED,
    Step.WITHDRAW: OrderState.DRAFT,
    Step.ELDER_CALLED: OrderState.ELDER_CALLED,
    Step.APPOINT: OrderState.APPOINTED,
    Step.END: OrderState.FINISHED,
    Step.CHECK: OrderState.CHECKED,
    Step.VOID: OrderState.VOID,
    Step.CANCEL: OrderState.CANCELLED,
}
OF_SUPPLIER: Final = frozenset({Step.ACCEPT, Step.DECLINE, Step.ELDER_CALLED, Step.APPOINT})


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody has filled in; each step looks at its own. `price` in fen."""

    version: int
    why: str = ""
    service: int | None = None
    wish: str = ""
    urgent: bool = False
    supplier: int | None = None
    price: int | None = None
    worker: int | None = None
    at: datetime | None = None
    grade: Rating | None = None


def open_steps(state: OrderState) -> tuple[Step, ...]:
    """In the order in which they are usual."""
    found = [step for step, after in _LEADS_TO.items() if after in SUCCESSORS[state]]
    if state in TO_BE_SENT:
        found.insert(0, Step.SERVICE)
    if state in DONE:
        found.insert(0, Step.RATE)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Taking:
    """A step that is being taken, with all that the rules want to know."""

    request: web.Request
    session: AsyncSession
    order: WorkOrder
    given: Given
    by: str
    now: datetime
    policy: Policy

    @property
    def who(self) -> dict[str, Any]:
        return {"by": self.by, "version": self.given.version}


async def take_step(request: web.Request, session: AsyncSession, order: WorkOrder, step: Step, given: Given) -> None:
    """Do it; the order was found in sight of the account.

    Raises:
        IllegalStep, FormRefused, VersionConflict: as in `models/orders/`.
    """
    policy = await request.app[POLICY_NOW].read()
    await _STEPS[step](_Taking(request, session, order, given, account_of(request).actor, utc_now(), policy))


async def pass_on(request: web.Request, session: AsyncSession, order: WorkOrder, step: Step) -> bool:
    """After that step: an urgent order that its supplier does not take goes to the next one; whether it was such."""
    if step is not Step.DECLINE or not order.urgent:
        return False
    await ask_next(session, order, now=utc_now(), policy=await request.app[POLICY_NOW].read())
    return True


async def _service(it: _Taking) -> None:
    scope, service = scope_of(it.request), it.given.service or 0
    wish, urgent = it.given.wish, it.given.urgent
    await drafting.choose(it.session, it.order, service, wish=wish, urgent=urgent, scope=scope, **it.who)


async def _offer(it: _Taking) -> None:
    """Only to one of those who may be asked; why this one is kept with the order."""
    ranked = (await offers_of(it.session, it.order, it.policy)).offered
    chosen = next((one for one in ranked if one.supplier == it.given.supplier), None)
    if chosen is None:
        check_step(it.order.state, OrderState.OFFERED)
        refuse("supplier", "该服务商现不能承接此项服务", "this supplier cannot take this service now")
    price = chosen.price if it.given.price is None else it.given.price
    told: dict[str, Any] = {"price": price, "reason": chosen.reason, "now": it.now, "policy": it.policy}
    await dispatching.offer(it.session, it.order, chosen.supplier, **told, **it.who)


async def _accept(it: _Taking) -> None:
    await dispatching.accept(it.session, it.order, why=it.given.why, **it.who)


async def _decline(it: _Taking) -> None:
    await dispatching.decline(it.session, it.order, why=it.given.why, now=it.now, **it.who)


async def _withdraw(it: _Taking) -> None:
    await dispatching.withdraw(it.session, it.order, why=it.given.why, now=it.now, **it.who)


async def _elder_called(it: _Taking) -> None:
    await dispatching.elder_called(it.session, it.order, why=it.given.why, now=it.now, **it.who)


async def _appoint(it: _Taking) -> None:
    if it.given.at is None:
        refuse("at", "请填写预约时间", "when is it to be?")
    site, worker = site_for_others(it.request), it.given.worker or 0
    page = None if site is None else str(site.with_path(PAGE))
    await dispatching.appoint(it.session, it.order, worker, it.given.at, now=it.now, page=page, **it.who)


async def _end(it: _Taking) -> None:
    if it.given.at is None:
        refuse("at", "请填写结束时间", "when did it end?")
    why, at = it.given.why, it.given.at
    await dispatching.end_by_hand(it.session, it.order, at, why=why, now=it.now, policy=it.policy, **it.who)


async def _void(it: _Taking) -> None:
    await dispatching.void_by_hand(it.session, it.order, why=it.given.why, now=it.now, policy=it.policy, **it.who)


async def _cancel(it: _Taking) -> None:
    await dispatching.cancel(it.session, it.order, why=it.given.why, now=it.now, **it.who)


async def _rate(it: _Taking) -> None:
    if it.given.grade is None:
        refuse("grade", "请选择评价", "choose a rating")
    async with changing(it.session, it.order, version=it.given.version):
        await rating.rate(it.session, it.order, it.given.grade, it.by, policy=it.policy)


async def _check(it: _Taking) -> None:
    async with changing(it.session, it.order, version=it.given.version):
        await rating.check(it.session, it.order, by=it.by, why=it.given.why)


_STEPS: Final[Mapping[Step, Callable[[_Taking], Awaitable[None]]]] = {
    Step.SERVICE: _service,
    Step.OFFER: _offer,
    Step.ACCEPT: _accept,
    Step.DECLINE: _decline,
    Step.WITHDRAW: _withdraw,
    Step.ELDER_CALLED: _elder_called,
    Step.APPOINT: _appoint,
    Step.END: _end,
    Step.RATE: _rate,
    Step.CHECK: _check,
    Step.VOID: _void,
    Step.CANCEL: _cancel,
}
