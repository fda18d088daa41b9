"""The pages of seats: added, changed, disabled, given another password, removed; all of it live without a restart."""

from aiohttp import web

from ivr.vocabulary import Skill
from models.people import list_users
from models.register import FormRefused
from models.seat_changes import SeatForm, change_seat, open_seat, remove_seat, renew_password, set_active, version_of
from models.seats import Seat, list_seats
from models.versions import NoSuchRecord, VersionConflict
from web.guard import account_of, needs
from web.keys import DATABASE, MIRROR, SETTINGS
from web.pages.admin.kit import Refused, Typed, done, page, refusal, typed
from web.place_names import place_names
from web.rights import Right
from web.seat_guard import check_idle
from web.telling import tell

routes = web.RouteTableDef()
NEW = "new"


@routes.get("/admin/seats")
@needs(Right.MANAGE_SEATS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request)


@routes.post("/admin/seats")
@needs(Right.MANAGE_SEATS)
async def add(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            seat = await open_seat(session, sent.text("extension"), _form(sent), by=by)
    except FormRefused as why:
        return await _list(request, refusal(request, NEW, sent, why))
    live = await tell(request, asterisk=True)
    return await _one(request, seat.extension, password=seat.sip_password, live=live)


@routes.get("/admin/seats/{extension}")
@needs(Right.MANAGE_SEATS)
async def show_one(request: web.Request) -> web.StreamResponse:
    return await _one(request, request.match_info["extension"])


@routes.post("/admin/seats/{extension}")
@needs(Right.MANAGE_SEATS)
async def change(request: web.Request) -> web.StreamResponse:
    extension, sent = request.match_info["extension"], await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            await change_seat(session, extension, _form(sent), version=sent.version, by=by)
    except (FormRefused, VersionConflict) as why:
        return await _one(request, extension, refusal(request, extension, sent, why))
    raise done("/admin/seats", await tell(request, asterisk=True))


@routes.post("/admin/seats/{extension}/password")
@needs(Right.MANAGE_SEATS)
async def renew(request: web.Request) -> web.StreamResponse:
    extension = request.match_info["extension"]
    async with request.app[DATABASE].write() as session:
        password = await renew_password(session, extension, by=account_of(request).actor)
    live = await tell(request, asterisk=True)
    return await _one(request, extension, password=password, live=live)


@routes.post("/admin/seats/{extension}/active")
@needs(Right.MANAGE_SEATS)
async def enable(request: web.Request) -> web.StreamResponse:
    """Disabled or enabled again."""
    extension, sent = request.match_info["extension"], await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            active, by = sent.text("active") == "yes", account_of(request).actor
            await set_active(session, extension, active, version=sent.version, by=by)
    except VersionConflict as why:
        return await _one(request, extension, refusal(request, "active", sent, why))
    raise done("/admin/seats", await tell(request, asterisk=True))


@routes.post("/admin/seats/{extension}/remove")
@needs(Right.MANAGE_SEATS)
async def remove(request: web.Request) -> web.StreamResponse:
    extension, sent = request.match_info["extension"], await typed(request)
    try:
        check_idle(request, extension)
        async with request.app[DATABASE].write() as session:
            await remove_seat(session, extension, version=sent.version, by=account_of(request).actor)
    except (FormRefused, VersionConflict) as why:
        return await _one(request, extension, refusal(request, "remove", sent, why))
    raise done("/admin/seats", await tell(request, asterisk=True))


def _form(sent: Typed) -> SeatForm:
    return SeatForm(sent.text("name"), sent.every("skills"), sent.number("org_unit_id"))


async def _list(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        seats, people = await list_seats(session), await list_users(session)
        places = await place_names(session)
    at_seat: dict[str, list[str]] = {}
    for person in people:
        if person.seat and person.active:
            at_seat.setdefault(person.seat, []).append(person.name)
    context = {
        "seats": seats,
        "at_seat": at_seat,
        "places": places,
        "skills": tuple(Skill),
        "live_seats": _live(request),
    }
    return page(request, "seats", context, refused=refused)


async def _one(
    request: web.Request, extension: str, refused: Refused | None = None, *, password: str = "", live: str = ""
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        seat = await session.get(Seat, extension)
        places = await place_names(session)
    if seat is None:
        raise NoSuchRecord
    settings = request.app[SETTINGS]
    context = {
        "seat": seat,
        "version": version_of(seat),
        "places": places,
        "skills": tuple(Skill),
        "password": password,
        "registrar": f"{settings.sip_host}:{settings.sip_port}",
        "live_seats": _live(request),
    }
    more = {"live": live} if live else {}
    return page(request, "seats", context, refused=refused, template="seat", **more)


def _live(request: web.Request) -> object:
    return request.app[MIRROR].seats
