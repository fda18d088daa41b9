"""Settlement: months, their lines, and the statements that are made of them. All amounts in fen."""

from typing import Any

from aiohttp import web
from pydantic import Field

from models.base import utc_now
from models.house_policy import Fixed
from models.masking import masked
from models.queries.government_statement import GovernmentStatement, statement_of_government
from models.queries.paging import Page
from models.queries.settlement import LineFilter, LineView, MonthView, list_lines, list_months, month_view
from models.queries.statements import (
    ElderRow,
    ElderStatement,
    SupplierRow,
    SupplierStatement,
    list_elder_statements,
    list_supplier_statements,
    statement_of_elder,
    statement_of_supplier,
)
from models.settlement.closing import MOST, correct
from models.settlement.months import latest_month
from models.settlement.records import LineKind
from models.settlement.shares import Parts
from web.api.kit import (
    IdPageFilter,
    Input,
    ListOf,
    Month,
    Operations,
    Output,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.rights import Right
from web.settling import settle_and_lock, settle_now

operations = Operations("settlement")
_SEE = (Right.SEE_SETTLEMENT, Right.OWN_ORDERS)  # a supplier sees its own


class MonthIn(Input):
    """`month` as 2026-10."""

    month: Month


class MonthLocked(MonthIn):
    """`version`: that of the figures that were looked at (`GET /settlement-months`)."""

    version: int = Field(ge=0, le=2**32)


class StatementFilter(Input):
    """`month`: the last that was reckoned, when none is given; `org_unit`: a place with all below it."""

    month: Month | None = None
    org_unit: RecordId | None = None


class StatementsFilter(IdPageFilter, StatementFilter):
    pass


class SupplierStatementFilter(StatementFilter):
    worker: RecordId | None = None


class LinesFilter(IdPageFilter):
    """`corrections`: only lines that correct a month that is locked."""

    month: Month | None = None
    kind: LineKind | None = None
    elder: RecordId | None = None
    supplier: RecordId | None = None
    worker: RecordId | None = None
    order: RecordId | None = None
    org_unit: RecordId | None = None
    service_class: int | None = Field(None, ge=1, le=3)
    corrections: bool = False


class CorrectionIn(Input):
    """How much more, or less, each of them pays, in fen."""

    government: int = Field(0, ge=-MOST, le=MOST)
    own: int = Field(0, ge=-MOST, le=MOST)
    reason: str = Field(min_length=2, max_length=500)


class CorrectionMade(Output):
    id: int


class MonthList(ListOf[MonthView]):
    pass


class LineList(ListOf[LineView]):
    pass


class ElderRowList(ListOf[ElderRow]):
    pass


class SupplierRowList(ListOf[SupplierRow]):
    pass


@operations(
    "GET", "/settlement-months", "Months that were reckoned, with their figures", right=Right.SEE_SETTLEMENT,
    query=IdPageFilter, result=MonthList,
)  # fmt: skip
async def get_months(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, IdPageFilter, list_months)
    return answer_page(page)


@operations(
    "POST", "/settlement-months/run", "Reckon a month, again or for the first time", right=Right.SETTLE,
    body=MonthIn, result=MonthView,
)  # fmt: skip
async def post_run(request: web.Request) -> web.StreamResponse:
    month = (await read_body(request, MonthIn)).month
    await settle_now(request.app[DATABASE], Fixed.of(request.app[SETTINGS]), month, by=account_of(request).actor)
    return await _month(request, month)


@operations(
    "POST", "/settlement-months/lock", "Lock a month for good", right=Right.SETTLE, body=MonthLocked, result=MonthView
)
async def post_lock(request: web.Request) -> web.StreamResponse:
    wanted, by = await read_body(request, MonthLocked), account_of(request).actor
    fixed = Fixed.of(request.app[SETTINGS])
    await settle_and_lock(request.app[DATABASE], fixed, wanted.month, version=wanted.version, by=by)
    return await _month(request, wanted.month)


@operations("GET", "/settlement-lines", "Lines of the settlement", right=_SEE, query=LinesFilter, result=LineList)
async def get_lines(request: web.Request) -> web.StreamResponse:
    given = read_query(request, LinesFilter).narrows()
    limit, after = given.pop("limit"), given.pop("after")
    async with request.app[DATABASE].read() as session:
        page = await list_lines(session, scope=scope_of(request), wanted=LineFilter(**given), limit=limit, after=after)
    return answer_page(Page(masked(page.items), page.next))


@operations(
    "POST", "/settlement-lines/{id}/correct", "Correct a line by a new one in the open month", right=Right.SETTLE,
    body=CorrectionIn, result=CorrectionMade, status=201,
)  # fmt: skip
async def post_correction(request: web.Request) -> web.StreamResponse:
    body, number = await read_body(request, CorrectionIn), number_in_path(request, "id")
    parts, by = Parts(body.government, body.own), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        new = await correct(session, number, parts, reason=body.reason, by=by, now=utc_now())
    return answer({"id": new}, status=201)


@operations(
    "GET", "/elder-statements", "The month of each elder", right=Right.SEE_SETTLEMENT,
    query=StatementsFilter, result=ElderRowList,
)  # fmt: skip
async def get_elders(request: web.Request) -> web.StreamResponse:
    return await _list(request, list_elder_statements)


@operations(
    "GET", "/elder-statements/{id}", "The statement of an elder, by the id of the file", right=Right.SEE_SETTLEMENT,
    query=StatementFilter, result=ElderStatement,
)  # fmt: skip
async def get_elder(request: web.Request) -> web.StreamResponse:
    month, number = await _month_of(request, read_query(request, StatementFilter)), number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        found = await statement_of_elder(session, number, month, scope=scope_of(request))
    return answer(view_json(masked(found)))


@operations(
    "GET", "/supplier-statements", "The month of each supplier", right=_SEE,
    query=StatementsFilter, result=SupplierRowList,
)  # fmt: skip
async def get_suppliers(request: web.Request) -> web.StreamResponse:
    return await _list(request, list_supplier_statements)


@operations(
    "GET", "/supplier-statements/{id}", "The statement of a supplier, or of one of its workers", right=_SEE,
    query=SupplierStatementFilter, result=SupplierStatement,
)  # fmt: skip
async def get_supplier(request: web.Request) -> web.StreamResponse:
    wanted, number = read_query(request, SupplierStatementFilter), number_in_path(request, "id")
    month = await _month_of(request, wanted)
    async with request.app[DATABASE].read() as session:
        found = await statement_of_supplier(
            session, number, month, scope=scope_of(request), worker=wanted.worker, org_unit=wanted.org_unit
        )
    return answer(view_json(masked(found)))


@operations(
    "GET", "/government-statement", "What the government pays for a month, by place, kind and class",
    right=Right.SEE_SETTLEMENT, query=StatementFilter, result=GovernmentStatement,
)  # fmt: skip
async def get_government(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, StatementFilter)
    month = await _month_of(request, wanted)
    async with request.app[DATABASE].read() as session:
        found = await statement_of_government(session, month, scope=scope_of(request), org_unit=wanted.org_unit)
    return answer(view_json(found))


async def _list(request: web.Request, find: Any) -> web.Response:
    wanted = read_query(request, StatementsFilter)
    month = await _month_of(request, wanted)
    async with request.app[DATABASE].read() as session:
        page = await find(session, scope=scope_of(request), **{**wanted.narrows(), "month": month})
    return answer_page(Page(masked(page.items), page.next))


async def _month_of(request: web.Request, wanted: StatementFilter) -> str:
    if wanted.month is not None:
        return wanted.month
    async with request.app[DATABASE].read() as session:
        return await latest_month(session)


async def _month(request: web.Request, month: str) -> web.Response:
    async with request.app[DATABASE].read() as session:
        return answer(view_json(await month_view(session, month, scope=scope_of(request))))
