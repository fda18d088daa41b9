"""Workers of suppliers (T8): numbers are masked in the list; one worker is shown whole, which is put on record."""

from datetime import date

from aiohttp import web
from pydantic import Field

from models.audit import audit
from models.base import local_today
from models.masking import number as masked_number
from models.queries.suppliers import find_worker, workers_of
from models.suppliers.records import Worker
from models.suppliers.workers import (
    MOST_BADGE,
    MOST_NAME,
    MOST_TRAINING,
    WorkerForm,
    add_worker,
    change_worker,
    is_trained,
)
from models.versions import NoSuchRecord
from web.api.kit import Input, Operations, Output, answer, number_in_path, read_body
from web.api.suppliers import in_scope
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.rights import Right

operations = Operations("suppliers")


class WorkerIn(Input):
    """`badge_number` empty: given by itself, or as it is."""

    name: str = Field(min_length=1, max_length=MOST_NAME)
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


@operations("GET", "/suppliers/{id}/workers", "Workers of a supplier", right=Right.SEE_SUPPLIERS, result=WorkerList)
async def get_workers(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await in_scope(request, session, number)
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
        await in_scope(request, session, number)
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
        may_work=worker.active and is_trained(worker, local_today()),
    )
