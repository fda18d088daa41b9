"""Statements of a month: lists of those for elders and suppliers, and each of them, with that for the government, on A4
to be signed. A supplier's account has a page of its own, with its own statement on it and nothing else."""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from models.base import local_today
from models.masking import masked
from models.months import is_month
from models.queries.government_statement import GovernmentStatement, statement_of_government
from models.queries.paging import Page
from models.queries.settlement import list_months
from models.queries.statements import (
    SupplierStatement,
    list_elder_statements,
    list_supplier_statements,
    statement_of_elder,
    statement_of_supplier,
    statements_of_elders,
)
from models.settlement.records import LineKind
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.pages.settlement import month_in, places_for
from web.places import scope_of
from web.render import render
from web.rights import Right
from web.typed import whole_number

routes = web.RouteTableDef()
AT_ONCE: Final = 100  # statements on a page that is made to be printed


@routes.get("/elder-statements")
@needs(Right.SEE_SETTLEMENT)
async def elders(request: web.Request) -> web.StreamResponse:
    return await _list(request, "settlement/elders.html", list_elder_statements)


@routes.get("/supplier-statements")
@needs(Right.SEE_SETTLEMENT)
async def suppliers(request: web.Request) -> web.StreamResponse:
    return await _list(request, "settlement/suppliers.html", list_supplier_statements)


@routes.get("/elder-statements/print")
@needs(Right.SEE_SETTLEMENT)
async def of_elders(request: web.Request) -> web.StreamResponse:
    """Those of a month and a place, one to a sheet of paper, as many as a printer is given at once."""
    month, place = await month_in(request, request.query), whole_number(request.query.get("org_unit"))
    scope, after = scope_of(request), cursor_of(request, digits=9)
    async with request.app[DATABASE].read() as session:
        page = await list_elder_statements(
            session, scope=scope, month=month, org_unit=place, limit=AT_ONCE, after=after
        )
        found = masked(await statements_of_elders(session, page.items, month, scope=scope))
    query = urlencode({"month": month, "org_unit": place or ""})
    more: dict[str, Any] = {"next": page.next, "month": month, "org_unit": place}
    return _paper(request, "settlement/elders_print.html", found, back=f"/elder-statements?{query}", **more)


@routes.get("/elder-statements/{id}")
@needs(Right.SEE_SETTLEMENT)
async def of_elder(request: web.Request) -> web.StreamResponse:
    number, month = number_in_path(request, "id"), await month_in(request, request.query)
    async with request.app[DATABASE].read() as session:
        found = masked(await statement_of_elder(session, number, month, scope=scope_of(request)))
    return _paper(request, "settlement/elder.html", found, back=f"/elder-statements?month={month}")


@routes.get("/supplier-statements/{id}")
@needs(Right.SEE_SETTLEMENT)
async def of_supplier(request: web.Request) -> web.StreamResponse:
    number, month = number_in_path(request, "id"), await month_in(request, request.query)
    found = await _of_supplier(request, number, month)
    return _paper(request, "settlement/supplier.html", found, back=f"/supplier-statements?month={month}", mine=False)


@routes.get("/government-statement")
@needs(Right.SEE_SETTLEMENT)
async def of_government(request: web.Request) -> web.StreamResponse:
    month, place = await month_in(request, request.query), whole_number(request.query.get("org_unit"))
    async with request.app[DATABASE].read() as session:
        found = await statement_of_government(session, month, scope=scope_of(request), org_unit=place)
    places = await places_for(request)
    name = places.get(place, "") if place is not None else ""
    kinds = kinds_of(found)
    more: dict[str, Any] = {"places": places, "place_name": name, "kinds": kinds}
    return _paper(request, "settlement/government.html", found, back="/settlement", **more)


@routes.get("/my-statements")
@needs(Right.OWN_ORDERS)
async def mine(request: web.Request) -> web.StreamResponse:
    """The last month, or the one that was asked for; an open one may change."""
    scope, asked = account_of(request).scope, request.query.get("month", "")
    async with request.app[DATABASE].read() as session:
        months = [one.month for one in (await list_months(session, scope=scope, limit=24)).items if one.lines]
    month = asked if is_month(asked) else months[0] if months else await month_in(request, request.query)
    found = None
    if scope.supplier is not None:
        found = await _of_supplier(request, scope.supplier, month)
    return _paper(request, "settlement/supplier.html", found, back="/my-orders", mine=True, months=months, month=month)


def kinds_of(found: GovernmentStatement) -> dict[LineKind, tuple[int, int, int]]:
    """Each kind with its visits, fen of the government, fen of the elders."""
    return {
        kind: (
            sum(one.visits for one in found.rows if one.kind is kind),
            sum(one.government for one in found.rows if one.kind is kind),
            sum(one.own for one in found.rows if one.kind is kind),
        )
        for kind in LineKind
    }


async def _of_supplier(request: web.Request, supplier: int, month: str) -> SupplierStatement:
    worker, place = (whole_number(request.query.get(name)) for name in ("worker", "org_unit"))
    async with request.app[DATABASE].read() as session:
        found = await statement_of_supplier(
            session, supplier, month, scope=scope_of(request), worker=worker, org_unit=place
        )
    return masked(found)


async def _list(request: web.Request, template: str, find: Any) -> web.Response:
    month, place = await month_in(request, request.query), whole_number(request.query.get("org_unit"))
    after = cursor_of(request, digits=9)
    async with request.app[DATABASE].read() as session:
        page: Page[Any] = await find(
            session, scope=scope_of(request), month=month, org_unit=place, limit=LINES, after=after
        )
    context = {"page": replace(page, items=masked(page.items)), "month": month, "org_unit": place}
    return render(request, template, {**context, "places": await places_for(request)})


def _paper(request: web.Request, template: str, found: Any, *, back: str, **more: Any) -> web.Response:
    return render(request, template, {"found": found, "back": back, "today": local_today(), **more})
