"""The policy, the duty phones and the working days: what people set while the platform runs, live at once."""

from datetime import date

from aiohttp import web
from pydantic import Field

from models.house_policy import (
    DUTY_PHONES,
    MOST_DUTY_PHONES,
    Fixed,
    PolicyValue,
    duty_phones_of,
    set_duty_phones,
    set_value,
    values_of,
)
from models.live_settings import MOST_NOTE, current
from models.working_days import MOST_DAYS, PREFIX, set_days
from web.api.kit import Input, Operations, Output, answer, number_in_path, read_body, view_json
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.problems import NotFound
from web.rights import Right
from web.telling import Live, tell

operations = Operations("policy")


class PolicyList(Output):
    items: list[PolicyValue]
    next: None = None


class PolicyIn(Input):
    """`value` null: back to the default. `version` as it was read, 0 when nobody has set it."""

    value: float | None = Field(allow_inf_nan=False)
    version: int = Field(ge=0)
    note: str = Field("", max_length=MOST_NOTE)


class Since(Output):
    """Since when the change counts: `now`, or what could not be told."""

    live: Live


class DutyPhones(Output):
    """`fixed`: by the operator, nobody else sets them."""

    phones: list[str]
    fixed: bool
    version: int


class DutyPhonesIn(Input):
    """In the order in which they are listed; they are rung at the same time."""

    phones: list[str] = Field(max_length=MOST_DUTY_PHONES)
    version: int = Field(ge=0)


class WorkingDays(Output):
    """The days of a year that differ from the calendar: `off` not worked on, `on` worked on."""

    year: int
    off: list[date]
    on: list[date]
    version: int


class WorkingDaysIn(Input):
    off: list[date] = Field(max_length=MOST_DAYS)
    on: list[date] = Field(max_length=MOST_DAYS)
    version: int = Field(ge=0)


@operations("GET", "/policy", "Every value, and where it comes from", right=Right.MANAGE_POLICY, result=PolicyList)
async def get_policy(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        values = values_of(Fixed.of(request.app[SETTINGS]), await current(session))
    return answer({"items": [view_json(value) for value in values], "next": None})


@operations(
    "PUT", "/policy/{name}", "Set one value from now on", right=Right.MANAGE_POLICY, body=PolicyIn, result=Since
)
async def put_policy(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, PolicyIn)
    try:
        async with request.app[DATABASE].write() as session:
            await set_value(
                session,
                request.match_info["name"],
                wanted.value,
                version=wanted.version,
                by=account_of(request).actor,
                note=wanted.note,
                fixed=Fixed.of(request.app[SETTINGS]),
            )
    except KeyError as unknown:
        raise NotFound from unknown
    return answer(Since(live=await tell(request, asterisk=False)))


@operations("GET", "/duty-phones", "Who is rung when no seat answers", right=Right.MANAGE_POLICY, result=DutyPhones)
async def get_duty_phones(request: web.Request) -> web.StreamResponse:
    settings = request.app[SETTINGS]
    async with request.app[DATABASE].read() as session:
        rows = await current(session)
    row = rows.get(DUTY_PHONES)
    phones = list(duty_phones_of(Fixed.of(settings), rows))
    return answer(DutyPhones(phones=phones, fixed=bool(settings.duty_phones), version=row.number if row else 0))


@operations(
    "PUT",
    "/duty-phones",
    "Set all of them from now on",
    right=Right.MANAGE_POLICY,
    body=DutyPhonesIn,
    result=Since,
)
async def put_duty_phones(request: web.Request) -> web.StreamResponse:
    wanted, settings = await read_body(request, DutyPhonesIn), request.app[SETTINGS]
    async with request.app[DATABASE].write() as session:
        await set_duty_phones(
            session,
            wanted.phones,
            version=wanted.version,
            by=account_of(request).actor,
            fixed=Fixed.of(settings),
            area_code=settings.area_code,
        )
    return answer(Since(live=await tell(request, asterisk=True)))


@operations(
    "GET",
    "/working-days/{year}",
    "The days of a year that differ from the calendar",
    right=Right.MANAGE_POLICY,
    result=WorkingDays,
)
async def get_days(request: web.Request) -> web.StreamResponse:
    year = number_in_path(request, "year")
    async with request.app[DATABASE].read() as session:
        row = (await current(session)).get(f"{PREFIX}{year}")
    value = row.value if row is not None and row.value is not None else {"off": [], "on": []}
    return answer(WorkingDays(year=year, off=value["off"], on=value["on"], version=row.number if row else 0))


@operations(
    "PUT",
    "/working-days/{year}",
    "Set all of them from now on",
    right=Right.MANAGE_POLICY,
    body=WorkingDaysIn,
    result=Since,
)
async def put_days(request: web.Request) -> web.StreamResponse:
    wanted, year = await read_body(request, WorkingDaysIn), number_in_path(request, "year")
    off, on = ([day.isoformat() for day in days] for days in (wanted.off, wanted.on))
    async with request.app[DATABASE].write() as session:
        await set_days(session, year, off=off, on=on, version=wanted.version, by=account_of(request).actor)
    return answer(Since(live=await tell(request, asterisk=False)))
