"""What the phone of a worker asks and tells: orders of today, scans, notes, photos. By the link from the SMS, without
an account; everything may come late, and twice."""

import asyncio
import io
import re
from typing import Annotated, Final

from aiohttp import web
from pydantic import Field

from home import scans
from models.base import local_today, utc_now
from models.database import Database
from models.orders.links import note_reading
from models.orders.states import OrderState
from models.orders.visits import (
    Action,
    ActionKind,
    Outcome,
    Position,
    VisitPhoto,
    add_photo,
    happened_at,
    take,
)
from models.orders.work_orders import WorkOrder
from models.queries.worker_day import WorkersOrder, day_of
from models.suppliers.records import Supplier
from web.api.kit import Input, Operations, Output, When, answer, number_in_path, read_body, read_query, view_json
from web.keys import DATABASE, SETTINGS
from web.policy_now import POLICY_NOW
from web.problems import Invalid, NotFound, Problem
from web.render import lang_of, texts_of
from web.worker_guard import token_of, worker_in

operations = Operations("worker")
Key = Annotated[str, Field(min_length=8, max_length=64, pattern="^[A-Za-z0-9-]+$")]
PHOTO: Final = re.compile("image/(jpeg|png)")


class WorkersDay(Output):
    """`worker_id`: a phone may be shared, and keeps apart what each of its workers has yet to tell."""

    worker_id: int
    worker: str
    organisation: str
    orders: list[WorkersOrder]


class Place(Input):
    """Where the phone says that it is; `accuracy` in metres."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    accuracy: float | None = Field(None, ge=0, le=1_000_000)


class PhoneAction(Input):
    """`key` is made by the phone for each action. `phone_at`: when it happened, `sent_at`: when it was sent, both by
    the phone's clock. `typed`: the code was typed, not scanned."""

    key: Key
    kind: ActionKind
    phone_at: When
    sent_at: When
    code: str = Field("", max_length=64)
    typed: bool = False
    position: Place | None = None
    note: str = Field("", max_length=2_000)


class PhonePhoto(Input):
    key: Key
    phone_at: When
    sent_at: When


class ActionAnswer(Output):
    """`outcome` with the words for it; `state` of the order now."""

    outcome: Outcome
    message: str
    state: OrderState | None


@operations("GET", "/worker/orders", "The worker's orders of today", public=True, result=WorkersDay)
async def get_day(request: web.Request) -> web.StreamResponse:
    database = request.app[DATABASE]
    async with database.read() as session:
        worker = await worker_in(request, session)
        orders = await day_of(session, worker.id, local_today(), lang=lang_of(request))
        firm = await session.get_one(Supplier, worker.supplier_id)
    await _note_reading(request, database, worker.id)
    listed = [view_json(order) for order in orders]
    told = {"worker_id": worker.id, "worker": worker.name, "organisation": firm.name, "orders": listed}
    return answer(told)


@operations(
    "POST",
    "/worker/orders/{id}/actions",
    "A scan at the door, or a note",
    public=True,
    body=PhoneAction,
    result=ActionAnswer,
)
async def post_action(request: web.Request) -> web.StreamResponse:
    """200 whatever the outcome: the phone needs to tell it no more."""
    token_of(request)
    told, number = await read_body(request, PhoneAction), number_in_path(request, "id")
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].write() as session:
        worker = await worker_in(request, session, lock=True)
        place = told.position
        action = Action(
            key=told.key,
            kind=told.kind,
            phone_at=told.phone_at,
            sent_at=told.sent_at,
            code=told.code,
            typed=told.typed,
            position=None if place is None else Position(place.latitude, place.longitude, place.accuracy),
            note=told.note,
        )
        outcome = await take(session, worker, number, action, now=utc_now(), policy=policy)
        order = None if outcome is Outcome.NOT_YOURS else await session.get(WorkOrder, number)
        state = None if order is None else order.state
    return answer({"outcome": outcome, "message": texts_of(request)(f"visit_outcome.{outcome}"), "state": state})


@operations(
    "POST", "/worker/orders/{id}/photos", "A photo (JPEG or PNG) of a visit", public=True, query=PhonePhoto,
    result=ActionAnswer,
)  # fmt: skip
async def post_photo(request: web.Request) -> web.StreamResponse:
    token_of(request)
    told, number = read_query(request, PhonePhoto), number_in_path(request, "id")
    if not PHOTO.fullmatch(request.content_type):
        raise Problem("problem.media_type", status=415)
    now, content = utc_now(), await request.read()
    async with request.app[DATABASE].read() as session:
        worker = await worker_in(request, session)
        order = await session.get(WorkOrder, number)
        if order is None or order.worker_id != worker.id:
            raise NotFound
    try:
        kept = await asyncio.to_thread(scans.keep, request.app[SETTINGS], io.BytesIO(content), folder=scans.PHOTOS)
    except scans.ScanRefused as refused:
        raise Invalid(fields={"photo": "worker_page.no_photo"}) from refused
    photo = VisitPhoto(
        key=told.key,
        sha256=kept[0],
        media_type=kept[1],
        taken_at=happened_at(told.phone_at, told.sent_at, now),
        received_at=now,
    )
    async with request.app[DATABASE].write() as session:
        worker = await worker_in(request, session, lock=True)
        if not await add_photo(session, worker, number, photo):
            raise Invalid(fields={"photo": "worker_page.enough_photos"})
    return answer({"outcome": Outcome.TAKEN, "message": texts_of(request)("visit_outcome.taken"), "state": order.state})


async def _note_reading(request: web.Request, database: Database, worker: int) -> None:
    async with database.write() as session:
        await note_reading(session, token_of(request), worker, utc_now())
