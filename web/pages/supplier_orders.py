"""A supplier's own page: the orders that were sent to it and are not given back, and nothing else. Who the elder is and
where they live is shown once the order was taken and until it is over; each look at it is on the audit log."""

from typing import Any

from aiohttp import web
from multidict import MultiMapping

from models.audit import audit
from models.base import local_today
from models.orders.states import WITH_ELDER, OrderState
from models.orders.work_orders import find_order
from models.queries.register import file_of
from models.queries.supplier_orders import history_for_supplier, orders_of_supplier, seen_by_supplier
from models.queries.work_orders import OVERDUE, count_overdue, order_view
from models.queries.worker_day import workers_for
from models.register import FormRefused
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.order_forms import given_in, problems_of, state_in, step_in
from web.order_steps import OF_SUPPLIER, open_steps, pass_on, take_step
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.problems import NotFound
from web.render import render, texts_of
from web.rights import Right
from web.typed import whole_number

routes = web.RouteTableDef()


@routes.get("/my-orders")
@needs(Right.OWN_ORDERS)
async def my_orders(request: web.Request) -> web.StreamResponse:
    supplier, state = account_of(request).scope.supplier, state_in(request.query.get("state", ""))
    worker = whole_number(request.query.get("worker"))
    context: dict[str, Any] = {
        "page": None,
        "worker": worker,
        "state": state or "",
        "states": tuple(OrderState),
        "overdue_state": OVERDUE,
        "late": 0,
    }
    if supplier is not None:
        async with request.app[DATABASE].read() as session:
            context["page"] = await orders_of_supplier(
                session, supplier, state=state, worker=worker, limit=LINES, after=cursor_of(request, digits=9)
            )
            context["late"] = await count_overdue(session, supplier=supplier)
    return render(request, "my_orders.html", context)


@routes.get("/my-orders/{id}")
@needs(Right.OWN_ORDERS)
async def my_order(request: web.Request) -> web.StreamResponse:
    return await _page(request, number_in_path(request, "id"))


@routes.post("/my-orders/{id}/steps/{step}")
@needs(Right.OWN_ORDERS)
async def step(request: web.Request) -> web.StreamResponse:
    number, form, t = number_in_path(request, "id"), await request.post(), texts_of(request)
    wanted = step_in(request)
    if wanted not in OF_SUPPLIER:
        raise NotFound
    try:
        async with request.app[DATABASE].write() as session:
            order = await find_order(session, number, supplier=supplier_of(request))
            await take_step(request, session, order, wanted, given_in(form, t))
            left = order.supplier_id is None
            await pass_on(request, session, order, wanted)
    except FormRefused as refused:
        return await _page(request, number, step=wanted, sent=form, wrong=problems_of(refused, t))
    raise web.HTTPSeeOther("/my-orders" if left else f"/my-orders/{number}")


def supplier_of(request: web.Request) -> int:
    """Whose account this is. Raises NotFound: no supplier's."""
    supplier = account_of(request).scope.supplier
    if supplier is None:
        raise NotFound
    return supplier


async def _page(
    request: web.Request,
    number: int,
    *,
    step: str = "",
    sent: MultiMapping[Any] | None = None,
    wrong: dict[str, str] | None = None,
) -> web.Response:
    supplier = supplier_of(request)
    async with request.app[DATABASE].write() as session:  # for the audit log
        order = await find_order(session, number, supplier=supplier)
        view = seen_by_supplier(await order_view(session, number))
        history = await history_for_supplier(session, number, supplier)
        elder = None
        if view.elder is not None:
            elder = await file_of(session, view.elder)
            audit(session, account_of(request).actor, "order.elder_read", f"order:{number}", elder=view.elder)
        workers = await workers_for(session, supplier, local_today())
    people = await names_of_users(request, {change.by for change in history.changes})
    context = {
        "order": view,
        "elder": elder,
        "ended": view.state is not OrderState.OFFERED and view.state not in WITH_ELDER,
        "history": history,
        "steps": tuple(one for one in open_steps(order.state) if one in OF_SUPPLIER),
        "workers": workers,
        "people": people,
        "step": step,
        "sent": sent or {},
        "wrong": wrong or {},
        "action": f"/my-orders/{number}/steps/",
    }
    return render(request, "my_order.html", context, status=422 if wrong else 200)
