"""Work orders: the list, one with all that happened to it, a new one, the next step of one. A supplier's account sees
and moves its own orders only, and the elder while it has to do with them. During a call a draft is made with the action
`draft_order` of its case."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Rating
from models.audit import audit
from models.base import utc_now
from models.masking import masked
from models.orders.drafting import LONGEST_WISH, draft
from models.orders.order_calls import OrderCallState
from models.orders.states import OrderState
from models.orders.visits import ActionKind, Outcome
from models.orders.work_orders import WorkOrder, find_order
from models.queries.follow_ups import FollowUpView, follow_ups_of_orders
from models.queries.supplier_orders import history_for_supplier, orders_of_supplier, seen_by_supplier
from models.queries.work_orders import OrderView, history_of, list_orders, order_view
from web.api.kit import (
    IdPageFilter,
    Input,
    ListOf,
    Operations,
    Output,
    RecordId,
    When,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.order_steps import OF_SUPPLIER, Given, Step, open_steps, pass_on, take_step
from web.places import in_sight, scope_of
from web.problems import Forbidden
from web.rights import Right, may

operations = Operations("orders")
BY_PROGRAM: Final = "由接口取消 / cancelled by a program"
_SEE = (Right.SEE_ORDERS, Right.OWN_ORDERS)


class OrderFilter(IdPageFilter):
    state: OrderState | Literal["overdue"] | None = None
    elder: RecordId | None = None
    worker: RecordId | None = None


class OrderList(ListOf[OrderView]):
    pass


@dataclass(frozen=True, slots=True)
class ChangeView:
    """`by` as in the timeline (`user:7`, `worker:3`); `why` in somebody's words."""

    at: datetime
    by: str
    before: OrderState | None
    after: OrderState
    why: str


@dataclass(frozen=True, slots=True)
class ActionView:
    """A scan or note of the worker; `received_at`: when the phone told it."""

    kind: ActionKind
    outcome: Outcome
    at: datetime
    received_at: datetime
    typed: bool
    note: str


@dataclass(frozen=True, slots=True)
class CallView:
    """An offer by telephone of an urgent order; `tries` of dialling, `key` that was pressed."""

    supplier: int
    offered_at: datetime
    state: OrderCallState
    tries: int
    key: str
    ended_at: datetime | None


class WholeOrder(Output):
    """`calls`: to suppliers, to whom an urgent order is offered by telephone as well; a supplier sees its own.
    `follow_ups`: calls in which the elder is asked about it, not shown to the supplier; `steps`: what may be done
    next."""

    order: OrderView
    changes: list[ChangeView]
    actions: list[ActionView]
    calls: list[CallView]
    photos: int
    redone_by: int | None
    follow_ups: list[FollowUpView]
    steps: list[Step]


class NewOrder(Input):
    elder: RecordId
    service: RecordId
    wish: str = Field(min_length=1, max_length=LONGEST_WISH)
    urgent: bool = False


class OrderPatch(Input):
    """What is wanted, while nobody was asked to do it. `version` as it was read; what is not given stays."""

    version: int = Field(ge=1)
    service: RecordId | None = None
    wish: str | None = Field(None, min_length=1, max_length=LONGEST_WISH)
    urgent: bool | None = None


class OrderEnd(Input):
    """`why` stands in the address, which proxies write down: no names in it; with names as a step of the order."""

    version: int = Field(ge=1)
    why: str = Field("", max_length=500)


class OrderStep(Input):
    """`version` as it was read. Each step looks at its own: `offer` (`supplier`, `price` in fen), `appoint` (`worker`,
    `at`), `end` (`at`, `why`), `rate` (`grade`), `service` (`service`, `wish`, `urgent`); `decline`, `withdraw`,
    `check`, `void` and `cancel` want a `why`."""

    step: Step
    version: int = Field(ge=1)
    why: str = Field("", max_length=500)
    service: RecordId | None = None
    wish: str = Field("", max_length=LONGEST_WISH)
    urgent: bool = False
    supplier: RecordId | None = None
    price: int | None = Field(None, ge=0, le=10_000_000)
    worker: RecordId | None = None
    at: When | None = None
    grade: Rating | None = None


@operations("GET", "/orders", "Work orders, the latest first", right=_SEE, query=OrderFilter, result=OrderList)
async def get_orders(request: web.Request) -> web.StreamResponse:
    wanted, supplier = read_query(request, OrderFilter), account_of(request).scope.supplier
    narrowed: dict[str, Any] = {"state": wanted.state, "worker": wanted.worker}
    narrowed |= {"limit": wanted.limit, "after": wanted.cursor}
    async with request.app[DATABASE].read() as session:
        if may(account_of(request), Right.SEE_ORDERS):
            page = await list_orders(session, scope=scope_of(request), elder=wanted.elder, **narrowed)
        elif supplier is not None:
            page = await orders_of_supplier(session, supplier, **narrowed)
        else:
            raise Forbidden("orders.no_supplier")
    return answer_page(replace(page, items=masked(page.items)))


@operations("POST", "/orders", "A new draft", right=Right.DISPATCH_ORDERS, body=NewOrder, result=WholeOrder, status=201)
async def post_order(request: web.Request) -> web.StreamResponse:
    new = await read_body(request, NewOrder)
    async with request.app[DATABASE].write() as session:
        await in_sight(request, session, new.elder)
        by, now, scope = account_of(request).actor, utc_now(), scope_of(request)
        order = await draft(session, new.elder, new.service, new.wish, urgent=new.urgent, by=by, now=now, scope=scope)
        told = await _whole(request, session, order)
    return answer(told, status=201)


@operations("GET", "/orders/{id}", "One order with all that happened to it", right=_SEE, result=WholeOrder)
async def get_order(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as session:  # for the audit log
        order = await _find(request, session)
        if account_of(request).scope.supplier is not None:
            audit(session, account_of(request).actor, "order.read", f"order:{order.id}", elder=order.elder_id)
        told = await _whole(request, session, order)
    return answer(told)


@operations(
    "PATCH", "/orders/{id}", "Change what is wanted", right=Right.DISPATCH_ORDERS, body=OrderPatch, result=WholeOrder
)  # fmt: skip
async def patch_order(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, OrderPatch)
    async with request.app[DATABASE].write() as session:
        order = await _find(request, session)
        given = Given(
            version=patch.version,
            service=order.service_id if patch.service is None else patch.service,
            wish=order.wish if patch.wish is None else patch.wish,
            urgent=order.urgent if patch.urgent is None else patch.urgent,
        )
        await take_step(request, session, order, Step.SERVICE, given)
        told = await _whole(request, session, order)
    return answer(told)


@operations(
    "DELETE", "/orders/{id}", "Cancel an order; it stays on record", right=Right.DISPATCH_ORDERS, query=OrderEnd,
    result=WholeOrder,
)  # fmt: skip
async def delete_order(request: web.Request) -> web.StreamResponse:
    """409 `order_state` once the worker is there: then it is `void`, or counts."""
    wanted = read_query(request, OrderEnd)
    async with request.app[DATABASE].write() as session:
        order = await _find(request, session)
        given = Given(version=wanted.version, why=wanted.why or BY_PROGRAM)
        await take_step(request, session, order, Step.CANCEL, given)
        told = await _whole(request, session, order)
    return answer(told)


@operations(
    "POST",
    "/orders/{id}/steps",
    "The next step of an order",
    right=(Right.DISPATCH_ORDERS, Right.OWN_ORDERS),
    body=OrderStep,
    result=WholeOrder,
)
async def post_step(request: web.Request) -> web.StreamResponse:
    """409 `order_state` when it is not where the step begins. An urgent order that is declined is offered to the next
    supplier at once."""
    wanted = await read_body(request, OrderStep)
    account = account_of(request)
    if wanted.step not in OF_SUPPLIER and (account.scope.supplier or not may(account, Right.DISPATCH_ORDERS)):
        raise Forbidden
    given = Given(**wanted.model_dump(exclude={"step"}))
    async with request.app[DATABASE].write() as session:
        order = await _find(request, session)
        await take_step(request, session, order, wanted.step, given)
        told = await _whole(request, session, order)
        # Who is asked now is no business of the supplier who was.
        if await pass_on(request, session, order, wanted.step) and account.scope.supplier is None:
            told = await _whole(request, session, order)
    return answer(told)


async def _find(request: web.Request, session: AsyncSession) -> WorkOrder:
    """In sight of the account. Raises NoSuchRecord."""
    supplier, number = account_of(request).scope.supplier, number_in_path(request, "id")
    if supplier is not None:
        return await find_order(session, number, supplier=supplier)
    return await find_order(session, number, scope=scope_of(request))


async def _whole(request: web.Request, session: AsyncSession, order: WorkOrder) -> dict[str, Any]:
    view, supplier = await order_view(session, order.id), account_of(request).scope.supplier
    if supplier is None:
        view, history = masked(view), await history_of(session, order.id)
    else:
        view, history = seen_by_supplier(view), await history_for_supplier(session, order.id, supplier)
    changes = [ChangeView(one.at, one.by, one.before, one.after, one.why) for one in history.changes]
    actions = [
        ActionView(one.kind, one.outcome, one.at, one.received_at, one.typed, one.note) for one in history.actions
    ]
    calls = [
        CallView(one.supplier_id, one.offered_at, one.state, one.tries, one.key, one.ended_at) for one in history.calls
    ]
    asked = await follow_ups_of_orders(session, [order.id]) if may(account_of(request), Right.SEE_ORDERS) else {}
    return {
        "order": view_json(view),
        "changes": [view_json(one) for one in changes],
        "actions": [view_json(one) for one in actions],
        "calls": [view_json(one) for one in calls],
        "photos": len(history.photos),
        "redone_by": history.redone_by,
        "follow_ups": [view_json(masked(one)) for one in asked.get(order.id, ())],
        "steps": [one for one in open_steps(view.state) if supplier is None or one in OF_SUPPLIER],
    }
