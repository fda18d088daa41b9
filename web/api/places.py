"""The tree of places: city, district, street, community."""

from aiohttp import web
from pydantic import Field

from models.org import OrgKind
from models.org_changes import MOST_NAME, Place, PlaceForm, change_place, open_place, places, remove_place
from models.versions import NoSuchRecord
from web.api.kit import (
    Done,
    Input,
    Operations,
    Output,
    RecordId,
    answer,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.rights import Right
from web.telling import tell

operations = Operations("places")


class PlaceList(Output):
    items: list[Place]
    next: None = None


class PlaceIn(Input):
    """`parent`: the id of the place above; `manager_phone` of a community: rung when nobody is at its seat."""

    name: str = Field(min_length=1, max_length=MOST_NAME)
    parent: RecordId | None = None
    manager_phone: str = Field("", max_length=20)


class NewPlace(PlaceIn):
    kind: OrgKind


class PlacePatch(PlaceIn):
    """The whole place, and the `version` that was read."""

    version: int = Field(ge=0)


class PlaceVersion(Input):
    version: int = Field(ge=0)


@operations("GET", "/places", "The whole tree, each before those below", right=Right.MANAGE_PLACES, result=PlaceList)
async def get_places(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        tree = await places(session)
    return answer({"items": [view_json(place) for place in tree], "next": None})


@operations("POST", "/places", "Add a place", right=Right.MANAGE_PLACES, body=NewPlace, result=Place, status=201)
async def post_place(request: web.Request) -> web.StreamResponse:
    wanted, area_code = await read_body(request, NewPlace), request.app[SETTINGS].area_code
    form = PlaceForm(wanted.name, wanted.kind, wanted.parent, wanted.manager_phone)
    async with request.app[DATABASE].write() as session:
        unit = await open_place(session, form, by=account_of(request).actor, area_code=area_code)
    return await _answer(request, unit.id, status=201)


@operations("PATCH", "/places/{id}", "Change a place", right=Right.MANAGE_PLACES, body=PlacePatch, result=Place)
async def patch_place(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, PlacePatch), number_in_path(request, "id")
    form = PlaceForm(wanted.name, (await _place(request, number)).kind, wanted.parent, wanted.manager_phone)
    async with request.app[DATABASE].write() as session:
        by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
        await change_place(session, number, form, version=wanted.version, by=by, area_code=area_code)
    return await _answer(request, number)


@operations(
    "DELETE", "/places/{id}", "Remove a place that nothing belongs to", right=Right.MANAGE_PLACES, query=PlaceVersion,
    result=Done,
)  # fmt: skip
async def delete_place(request: web.Request) -> web.StreamResponse:
    wanted, number = read_query(request, PlaceVersion), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await remove_place(session, number, version=wanted.version, by=account_of(request).actor)
    await tell(request, asterisk=False)
    return answer(Done())


async def _place(request: web.Request, number: int) -> Place:
    async with request.app[DATABASE].read() as session:
        for place in await places(session):
            if place.id == number:
                return place
    raise NoSuchRecord


async def _answer(request: web.Request, number: int, *, status: int = 200) -> web.Response:
    """The controllers are told: whose a seat is depends on the tree."""
    await tell(request, asterisk=False)
    return answer(view_json(await _place(request, number)), status=status)
