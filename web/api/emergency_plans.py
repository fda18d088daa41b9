"""Emergency plans (S12): text, owner and dates. A plan's file is sent and fetched on its page."""

from datetime import date

from aiohttp import web
from pydantic import Field

from models.readiness import plans
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Operations,
    Output,
    PageFilter,
    RecordId,
    When,
    answer,
    number_in_path,
    read_body,
    whole_page_of,
)
from web.guard import account_of
from web.keys import DATABASE
from web.problems import Conflict
from web.rights import Right

operations = Operations("emergency plans")


class EmergencyPlanIn(Input):
    """`owner`: the user who keeps it right; `review_due`: the day until which it is to be looked over."""

    title: str = Field(max_length=plans.SHORT)
    owner: RecordId
    valid_from: date
    review_due: date
    text: str = Field(max_length=plans.LONGEST)


class EmergencyPlanPatch(Input):
    """`version` as it was read; what is not given stays."""

    version: int = Field(ge=1)
    title: str | None = Field(None, max_length=plans.SHORT)
    owner: RecordId | None = None
    valid_from: date | None = None
    review_due: date | None = None
    text: str | None = Field(None, max_length=plans.LONGEST)


class LookedOver(Input):
    """It is right as it stands: to be looked over again until `due`."""

    version: int = Field(ge=1)
    due: date


class EmergencyPlanOut(Output):
    """`file`: the SHA-256 in hex of the file that goes with it, empty when there is none."""

    id: int
    version: int
    title: str
    owner: int | None
    valid_from: date
    review_due: date
    text: str
    file: str
    reviewed_on: date | None
    changed_at: When
    changed_by: str


class EmergencyPlanList(ListOf[EmergencyPlanOut]):
    pass


@operations(
    "GET", "/emergency-plans", "Emergency plans, what is to be looked over first", right=Right.SEE_PLANS,
    query=PageFilter, result=EmergencyPlanList,
)  # fmt: skip
async def get_plans(request: web.Request) -> web.StreamResponse:
    page = await whole_page_of(request, PageFilter, plans.list_plans)
    return answer(EmergencyPlanList(items=[_out(row) for row in page.items], next=page.next))


@operations(
    "POST", "/emergency-plans", "A new plan", right=Right.MANAGE_PLANS, body=EmergencyPlanIn, result=EmergencyPlanOut,
    status=201,
)  # fmt: skip
async def post_plan(request: web.Request) -> web.StreamResponse:
    form = plans.PlanForm(**(await read_body(request, EmergencyPlanIn)).model_dump())
    async with request.app[DATABASE].write() as session:
        told = _out(await plans.add(session, form, None, by=account_of(request).actor))
    return answer(told, status=201)


@operations("GET", "/emergency-plans/{id}", "One plan", right=Right.SEE_PLANS, result=EmergencyPlanOut)
async def get_plan(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        return answer(_out(await plans.plan_of(session, number_in_path(request, "id"))))


@operations(
    "PATCH", "/emergency-plans/{id}", "Change a plan", right=Right.MANAGE_PLANS, body=EmergencyPlanPatch,
    result=EmergencyPlanOut,
)  # fmt: skip
async def patch_plan(request: web.Request) -> web.StreamResponse:
    patch, number = await read_body(request, EmergencyPlanPatch), number_in_path(request, "id")
    given = {name: value for name in patch.model_fields_set if (value := getattr(patch, name)) is not None}
    version = given.pop("version")
    async with request.app[DATABASE].write() as session:
        row = await plans.plan_of(session, number)
        before = {name: getattr(row, name) for name in ("title", "valid_from", "review_due", "text")}
        form = plans.PlanForm(**{**before, "owner": row.owner_id, **given})
        told = _out(await plans.change(session, number, form, None, version=version, by=account_of(request).actor))
    return answer(told)


@operations(
    "POST", "/emergency-plans/{id}/reviewed", "Say that a plan is right as it stands", right=Right.MANAGE_PLANS,
    body=LookedOver, result=EmergencyPlanOut,
)  # fmt: skip
async def post_reviewed(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, LookedOver), number_in_path(request, "id")
    by = account_of(request).actor
    async with request.app[DATABASE].write() as session:
        row = await plans.looked_over(session, number, version=wanted.version, due=wanted.due, by=by)
        told = _out(row)
    return answer(told)


@operations(
    "DELETE", "/emergency-plans/{id}", "409 `kept`: a plan is changed, and stays", right=Right.MANAGE_PLANS, result=Done
)  # fmt: skip
async def delete_plan(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        await plans.plan_of(session, number_in_path(request, "id"))
    raise Conflict("kept.emergency_plan", code="kept")


def _out(row: plans.EmergencyPlan) -> EmergencyPlanOut:
    names = set(EmergencyPlanOut.model_fields) - {"owner"}
    return EmergencyPlanOut(owner=row.owner_id, **{name: getattr(row, name) for name in names})
