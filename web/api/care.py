"""Care calls: an elder's wishes and next calls, results, whom none has reached, the stop button."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field

from models.base import local_today
from models.care.calendar import BirthdayBy
from models.care.calls import CareState
from models.care.filling import hours_of
from models.care.halting import halt_now, set_halted
from models.care.wishes import CareWishes, WishesForm, set_wishes
from models.care.wishes import form_of as wishes_of
from models.masking import masked
from models.queries.care_calls import CallView, Unreached, list_calls, list_unreached
from models.queries.care_forecast import ForecastView, next_calls
from models.register import find_elder
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    Output,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Forbidden
from web.rights import Right

operations = Operations("care calls")
A_YEAR = 366
Clock = Annotated[str, Field(max_length=5)]


class CallFilter(PageFilter):
    day: date | None = None
    elder: RecordId | None = None
    plan: RecordId | None = None
    state: CareState | None = None


class CallList(ListOf[CallView]):
    pass


class UnreachedList(ListOf[Unreached]):
    pass


class WishesIn(Input):
    """`version` as it was read, 0 when nothing was on file; `told`: contacts who hear of answered calls by SMS, while
    the elder agrees to that (`tells_family`)."""

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
    tells_family: bool = False
    told: tuple[RecordId, ...] = Field((), max_length=20)
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


@operations(
    "GET", "/care-calls", "Care calls, the latest first", right=Right.SEE_CARE, query=CallFilter, result=CallList
)  # fmt: skip
async def get_calls(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, CallFilter, list_calls)
    return answer_page(replace(page, items=masked(page.items)))


@operations(
    "GET", "/care-unreached", "Elders whom no care call has reached for longest", right=Right.SEE_CARE,
    query=PageFilter, result=UnreachedList,
)  # fmt: skip
async def get_unreached(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, PageFilter, list_unreached)
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
        first = local_today() + timedelta(days=1)
        coming = await next_calls(session, elder, first, A_YEAR, hours=hours_of(policy))
    return {
        "version": 0 if row is None else row.version,
        "wishes": view_json(wishes_of(row)),
        "coming": [view_json(one) for one in masked(tuple(coming))],
    }


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
