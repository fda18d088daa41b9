"""Suppliers: the ranking, one supplier with its score, papers, workers and accounts, the form of the admission file,
what becomes of a supplier. Who has the duty of a supplier sees its own record only (`Scope.supplier`)."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.masking import number as masked_number
from models.queries.suppliers import find_supplier, list_suppliers, supplier_line, workers_of
from models.register import FormRefused
from models.services.catalogue import catalogue
from models.suppliers.accounts import accounts_of, link_account, unlink_account
from models.suppliers.admission import change, form_of, register
from models.suppliers.records import Condition, Supplier, SupplierStatus
from models.suppliers.score import PRIOR, START
from models.suppliers.standing import NEEDS_REASON, SUCCESSORS, change_status, history_of
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import is_trained
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.admin.kit import Refused, refusal, typed
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.place_names import place_names
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import NotFound
from web.render import render
from web.rights import Right
from web.supplier_forms import status_in, supplier_form

routes = web.RouteTableDef()
FORM, STATUS, ACCOUNTS, WORKER = "supplier", "status", "accounts", "worker"  # which form of a page was refused


@routes.get("/suppliers")
@needs(Right.SEE_SUPPLIERS)
async def show(request: web.Request) -> web.StreamResponse:
    policy = await request.app[POLICY_NOW].read()
    wanted = narrowed(request.query)
    async with request.app[DATABASE].read() as session:
        page = await list_suppliers(
            session,
            scope=scope_of(request),
            policy=policy,
            today=local_today(),
            limit=LINES,
            after=cursor_of(request, digits=6),
            **wanted,
        )
        services, places = await catalogue(session), await place_names(session)
    context = {
        "page": page,
        "services": {one.id: one for one in services},
        "places": places,
        "statuses": tuple(SupplierStatus),
        "wanted": wanted,
        "least": policy.score_least,
    }
    return render(request, "suppliers/list.html", context)


def narrowed(given: Mapping[str, str]) -> dict[str, Any]:
    """What the list is narrowed to; nonsense counts as not given."""
    status = given.get("status", "")
    numbers = {name: given.get(name, "") for name in ("service", "org_unit")}
    return {
        "status": SupplierStatus(status) if status in list(SupplierStatus) else None,
        **{name: int(text) if text.isdecimal() and len(text) <= 9 else None for name, text in numbers.items()},
    }


@routes.get("/suppliers/new")
@needs(Right.MANAGE_SUPPLIERS)
async def blank(request: web.Request) -> web.StreamResponse:
    return await _form_page(request, None)


@routes.post("/suppliers/new")
@needs(Right.MANAGE_SUPPLIERS)
async def add(request: web.Request) -> web.StreamResponse:
    sent, area_code = await typed(request), request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            form = supplier_form(sent)
            supplier = await register(session, form, by=account_of(request).actor, area_code=area_code)
            number = supplier.id
    except FormRefused as why:
        return await _form_page(request, None, refusal(request, FORM, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{number}")


@routes.get("/suppliers/{id}")
@needs(Right.SEE_SUPPLIERS)
async def show_one(request: web.Request) -> web.StreamResponse:
    return await supplier_page(request, number_in_path(request, "id"))


@routes.get("/suppliers/{id}/edit")
@needs(Right.MANAGE_SUPPLIERS)
async def edit(request: web.Request) -> web.StreamResponse:
    return await _form_page(request, number_in_path(request, "id"))


@routes.post("/suppliers/{id}/edit")
@needs(Right.MANAGE_SUPPLIERS)
async def save(request: web.Request) -> web.StreamResponse:
    number, sent, area_code = number_in_path(request, "id"), await typed(request), request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            await in_scope(request, session, number)
            by, form = account_of(request).actor, supplier_form(sent)
            await change(session, number, form, version=sent.version, by=by, area_code=area_code)
    except (FormRefused, VersionConflict) as why:
        return await _form_page(request, number, refusal(request, FORM, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{number}")


@routes.post("/suppliers/{id}/status")
@needs(Right.MANAGE_SUPPLIERS)
async def put_status(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await in_scope(request, session, number)
            new, reason, by = status_in(sent.text("status")), sent.text("reason"), account_of(request).actor
            await change_status(session, number, new, reason=reason, version=sent.version, by=by, today=local_today())
    except (FormRefused, VersionConflict) as why:
        return await supplier_page(request, number, refusal(request, STATUS, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{number}")


@routes.post("/suppliers/{id}/accounts")
@needs(Right.MANAGE_SUPPLIERS)
async def add_account(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await in_scope(request, session, number)
            await link_account(session, number, sent.text("username"), by=account_of(request).actor)
    except FormRefused as why:
        return await supplier_page(request, number, refusal(request, ACCOUNTS, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{number}#accounts")


@routes.post("/suppliers/{id}/accounts/remove")
@needs(Right.MANAGE_SUPPLIERS)
async def remove_account(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    async with request.app[DATABASE].write() as session:
        await in_scope(request, session, number)
        await unlink_account(session, number, sent.number("user") or 0, by=account_of(request).actor)
    raise web.HTTPSeeOther(f"/suppliers/{number}#accounts")


async def in_scope(request: web.Request, session: AsyncSession, number: int) -> Supplier:
    """Before anything of this supplier is shown or changed. Raises NoSuchRecord."""
    supplier = await find_supplier(session, number, scope=scope_of(request))
    if supplier is None:
        raise NoSuchRecord
    return supplier


async def supplier_page(request: web.Request, number: int, refused: Refused | None = None) -> web.Response:
    """Everything of one supplier; with a form of it that was not taken."""
    policy, day, scope = await request.app[POLICY_NOW].read(), local_today(), scope_of(request)
    async with request.app[DATABASE].read() as session:
        supplier = await find_supplier(session, number, scope=scope)
        line = await supplier_line(session, number, scope=scope, policy=policy, today=day)
        if supplier is None or line is None:
            raise NotFound
        form, history = await form_of(session, supplier), await history_of(session, number)
        workers, accounts = await workers_of(session, number, scope=scope), await accounts_of(session, number)
        services, places = await catalogue(session), await place_names(session)
    context = {
        "supplier": supplier,
        "line": line,
        "file": form,
        "conditions": tuple(Condition),
        "history": history,
        "workers": workers,
        "phones": {one.id: masked_number(one.phone) for one in workers},
        "trained": {one.id for one in workers if is_trained(one, day)},
        "accounts": accounts,
        "services": {one.id: one for one in services},
        "places": places,
        "successors": [one for one in SupplierStatus if one in SUCCESSORS[supplier.status]],
        "needs_reason": NEEDS_REASON,
        "people": await names_of_users(request, {one.by for one in history}),
        "today": day,
        "policy": policy,
        "prior": PRIOR,
        "start": START,
        "refused": refused,
    }
    return render(request, "suppliers/one.html", context, status=refused.status if refused else 200)


async def _form_page(request: web.Request, number: int | None, refused: Refused | None = None) -> web.Response:
    """The form of the admission file, empty or as it is on record."""
    async with request.app[DATABASE].read() as session:
        supplier = None if number is None else await in_scope(request, session, number)
        form = SupplierForm("", "", "") if supplier is None else await form_of(session, supplier)
        services, places = await catalogue(session), await place_names(session)
    context = {
        "supplier": supplier,
        "file": form,
        "no_paper": PaperForm(),
        "conditions": tuple(Condition),
        "services": [one for one in services if one.active or one.id in form.prices],
        "places": places,
        "refused": refused,
    }
    return render(request, "suppliers/form.html", context, status=refused.status if refused else 200)
