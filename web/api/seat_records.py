"""Seats as they are on record: added, changed, given another password, removed. As they are now: `seats.py`."""

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field

from ivr.vocabulary import Skill
from models.seat_changes import (
    MOST_NAME,
    SeatForm,
    change_seat,
    open_seat,
    remove_seat,
    renew_password,
    set_active,
    version_of,
)
from models.seats import Seat, list_seats
from web.api.kit import Input, Operations, Output, RecordId, answer, read_body, read_query
from web.guard import account_of
from web.keys import DATABASE
from web.rights import Right
from web.seat_guard import check_idle
from web.telling import Live, tell

operations = Operations("seat-records")


@dataclass(frozen=True, slots=True)
class SeatRecord:
    """`org_unit_id` of its community; null: a central seat. One that is not `active` is kept, and not rung."""

    extension: str
    name: str
    skills: tuple[str, ...]
    org_unit_id: int | None
    active: bool
    version: int


class SeatRecordList(Output):
    items: list[SeatRecord]
    next: None = None


class SeatIn(Input):
    name: str = Field("", max_length=MOST_NAME)
    skills: list[Skill] = Field(default_factory=lambda: [Skill.AGENT], min_length=1)
    org_unit_id: RecordId | None = None

    def form(self) -> SeatForm:
        return SeatForm(self.name, tuple(self.skills), self.org_unit_id)


class NewSeat(SeatIn):
    extension: str = Field(min_length=1, max_length=5)


class SeatPatch(SeatIn):
    """The whole seat, and the `version` that was read."""

    version: int = Field(ge=0)


class SeatActive(Input):
    active: bool
    version: int = Field(ge=0)


class SeatVersion(Input):
    version: int = Field(ge=0)


class SeatChanged(Output):
    """Since when the change counts, and the password where there is a new one: it is told this once."""

    extension: str
    live: Live
    sip_password: str | None = None


@operations("GET", "/seat-records", "All seats on record", right=Right.MANAGE_SEATS, result=SeatRecordList)
async def get_records(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        seats = await list_seats(session)
    return answer(SeatRecordList(items=[_record(seat) for seat in seats]))


@operations(
    "POST", "/seat-records", "Add a seat", right=Right.MANAGE_SEATS, body=NewSeat, result=SeatChanged, status=201
)
async def post_record(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, NewSeat)
    async with request.app[DATABASE].write() as session:
        seat = await open_seat(session, wanted.extension, wanted.form(), by=account_of(request).actor)
    return await _changed(request, seat.extension, password=seat.sip_password, status=201)


@operations(
    "PATCH", "/seat-records/{extension}", "Change a seat", right=Right.MANAGE_SEATS, body=SeatPatch, result=SeatChanged
)
async def patch_record(request: web.Request) -> web.StreamResponse:
    wanted, extension = await read_body(request, SeatPatch), request.match_info["extension"]
    async with request.app[DATABASE].write() as session:
        by = account_of(request).actor
        await change_seat(session, extension, wanted.form(), version=wanted.version, by=by)
    return await _changed(request, extension)


@operations(
    "POST",
    "/seat-records/{extension}/password",
    "Give a seat's phone another password",
    right=Right.MANAGE_SEATS,
    result=SeatChanged,
)
async def post_password(request: web.Request) -> web.StreamResponse:
    extension = request.match_info["extension"]
    async with request.app[DATABASE].write() as session:
        password = await renew_password(session, extension, by=account_of(request).actor)
    return await _changed(request, extension, password=password)


@operations(
    "POST",
    "/seat-records/{extension}/active",
    "Disable a seat, or enable it again",
    right=Right.MANAGE_SEATS,
    body=SeatActive,
    result=SeatChanged,
)
async def post_active(request: web.Request) -> web.StreamResponse:
    wanted, extension = await read_body(request, SeatActive), request.match_info["extension"]
    async with request.app[DATABASE].write() as session:
        await set_active(session, extension, wanted.active, version=wanted.version, by=account_of(request).actor)
    return await _changed(request, extension)


@operations(
    "DELETE",
    "/seat-records/{extension}",
    "Remove a seat",
    right=Right.MANAGE_SEATS,
    query=SeatVersion,
    result=SeatChanged,
)
async def delete_record(request: web.Request) -> web.StreamResponse:
    wanted, extension = read_query(request, SeatVersion), request.match_info["extension"]
    check_idle(request, extension)
    async with request.app[DATABASE].write() as session:
        await remove_seat(session, extension, version=wanted.version, by=account_of(request).actor)
    return await _changed(request, extension)


async def _changed(
    request: web.Request, extension: str, *, password: str | None = None, status: int = 200
) -> web.Response:
    live = await tell(request, asterisk=True)
    return answer(SeatChanged(extension=extension, live=live, sip_password=password), status=status)


def _record(seat: Seat) -> SeatRecord:
    return SeatRecord(seat.extension, seat.name, tuple(seat.skills), seat.org_unit_id, seat.active, version_of(seat))
