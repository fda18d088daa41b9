"""The page of the tree of places, and one for each place: its name, where it belongs, its manager's mobile."""

from aiohttp import web

from models.org import OrgKind
from models.org_changes import Place, PlaceForm, change_place, open_place, places, remove_place
from models.register import FormRefused
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.admin.kit import Refused, Typed, done, page, refusal, typed
from web.rights import Right
from web.telling import tell

routes = web.RouteTableDef()
NEW = "new"


@routes.get("/admin/places")
@needs(Right.MANAGE_PLACES)
async def show(request: web.Request) -> web.StreamResponse:
    return await _list(request)


@routes.post("/admin/places")
@needs(Right.MANAGE_PLACES)
async def add(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
            await open_place(session, _form(sent, _kind(sent)), by=by, area_code=area_code)
    except FormRefused as why:
        return await _list(request, refusal(request, NEW, sent, why))
    raise done("/admin/places", await tell(request, asterisk=False))


@routes.get("/admin/places/{id}")
@needs(Right.MANAGE_PLACES)
async def show_one(request: web.Request) -> web.StreamResponse:
    return await _one(request)


@routes.post("/admin/places/{id}")
@needs(Right.MANAGE_PLACES)
async def change(request: web.Request) -> web.StreamResponse:
    sent, number = await typed(request), number_in_path(request, "id")
    try:
        async with request.app[DATABASE].write() as session:
            await change_place(
                session,
                number,
                _form(sent, await _kind_of(request)),
                version=sent.version,
                by=account_of(request).actor,
                area_code=request.app[SETTINGS].area_code,
            )
    except (FormRefused, VersionConflict) as why:
        return await _one(request, refusal(request, str(number), sent, why))
    raise done("/admin/places", await tell(request, asterisk=False))


@routes.post("/admin/places/{id}/remove")
@needs(Right.MANAGE_PLACES)
async def remove(request: web.Request) -> web.StreamResponse:
    sent, number = await typed(request), number_in_path(request, "id")
    try:
        async with request.app[DATABASE].write() as session:
            await remove_place(session, number, version=sent.version, by=account_of(request).actor)
    except (FormRefused, VersionConflict) as why:
        return await _one(request, refusal(request, "remove", sent, why))
    raise done("/admin/places", await tell(request, asterisk=False))


def _form(sent: Typed, kind: OrgKind) -> PlaceForm:
    return PlaceForm(sent.text("name"), kind, sent.number("parent"), sent.text("manager_phone"))


def _kind(sent: Typed) -> OrgKind:
    kind = sent.text("kind")
    return OrgKind(kind) if kind in list(OrgKind) else OrgKind.COMMUNITY


async def _kind_of(request: web.Request) -> OrgKind:
    return (await _place(request))[0].kind


async def _place(request: web.Request) -> tuple[Place, list[Place]]:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        tree = await places(session)
    for place in tree:
        if place.id == number:
            return place, tree
    raise NoSuchRecord


async def _list(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        tree = await places(session)
    return page(request, "places", {"tree": tree, "kinds": tuple(OrgKind)}, refused=refused)


async def _one(request: web.Request, refused: Refused | None = None) -> web.Response:
    place, tree = await _place(request)
    return page(request, "places", {"place": place, "tree": tree}, refused=refused, template="place")
