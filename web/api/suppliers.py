"""Suppliers with their workers: the same rules as on the pages. Whoever has the duty of a supplier gets its own record
only. Workers' numbers are masked in lists; one worker is shown whole, which is put on record."""

from datetime import date

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.masking import number as masked_number
from models.queries.suppliers import (
    SupplierLine,
    find_supplier,
    find_worker,
    list_suppliers,
    supplier_line,
    workers_of,
)
from models.scope import EVERYWHERE
from models.suppliers.admission import change, form_of, register
from models.suppliers.records import Condition, SupplierStatus, Worker
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import LONGEST, MOST_CAPITAL, MOST_NAME, PaperForm, SupplierForm
from models.suppliers.workers import MOST_BADGE, MOST_TRAINING, WorkerForm, add_worker, change_worker, is_trained
from models.suppliers.workers import MOST_NAME as MOST_WORKER
from models.versions import NoSuchRecord
from web.api.kit import (
    Input,
    Limit,
    ListOf,
    Operations,
    Output,
    RecordId,
    RowCount,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.papers import today
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.rights import Right

operations = Operations("suppliers")


class SupplierFilter(Input):
    """`org_unit`: who serves this place."""

    status: SupplierStatus | None = None
    service: RecordId | None = None
    org_unit: RecordId | None = None
    limit: Limit = 50
    cursor: RowCount | None = None


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
    prices: dict[RecordId, int] = Field(default_factory=dict)
    areas: list[RecordId] = Field(default_factory=list)

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


class WorkerIn(Input):
    """`badge_number` empty: given by itself, or as it is."""

    name: str = Field(min_length=1, max_length=MOST_WORKER)
    phone: str = Field(min_length=1, max_length=40)
    badge_number: str = Field("", max_length=MOST_BADGE)
    training: str = Field("", max_length=MOST_TRAINING)
    trained_on: date | None = None
    trained_until: date | None = None
    active: bool = True


class WorkerPatch(WorkerIn):
    version: int = Field(ge=1)


class WorkerOut(Output):
    """`may_work`: active, and trained today (T8)."""

    id: int
    version: int
    supplier: int
    name: str
    phone: str
    badge_number: str
    training: str
    trained_on: date | None
    trained_until: date | None
    active: bool
    may_work: bool


class WorkerList(Output):
    items: list[WorkerOut]
    next: None = None


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
            today=today(),
            status=wanted.status,
            service=wanted.service,
            org_unit=wanted.org_unit,
            limit=wanted.limit,
            after=wanted.cursor,
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
        await _in_scope(request, session, number)
        by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
        await change(session, number, wanted.form(), version=wanted.version, by=by, area_code=area_code)
    return await _supplier(request, number)


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
        await _in_scope(request, session, number)
        by, version = account_of(request).actor, wanted.version
        await change_status(session, number, wanted.status, reason=wanted.reason, version=version, by=by, today=today())
    return await _supplier(request, number)


@operations("GET", "/suppliers/{id}/workers", "Workers of a supplier", right=Right.SEE_SUPPLIERS, result=WorkerList)
async def get_workers(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await _in_scope(request, session, number)
        workers = await workers_of(session, number, scope=scope_of(request))
    return answer(WorkerList(items=[_worker(one, whole=False) for one in workers]))


@operations(
    "POST",
    "/suppliers/{id}/workers",
    "Add a worker",
    right=Right.MANAGE_SUPPLIERS,
    body=WorkerIn,
    result=WorkerOut,
    status=201,
)
async def post_worker(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, WorkerIn), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await _in_scope(request, session, number)
        form, by = WorkerForm(**wanted.model_dump()), account_of(request).actor
        area_code = request.app[SETTINGS].area_code
        worker = _worker(await add_worker(session, number, form, by=by, area_code=area_code), whole=True)
    return answer(worker, status=201)


@operations("GET", "/workers/{id}", "One worker; put on record", right=Right.SEE_SUPPLIERS, result=WorkerOut)
async def get_worker(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        worker = await find_worker(session, number, scope=scope_of(request))
        if worker is None:
            raise NoSuchRecord
        audit(session, account_of(request).actor, "worker.read", f"worker:{number}", supplier=worker.supplier_id)
        shown = _worker(worker, whole=True)
    return answer(shown)


@operations(
    "PATCH", "/workers/{id}", "Change a worker", right=Right.MANAGE_SUPPLIERS, body=WorkerPatch, result=WorkerOut
)
async def patch_worker(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, WorkerPatch), number_in_path(request, "id")
    form = WorkerForm(**wanted.model_dump(exclude={"version"}))
    async with request.app[DATABASE].write() as session:
        if await find_worker(session, number, scope=scope_of(request)) is None:
            raise NoSuchRecord
        by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
        worker = await change_worker(session, number, form, version=wanted.version, by=by, area_code=area_code)
        shown = _worker(worker, whole=True)
    return answer(shown)


async def _in_scope(request: web.Request, session: AsyncSession, number: int) -> None:
    """Raises NoSuchRecord."""
    if await find_supplier(session, number, scope=scope_of(request)) is None:
        raise NoSuchRecord


async def _supplier(request: web.Request, number: int, *, status: int = 200, seen: bool = False) -> web.Response:
    """`seen`: whoever has just registered it may see it, whatever it serves."""
    policy, scope = await request.app[POLICY_NOW].read(), EVERYWHERE if seen else scope_of(request)
    async with request.app[DATABASE].read() as session:
        supplier = await find_supplier(session, number, scope=scope)
        line = await supplier_line(session, number, scope=scope, policy=policy, today=today())
        if supplier is None or line is None:
            raise NoSuchRecord
        form = await form_of(session, supplier)
    names = ("phone", "sms_number", "contact_name", "address", "capital", "notes")
    papers = {str(one): view_json(paper) for one, paper in form.papers.items()}
    plain = {name: getattr(form, name) for name in names}
    shown = {"line": view_json(line), **plain, "papers": papers, "prices": dict(form.prices)}
    return answer(shown, status=status)


def _worker(worker: Worker, *, whole: bool) -> WorkerOut:
    return WorkerOut(
        id=worker.id,
        version=worker.version,
        supplier=worker.supplier_id,
        name=worker.name,
        phone=worker.phone if whole else masked_number(worker.phone),
        badge_number=worker.badge_number,
        training=worker.training,
        trained_on=worker.trained_on,
        trained_until=worker.trained_until,
        active=worker.active,
        may_work=worker.active and is_trained(worker, today()),
    )
