"""Work orders at the centre: the list with what is overdue, a new one, and one order with all that happened and what
may be done next."""

import asyncio
from dataclasses import replace
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy import select

from home import scans
from ivr.vocabulary import Rating
from models.audit import audit
from models.base import local_today, utc_now
from models.elders import Elder
from models.masking import masked
from models.orders.drafting import draft
from models.orders.links import withdraw_links
from models.orders.states import OrderState
from models.orders.visits import VisitPhoto
from models.orders.work_orders import find_order
from models.queries.follow_ups import follow_ups_of_orders
from models.queries.offers import offers_of
from models.queries.work_orders import OVERDUE, count_overdue, history_of, list_orders, order_view
from models.queries.worker_day import workers_for
from models.register import FormRefused
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.order_forms import given_in, problems_of, services, state_in, step_in
from web.order_steps import open_steps, pass_on, take_step
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.places import in_sight, scope_of
from web.policy_now import POLICY_NOW
from web.problems import NotFound
from web.render import render, texts_of
from web.rights import Right
from web.typed import whole_number

routes = web.RouteTableDef()


@routes.get("/orders")
@needs(Right.SEE_ORDERS)
async def orders(request: web.Request) -> web.StreamResponse:
    scope, state = scope_of(request), state_in(request.query.get("state", ""))
    worker, after = whole_number(request.query.get("worker")), cursor_of(request, digits=9)
    async with request.app[DATABASE].read() as session:
        page = await list_orders(session, scope=scope, state=state, worker=worker, limit=LINES, after=after)
        late = await count_overdue(session, scope=scope)
    people = await names_of_users(request, {item.drafted_by for item in page.items})
    context = {
        "page": replace(page, items=masked(page.items)),
        "people": people,
        "state": state or "",
        "worker": worker,
        "states": tuple(OrderState),
        "overdue_state": OVERDUE,
        "late": late,
    }
    return render(request, "orders.html", context)


@routes.get("/orders/new")
@needs(Right.DISPATCH_ORDERS)
async def new_order(request: web.Request) -> web.StreamResponse:
    return await _new_page(request, request.query, {})


@routes.post("/orders/new")
@needs(Right.DISPATCH_ORDERS)
async def add_order(request: web.Request) -> web.StreamResponse:
    form, t = await request.post(), texts_of(request)
    elder = str(form.get("elder", "")).strip()
    if not elder.isdecimal() or len(elder) > 9:
        return await _new_page(request, form, {"elder": t("problem.no_elder")})
    try:
        given = given_in(form, t)
        async with request.app[DATABASE].write() as session:
            await in_sight(request, session, int(elder))
            order = await draft(
                session,
                int(elder),
                given.service or 0,
                given.wish,
                urgent=given.urgent,
                by=account_of(request).actor,
                now=utc_now(),
                scope=scope_of(request),
            )
    except FormRefused as refused:
        return await _new_page(request, form, problems_of(refused, t))
    raise web.HTTPSeeOther(f"/orders/{order.id}")


@routes.get("/orders/{id}")
@needs(Right.SEE_ORDERS)
async def one_order(request: web.Request) -> web.StreamResponse:
    return await _page(request, number_in_path(request, "id"))


@routes.post("/orders/{id}/steps/{step}")
@needs(Right.DISPATCH_ORDERS)
async def step(request: web.Request) -> web.StreamResponse:
    number, form, t = number_in_path(request, "id"), await request.post(), texts_of(request)
    wanted = step_in(request)
    try:
        async with request.app[DATABASE].write() as session:
            order = await find_order(session, number, scope=scope_of(request))
            await take_step(request, session, order, wanted, given_in(form, t))
            await pass_on(request, session, order, wanted)
    except FormRefused as refused:
        return await _page(request, number, step=wanted, sent=form, wrong=problems_of(refused, t))
    raise web.HTTPSeeOther(f"/orders/{number}")


@routes.post("/orders/{id}/links")
@needs(Right.DISPATCH_ORDERS)
async def end_links(request: web.Request) -> web.StreamResponse:
    """The phone of the order's worker was lost: the links in it open nothing any more."""
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        order = await find_order(session, number, scope=scope_of(request))
        if order.worker_id is None:
            raise NotFound
        await withdraw_links(session, order.worker_id, by=account_of(request).actor)
    raise web.HTTPSeeOther(f"/orders/{number}")


@routes.get("/orders/{id}/photos/{photo}")
@needs(Right.SEE_PERSONAL)
@needs(Right.SEE_ORDERS)
async def photo(request: web.Request) -> web.StreamResponse:
    """A home from inside: each look is on the audit log."""
    number, wanted = number_in_path(request, "id"), number_in_path(request, "photo")
    async with request.app[DATABASE].write() as session:
        order = await find_order(session, number, scope=scope_of(request))
        query = select(VisitPhoto).where(VisitPhoto.id == wanted, VisitPhoto.order_id == number)
        found = await session.scalar(query)
        if found is None:
            raise NotFound
        audit(session, account_of(request).actor, "visit.photo_read", f"order:{number}", elder=order.elder_id)
    path = scans.path_of(request.app[SETTINGS], found.sha256, folder=scans.PHOTOS)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("problem.scan_gone")
    return web.FileResponse(path, headers={"Content-Type": found.media_type})


async def _page(
    request: web.Request,
    number: int,
    *,
    step: str = "",
    sent: MultiMapping[Any] | None = None,
    wrong: dict[str, str] | None = None,
) -> web.Response:
    """The order; with a form that was not taken as it was filled in."""
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        order = await find_order(session, number, scope=scope_of(request))
        view, history = await order_view(session, number), await history_of(session, number)
        steps = open_steps(view.state)
        offers = await offers_of(session, order, policy) if "offer" in steps else None
        workers = await workers_for(session, order.supplier_id, local_today()) if order.supplier_id else ()
        choices = await services(session) if "service" in steps else ()
        follow_ups = (await follow_ups_of_orders(session, [number])).get(number, [])
    people = await names_of_users(request, {change.by for change in history.changes})
    context = {
        "order": masked(view),
        "history": history,
        "follow_ups": masked(follow_ups),
        "steps": steps,
        "offers": offers,
        "declined": {change.data.get("supplier") for change in history.changes if change.after == "declined"},
        "workers": workers,
        "services": choices,
        "ratings": tuple(Rating),
        "people": people,
        "step": step,
        "sent": sent or {},
        "wrong": wrong or {},
        "action": f"/orders/{number}/steps/",
    }
    return render(request, "order.html", context, status=422 if wrong else 200)


async def _new_page(request: web.Request, sent: MultiMapping[Any], wrong: dict[str, str]) -> web.Response:
    elder = str(sent.get("elder", "")).strip()
    name = ""
    async with request.app[DATABASE].read() as session:
        if elder.isdecimal() and len(elder) <= 9:
            scope = scope_of(request)
            name = await session.scalar(select(Elder.name).where(Elder.id == int(elder), scope.of_elders())) or ""
        choices = await services(session)
    context = {"sent": sent, "elder": elder, "elder_name": name, "services": choices, "wrong": wrong}
    return render(request, "order_new.html", context, status=422 if wrong else 200)
