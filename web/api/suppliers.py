"""Suppliers: the same rules as on the pages. Whoever has the duty of a supplier gets its own record only. Their
workers: `workers.py`."""

from datetime import date

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.queries.suppliers import (
    SupplierLine,
    find_supplier,
    list_suppliers,
    supplier_line,
)
from models.scope import EVERYWHERE
from models.suppliers.admission import change, form_of, register
from models.suppliers.records import Condition, SupplierStatus
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import LONGEST, MOST_CAPITAL, MOST_NAME, PaperForm, SupplierForm
from models.versions import NoSuchRecord
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Operations,
    Output,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict
from web.rights import Right

operations = Operations("suppliers")


class SupplierFilter(PageFilter):
    """`org_unit`: who serves this place."""

    status: SupplierStatus | None = None
    service: RecordId | None = None
    org_unit: RecordId | None = None


class SupplierList(ListOf[SupplierLine]):
    pass


class PaperIn(Input):
    number: str = Field("", max_length=MOST_NAME)
    issuer: str = Field("", max_length=MOST_NAME)
    issued_on: date | None = None
    valid_until: date | None = None


class SupplierIn(Input):
    """`prices`: number of the service to fen; `areas`: numbers of places; `capital` in yuan."""

    name: str = Field(min_length=1, max_length=MOST_NAME)
    licence: str = Field(min_length=1, max_length=40)
    phone: str = Field(min_length=1, max_length=40)
    sms_number: str = Field("", max_length=40)
    contact_name: str = Field("", max_length=MOST_NAME)
    address: str = Field("", max_length=LONGEST)
    capital: int = Field(0, ge=0, le=MOST_CAPITAL)
    agreement_from: date | None = None
    agreement_until: date | None = None
    notes: str = Field("", max_length=LONGEST)
    papers: dict[Condition, PaperIn] = Field(default_factory=dict)
    prices: dict[RecordId, int] = Field(default_factory=dict, max_length=2_000)
    areas: list[RecordId] = Field(default_factory=list, max_length=2_000)

    def form(self) -> SupplierForm:
        plain = {name: getattr(self, name) for name in SupplierIn.model_fields if name not in ("papers", "areas")}
        papers = {one: PaperForm(**paper.model_dump()) for one, paper in self.papers.items()}
        return SupplierForm(**plain, papers=papers, areas=frozenset(self.areas))


class SupplierPatch(SupplierIn):
    """The whole file, and the `version` that was read."""

    version: int = Field(ge=1)


class SupplierOut(Output):
    """`line` as in the list, with score and rank; the rest is the file as it is sent to change it."""

    line: SupplierLine
    phone: str
    sms_number: str
    contact_name: str
    address: str
    capital: int
    notes: str
    papers: dict[Condition, PaperForm]
    prices: dict[int, int]


class StatusIn(Input):
    version: int = Field(ge=1)
    status: SupplierStatus
    reason: str = Field("", max_length=LONGEST)


@operations(
    "GET",
    "/suppliers",
    "Suppliers, ranked by score",
    right=Right.SEE_SUPPLIERS,
    query=SupplierFilter,
    result=SupplierList,
)
async def get_suppliers(request: web.Request) -> web.StreamResponse:
    wanted, policy = read_query(request, SupplierFilter), await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        page = await list_suppliers(
            session,
            scope=scope_of(request),
            policy=policy,
            today=local_today(),
            **wanted.narrows(),
        )
    return answer_page(page)


@operations(
    "POST",
    "/suppliers",
    "Register a supplier, which applies",
    right=Right.MANAGE_SUPPLIERS,
    body=SupplierIn,
    result=SupplierOut,
    status=201,
)
async def post_supplier(request: web.Request) -> web.StreamResponse:
    wanted, area_code = await read_body(request, SupplierIn), request.app[SETTINGS].area_code
    async with request.app[DATABASE].write() as session:
        number = (await register(session, wanted.form(), by=account_of(request).actor, area_code=area_code)).id
    return await _supplier(request, number, status=201, seen=True)


@operations("GET", "/suppliers/{id}", "One supplier", right=Right.SEE_SUPPLIERS, result=SupplierOut)
async def get_supplier(request: web.Request) -> web.StreamResponse:
    return await _supplier(request, number_in_path(request, "id"))


@operations(
    "PATCH",
    "/suppliers/{id}",
    "Change the file of a supplier",
    right=Right.MANAGE_SUPPLIERS,
    body=SupplierPatch,
    result=SupplierOut,
)
async def patch_supplier(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, SupplierPatch), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await in_scope(request, session, number)
        by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
        await change(session, number, wanted.form(), version=wanted.version, by=by, area_code=area_code)
    return await _supplier(request, number)


@operations(
    "DELETE", "/suppliers/{id}", "409 `kept`: a supplier is suspended or blacklisted", right=Right.MANAGE_SUPPLIERS,
    result=Done,
)  # fmt: skip
async def delete_supplier(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        await in_scope(request, session, number_in_path(request, "id"))
    raise Conflict("kept.supplier", code="kept")


@operations(
    "POST",
    "/suppliers/{id}/status",
    "Admit, confirm, suspend, take back or blacklist a supplier",
    right=Right.MANAGE_SUPPLIERS,
    body=StatusIn,
    result=SupplierOut,
)
async def post_status(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, StatusIn), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await in_scope(request, session, number)
        by, version = account_of(request).actor, wanted.version
        await change_status(
            session, number, wanted.status, reason=wanted.reason, version=version, by=by, today=local_today()
        )
    return await _supplier(request, number)


async def in_scope(request: web.Request, session: AsyncSession, number: int) -> None:
    """Before anything of this supplier is told or changed. Raises NoSuchRecord."""
    if await find_supplier(session, number, scope=scope_of(request)) is None:
        raise NoSuchRecord


async def _supplier(request: web.Request, number: int, *, status: int = 200, seen: bool = False) -> web.Response:
    """`seen`: whoever has just registered it may see it, whatever it serves."""
    policy, scope = await request.app[POLICY_NOW].read(), EVERYWHERE if seen else scope_of(request)
    async with request.app[DATABASE].read() as session:
        supplier = await find_supplier(session, number, scope=scope)
        line = await supplier_line(session, number, scope=scope, policy=policy, today=local_today())
        if supplier is None or line is None:
            raise NoSuchRecord
        form = await form_of(session, supplier)
    names = ("phone", "sms_number", "contact_name", "address", "capital", "notes")
    papers = {str(one): view_json(paper) for one, paper in form.papers.items()}
    plain = {name: getattr(form, name) for name in names}
    shown = {"line": view_json(line), **plain, "papers": papers, "prices": dict(form.prices)}
    return answer(shown, status=status)
