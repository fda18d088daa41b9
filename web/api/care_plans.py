"""Plans of care calls, and bulletins of the weather."""

from dataclasses import replace
from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import Field

from models.care.bulletins import BulletinForm, WeatherLevel, issue
from models.care.planning import CareKind, Weather
from models.care.plans import PlanForm, change_plan, create_plan, find_plan, form_of, halt_plan
from models.queries.care_plans import BulletinView, PlanView, list_bulletins, list_plans, plan_view
from web.api.care import Clock
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    read_query,
    view_json,
)
from web.api.prompts import WAV, check_wav
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.plan_recordings import file_of_recording, put_back, take_recording
from web.rights import Right

operations = Operations("care calls")


class PlanFilter(PageFilter):
    kind: CareKind | None = None
    elder: RecordId | None = None


class PlanList(ListOf[PlanView]):
    pass


class PlanIn(Input):
    """`times` are local (`09:00`). `on_days`: weekdays `1` to `7` (none: each day), festivals, solar terms, kinds of
    weather, or dates, as the kind has it. For one elder (`elder_id`), or for a place and a service class."""

    kind: CareKind
    title: str = Field(max_length=100)
    starts_on: date
    times: tuple[Clock, ...] = Field(max_length=8)
    text: str = Field("", max_length=1_000)
    on_days: tuple[Annotated[str, Field(max_length=20)], ...] = Field((), max_length=40)
    ends_on: date | None = None
    elder_id: RecordId | None = None
    org_unit_id: RecordId | None = None
    service_class: int | None = Field(None, ge=1, le=3)
    must_answer: bool = False


class PlanPatch(Input):
    """`version` as it was read; what is not given stays. `halted`: nothing of it goes out, or again; it goes alone."""

    version: int = Field(ge=1)
    halted: bool | None = None
    title: str | None = Field(None, max_length=100)
    text: str | None = Field(None, max_length=1_000)
    times: tuple[Clock, ...] | None = Field(None, max_length=8)
    on_days: tuple[Annotated[str, Field(max_length=20)], ...] | None = Field(None, max_length=40)
    starts_on: date | None = None
    ends_on: date | None = None
    must_answer: bool | None = None


class PlanVersion(Input):
    version: int = Field(ge=1)


class BulletinList(ListOf[BulletinView]):
    pass


class BulletinIn(Input):
    kind: Weather
    starts_on: date
    ends_on: date
    text: str = Field(max_length=1_000)
    org_unit_id: RecordId | None = None
    level: WeatherLevel | None = None


@operations("GET", "/care-plans", "Plans of care calls", right=Right.SEE_CARE, query=PlanFilter, result=PlanList)
async def get_plans(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, PlanFilter, list_plans)
    return answer_page(page)


@operations(
    "POST", "/care-plans", "A new plan", right=Right.PLAN_CARE, body=PlanIn, result=PlanView, status=201
)  # fmt: skip
async def post_plan(request: web.Request) -> web.StreamResponse:
    form = PlanForm(**(await read_body(request, PlanIn)).model_dump())
    async with request.app[DATABASE].write() as session:
        scope, by = scope_of(request), account_of(request).actor
        row = await create_plan(session, form, by=by, scope=scope)
        view = await plan_view(session, row.id, scope=scope)
    return answer(view_json(view), status=201)


@operations("GET", "/care-plans/{id}", "One plan", right=Right.SEE_CARE, result=PlanView)
async def get_plan(request: web.Request) -> web.StreamResponse:
    number, scope = number_in_path(request, "id"), scope_of(request)
    async with request.app[DATABASE].read() as session:
        await find_plan(session, number, scope=scope)
        view = await plan_view(session, number, scope=scope)
    return answer(view_json(view))


@operations(
    "PATCH", "/care-plans/{id}", "Change or halt a plan", right=Right.PLAN_CARE, body=PlanPatch, result=PlanView
)  # fmt: skip
async def patch_plan(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, PlanPatch)
    number, scope, by = number_in_path(request, "id"), scope_of(request), account_of(request).actor
    changes = {name: getattr(patch, name) for name in patch.model_fields_set - {"version", "halted"}}
    changes = {name: value for name, value in changes.items() if value is not None or name == "ends_on"}
    async with request.app[DATABASE].write() as session:
        row = await find_plan(session, number, scope=scope)
        if patch.halted is not None:
            await halt_plan(session, number, halted=patch.halted, version=patch.version, by=by, scope=scope)
        else:
            form = replace(form_of(row), **changes)
            await change_plan(session, number, form, version=patch.version, by=by, scope=scope)
        view = await plan_view(session, number, scope=scope)
    return answer(view_json(view))


@operations(
    "DELETE", "/care-plans/{id}", "Halt a plan; it stays on record, as the calls of it do", right=Right.PLAN_CARE,
    query=PlanVersion, result=PlanView,
)  # fmt: skip
async def delete_plan(request: web.Request) -> web.StreamResponse:
    wanted, number = read_query(request, PlanVersion), number_in_path(request, "id")
    scope, by = scope_of(request), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await halt_plan(session, number, halted=True, version=wanted.version, by=by, scope=scope)
        view = await plan_view(session, number, scope=scope)
    return answer(view_json(view))


@operations(
    "GET", "/care-bulletins", "Bulletins of the weather", right=Right.SEE_CARE, query=PageFilter, result=BulletinList
)  # fmt: skip
async def get_bulletins(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, PageFilter, list_bulletins)
    return answer_page(page)


@operations(
    "POST", "/care-bulletins", "Issue a bulletin", right=Right.PLAN_CARE, body=BulletinIn, result=BulletinView,
    status=201,
)  # fmt: skip
async def post_bulletin(request: web.Request) -> web.StreamResponse:
    form = BulletinForm(**(await read_body(request, BulletinIn)).model_dump())
    async with request.app[DATABASE].write() as session:
        await issue(session, form, by=account_of(request).actor, scope=scope_of(request))
        page = await list_bulletins(session, scope=scope_of(request), limit=1)
    return answer(view_json(page.items[0]), status=201)


@operations(
    "GET", "/care-plans/{id}/recording", "What a plan has in place of its text, as sound", right=Right.SEE_CARE,
    media=WAV,
)  # fmt: skip
async def get_recording(request: web.Request) -> web.StreamResponse:
    path = await file_of_recording(request, number_in_path(request, "id"))
    return web.FileResponse(path, headers={"Content-Type": WAV})


@operations(
    "PUT", "/care-plans/{id}/recording", "Play this WAV, which is the body, in place of the text; 16 bit",
    right=Right.PLAN_CARE, result=PlanView,
)  # fmt: skip
async def put_recording(request: web.Request) -> web.StreamResponse:
    check_wav(request)
    await take_recording(request, number_in_path(request, "id"), await request.read())
    return await get_plan(request)


@operations(
    "DELETE", "/care-plans/{id}/recording", "Speak the text again", right=Right.PLAN_CARE, result=PlanView
)  # fmt: skip
async def delete_recording(request: web.Request) -> web.StreamResponse:
    await put_back(request, number_in_path(request, "id"))
    return await get_plan(request)
