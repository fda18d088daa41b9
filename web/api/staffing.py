"""Staffing (S10): the seats that each quarter of the week needs, by the calls of the past weeks; the shifts planned."""

from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import Field

from models.staffing import shifts
from models.staffing.needs import Quarter, Target, agents_by_norm
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Operations,
    Output,
    PageFilter,
    answer,
    number_in_path,
    read_body,
    read_query,
    whole_page_of,
)
from web.guard import account_of
from web.keys import DATABASE
from web.rights import Right
from web.staffing import read_staffing

operations = Operations("staffing")
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-4]):[0-5]\d$")]
Weekday = Annotated[int, Field(ge=0, lt=shifts.DAYS)]


class ShiftIn(Input):
    """`weekday` 0 is Monday; `begins` and `ends` local (`08:00`); one that ends earlier than it begins goes on until
    the next day."""

    weekday: Weekday
    begins: Clock
    ends: Clock
    seats: int = Field(ge=1, le=shifts.MOST_SEATS)
    who: str = Field("", max_length=shifts.LONGEST)

    def form(self) -> shifts.ShiftForm:
        begins, ends = _minutes(self.begins), _minutes(self.ends)
        return shifts.ShiftForm(weekday=self.weekday, begins=begins, ends=ends, seats=self.seats, who=self.who)


class ShiftPatch(ShiftIn):
    """The whole shift, and the `version` that was read."""

    version: int = Field(ge=1)


class ShiftVersion(Input):
    version: int = Field(ge=1)


class ShiftOut(Output):
    id: int
    version: int
    weekday: int
    begins: str
    ends: str
    seats: int
    who: str


class ShiftList(ListOf[ShiftOut]):
    pass


class StaffingOut(Output):
    """Calls of so many whole `weeks` from `first`: `calls` in all, each `handling` seconds of an agent's time without
    wrap-up. `agents_by_norm`: how many agents an average day takes when each talks 3 h. All quarters of the week."""

    first: date
    weeks: int
    calls: int
    handling: float
    agents_by_norm: float
    target: Target
    quarters: list[Quarter]


@operations("GET", "/staffing", "Seats that are needed and planned", right=Right.PLAN_STAFFING, result=StaffingOut)
async def get_staffing(request: web.Request) -> web.StreamResponse:
    found = await read_staffing(request)
    volume = found.volume
    told = StaffingOut(
        first=found.first,
        weeks=volume.weeks,
        calls=volume.total,
        handling=volume.handling,
        agents_by_norm=agents_by_norm(volume),
        target=found.target,
        quarters=found.quarters,
    )
    return answer(told)


@operations(
    "GET", "/planned-shifts", "Shifts, in the order of the week", right=Right.PLAN_STAFFING, query=PageFilter,
    result=ShiftList,
)  # fmt: skip
async def get_shifts(request: web.Request) -> web.StreamResponse:
    page = await whole_page_of(request, PageFilter, shifts.list_shifts)
    return answer(ShiftList(items=[_out(row) for row in page.items], next=page.next))


@operations(
    "POST", "/planned-shifts", "Plan a shift", right=Right.PLAN_STAFFING, body=ShiftIn, result=ShiftOut, status=201
)  # fmt: skip
async def post_shift(request: web.Request) -> web.StreamResponse:
    wanted, by = await read_body(request, ShiftIn), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        (row,) = await shifts.add(session, wanted.form(), weekdays=[wanted.weekday], by=by)
        told = _out(row)
    return answer(told, status=201)


@operations(
    "PATCH", "/planned-shifts/{id}", "Change a shift", right=Right.PLAN_STAFFING, body=ShiftPatch, result=ShiftOut
)  # fmt: skip
async def patch_shift(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, ShiftPatch), number_in_path(request, "id")
    by = account_of(request).actor
    async with request.app[DATABASE].write() as session:
        told = _out(await shifts.change(session, number, wanted.form(), version=wanted.version, by=by))
    return answer(told)


@operations(
    "DELETE", "/planned-shifts/{id}", "Remove a shift", right=Right.PLAN_STAFFING, query=ShiftVersion, result=Done
)  # fmt: skip
async def delete_shift(request: web.Request) -> web.StreamResponse:
    wanted, number = read_query(request, ShiftVersion), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await shifts.remove(session, number, version=wanted.version, by=account_of(request).actor)
    return answer(Done())


def _minutes(clock: str) -> int:
    """From midnight; 24:00 is the midnight at which the day ends, 24:10 is no time."""
    minutes = int(clock[:2]) * 60 + int(clock[3:])
    return 0 if minutes == 24 * 60 else minutes


def _out(row: shifts.PlannedShift) -> ShiftOut:
    plain = {name: getattr(row, name) for name in ("id", "version", "weekday", "seats", "who")}
    return ShiftOut(begins=_clock(row.begins), ends=_clock(row.ends), **plain)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
