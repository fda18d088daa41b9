"""Care calls: plans, an elder's wishes and next calls, results, bulletins of the weather, the stop button."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from models.care.bulletins import BulletinForm, issue
from models.care.calendar import BirthdayBy
from models.care.calls import CareState
from models.care.filling import hours_of
from models.care.halting import halt_now, set_halted
from models.care.planning import CareKind, Weather
from models.care.plans import PlanForm, change_plan, create_plan, find_plan, form_of, halt_plan
from models.care.wishes import CareWishes, WishesForm, set_wishes
from models.care.wishes import form_of as wishes_of
from models.masking import masked
from models.queries.care_calls import CallView, Unreached, list_calls, list_unreached
from models.queries.care_forecast import ForecastView, next_calls
from models.queries.care_plans import BulletinView, PlanView, list_bulletins, list_plans, plan_view
from models.register import find_elder
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
from web.keys import DATABASE
from web.papers import today
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Forbidden
from web.rights import Right

operations = Operations("care calls")
A_YEAR = 366
Clock = Annotated[str, Field(max_length=5)]


class PlanFilter(Input):
    kind: CareKind | None = None
    elder: RecordId | None = None
    limit: Limit = 50
    cursor: RowCount | None = None


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


class CallFilter(Input):
    day: date | None = None
    elder: RecordId | None = None
    plan: RecordId | None = None
    state: CareState | None = None
    limit: Limit = 50
    cursor: RowCount | None = None


class CallList(ListOf[CallView]):
    pass


class RowsFilter(Input):
    limit: Limit = 50
    cursor: RowCount | None = None


class UnreachedList(ListOf[Unreached]):
    pass


class BulletinList(ListOf[BulletinView]):
    pass


class BulletinIn(Input):
    kind: Weather
    starts_on: date
    ends_on: date
    text: str = Field(max_length=1_000)
    org_unit_id: RecordId | None = None


class WishesIn(Input):
    """`version` as it was read, 0 when nothing was on file."""

    version: int = Field(ge=0)
    consent_on: date | None = None
    consent_by: str = Field("", max_length=200)
    stopped: bool = False
    quiet_from: Clock = ""
    quiet_to: Clock = ""
    nap_from: Clock = ""
    nap_to: Clock = ""
    hard_of_hearing: bool = False
    prefers_sms: bool = False
    birthday_by: BirthdayBy = BirthdayBy.SOLAR
    note: str = Field("", max_length=200)


class ElderCare(Output):
    """An elder's wishes, and the calls of the year to come."""

    version: int
    wishes: WishesForm
    coming: list[ForecastView]


class HaltIn(Input):
    version: int = Field(ge=0)
    halted: bool
    note: str = Field("", max_length=200)


class Halted(Output):
    halted: bool
    version: int
    at: datetime | None
    by: str
    note: str


@operations("GET", "/care-plans", "Plans of care calls", right=Right.SEE_CARE, query=PlanFilter, result=PlanList)
async def get_plans(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, PlanFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_plans(
            session,
            scope=scope_of(request),
            kind=wanted.kind,
            elder=wanted.elder,
            limit=wanted.limit,
            after=wanted.cursor,
        )
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
    "GET", "/care-calls", "Care calls, the latest first", right=Right.SEE_CARE, query=CallFilter, result=CallList
)  # fmt: skip
async def get_calls(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, CallFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_calls(
            session,
            scope=scope_of(request),
            day=wanted.day,
            elder=wanted.elder,
            plan=wanted.plan,
            state=wanted.state,
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return answer_page(replace(page, items=masked(page.items)))


@operations(
    "GET", "/care-unreached", "Elders whom no care call has reached for longest", right=Right.SEE_CARE,
    query=RowsFilter, result=UnreachedList,
)  # fmt: skip
async def get_unreached(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, RowsFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_unreached(session, scope=scope_of(request), limit=wanted.limit, after=wanted.cursor)
    return answer_page(page)


@operations(
    "GET", "/elders/{id}/care", "An elder's wishes, and the calls of a year", right=Right.SEE_CARE, result=ElderCare
)  # fmt: skip
async def get_elder_care(request: web.Request) -> web.StreamResponse:
    return answer(await _elder_care(request, number_in_path(request, "id")))


@operations(
    "PUT", "/elders/{id}/care", "Write down an elder's wishes", right=Right.EDIT_ELDERS, body=WishesIn, result=ElderCare
)  # fmt: skip
async def put_elder_care(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, WishesIn)
    number, by = number_in_path(request, "id"), account_of(request).actor
    form = WishesForm(**wanted.model_dump(exclude={"version"}))
    async with request.app[DATABASE].write() as session:
        elder = await find_elder(session, number, scope=scope_of(request))
        await set_wishes(session, elder, form, version=wanted.version, by=by)
    return answer(await _elder_care(request, number))


async def _elder_care(request: web.Request, number: int) -> dict[str, object]:
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        elder = await find_elder(session, number, scope=scope_of(request))
        row = await session.get(CareWishes, number)
        first = today() + timedelta(days=1)
        coming = await next_calls(session, elder, first, A_YEAR, hours=hours_of(policy))
    return {
        "version": 0 if row is None else row.version,
        "wishes": view_json(wishes_of(row)),
        "coming": [view_json(one) for one in masked(tuple(coming))],
    }


@operations(
    "GET", "/care-bulletins", "Bulletins of the weather", right=Right.SEE_CARE, query=RowsFilter, result=BulletinList
)  # fmt: skip
async def get_bulletins(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, RowsFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_bulletins(session, scope=scope_of(request), limit=wanted.limit, after=wanted.cursor)
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


@operations("GET", "/care-halt", "Whether all care calls are stopped", right=Right.SEE_CARE, result=Halted)
async def get_halt(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        return answer(view_json(await halt_now(session)))


@operations(
    "PUT", "/care-halt", "Stop all care calls, or let them go on", right=Right.PLAN_CARE, body=HaltIn, result=Halted
)  # fmt: skip
async def put_halt(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, HaltIn)
    if not wanted.halted and not account_of(request).scope.everywhere:
        raise Forbidden
    async with request.app[DATABASE].write() as session:
        by = account_of(request).actor
        await set_halted(session, wanted.halted, version=wanted.version, by=by, note=wanted.note)
        now = await halt_now(session)
    return answer(view_json(now))
