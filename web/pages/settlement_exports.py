"""Lines and statements of a month, to be taken away as tables. Amounts in yuan."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from aiohttp import web

from models.queries.government_statement import PlaceRow, statement_of_government
from models.queries.paging import Page
from models.queries.settlement import LineView, list_lines
from models.queries.statements import (
    ElderRow,
    SupplierRow,
    list_elder_statements,
    list_supplier_statements,
)
from models.settlement.shares import yuan
from web.exports import Table, read_form, send
from web.guard import needs
from web.keys import DATABASE
from web.pages.exports import rows_of
from web.pages.settlement import kept, month_in, narrowed
from web.places import scope_of
from web.render import stamp, texts_of
from web.rights import Right
from web.typed import whole_number

routes = web.RouteTableDef()
Item = TypeVar("Item")
PAGE: Final = 200
LINE_HEAD: Final = (
    "month", "of_month", "kind", "cause", "elder", "community", "service_class", "percent", "order", "service",
    "supplier", "worker", "ended_at", "minutes", "amount", "government", "own", "reason",
)  # fmt: skip
ELDER_HEAD: Final = (
    "elder", "community", "service_class", "visits", "call", "home", "amount", "government", "own",
)  # fmt: skip
SUPPLIER_HEAD: Final = ("supplier", "visits", "minutes", "amount", "government", "own")
GOVERNMENT_HEAD: Final = (
    "community", "kind", "service_class", "elders_count", "visits", "amount", "government", "own",
)  # fmt: skip


@routes.post("/settlement-lines/export")
@needs(Right.SEE_SETTLEMENT)
@needs(Right.EXPORT)
async def lines(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    wanted = narrowed(form, await month_in(request, form))
    head = [t(f"settlement.{name}") for name in LINE_HEAD]

    def row(one: LineView) -> list[str]:
        what = [one.month, one.of_month, t(f"line_kind.{one.kind}"), t(f"line_cause.{one.cause}")]
        who = [one.elder_name, one.community, str(one.service_class or ""), _text(one.percent)]
        service = one.service_zh if t.lang == "zh" else one.service_en
        order = [_text(one.order), service, one.supplier_name, one.worker_name, stamp(one.ended_at), _text(one.minutes)]
        return [*what, *who, *order, yuan(one.amount), yuan(one.government or 0), yuan(one.own or 0), one.reason]

    rows = rows_of(_listed(request, list_lines, wanted=wanted), row)
    return await send(request, Table("settlement-lines", t("settlement.lines_title"), head, rows, kept(wanted)), form)


@routes.post("/elder-statements/export")
@needs(Right.SEE_SETTLEMENT)
@needs(Right.EXPORT)
async def elders(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    month, place = await month_in(request, form), whole_number(form.get("org_unit"))
    head = [t(f"settlement.{name}") for name in ELDER_HEAD]

    def row(one: ElderRow) -> list[str]:
        who = [one.elder_name, one.community, str(one.service_class), str(one.visits)]
        return [*who, *(yuan(fen) for fen in (one.call, one.home, one.amount, one.government, one.own))]

    rows = rows_of(_listed(request, list_elder_statements, month=month, org_unit=place), row)
    return await send(
        request, Table("elder-statements", t("settlement.elders"), head, rows, _given(month, place)), form
    )


@routes.post("/supplier-statements/export")
@needs(Right.SEE_SETTLEMENT)
@needs(Right.EXPORT)
async def suppliers(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    month, place = await month_in(request, form), whole_number(form.get("org_unit"))
    head = [t(f"settlement.{name}") for name in SUPPLIER_HEAD]

    def row(one: SupplierRow) -> list[str]:
        sums = [yuan(fen or 0) for fen in (one.amount, one.government, one.own)]
        return [one.supplier_name, str(one.visits), str(one.minutes), *sums]

    rows = rows_of(_listed(request, list_supplier_statements, month=month, org_unit=place), row)
    table = Table("supplier-statements", t("settlement.suppliers"), head, rows, _given(month, place))
    return await send(request, table, form)


@routes.post("/government-statement/export")
@needs(Right.SEE_SETTLEMENT)
@needs(Right.EXPORT)
async def government(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    month, place = await month_in(request, form), whole_number(form.get("org_unit"))
    head = [t(f"settlement.{name}") for name in GOVERNMENT_HEAD]

    async def page(cursor: str | None) -> Page[PlaceRow]:
        async with request.app[DATABASE].read() as session:
            found = await statement_of_government(session, month, scope=scope_of(request), org_unit=place)
        return Page(found.rows, None)

    def row(one: PlaceRow) -> list[str]:
        what = [one.place_name, t(f"line_kind.{one.kind}"), str(one.service_class), str(one.elders), str(one.visits)]
        return [*what, *(yuan(fen) for fen in (one.amount, one.government, one.own))]

    title = t("settlement.government_statement")
    table = Table("government-statement", title, head, rows_of(page, row), _given(month, place))
    return await send(request, table, form)


def _listed(
    request: web.Request, find: Callable[..., Awaitable[Page[Item]]], **wanted: Any
) -> Callable[[str | None], Awaitable[Page[Item]]]:
    """The pages of a list, from one record on to the next."""

    async def page(cursor: str | None) -> Page[Item]:
        after = None if cursor is None else int(cursor)
        async with request.app[DATABASE].read() as session:
            return await find(session, scope=scope_of(request), limit=PAGE, after=after, **wanted)

    return page


def _given(month: str, place: int | None) -> dict[str, str]:
    return {"month": month} | ({} if place is None else {"org_unit": str(place)})


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
