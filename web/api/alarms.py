"""Alarms and reports that devices, and the gateways in front of them, hand in. Kept first, handed to the controller
then: what cannot be handed over now is handed over later (`web/handing_over.py`)."""

from typing import Any

from aiohttp import web
from pydantic import Field

from ivr.case import DeviceReport, Position
from models.base import utc_now
from models.database import DatabaseUnavailable
from models.device_reports import TERMINAL_TEST, keep, kind_of, place
from models.terminal_tests import record_test
from web.api.kit import Input, Operations, Output, When, answer, read_body
from web.controller.client import ControllerUnreachable
from web.guard import account_of
from web.handing_over import hand_over
from web.keys import CONTROLLER, DATABASE, SETTINGS
from web.rights import Right

operations = Operations("alarms")


class Place(Input):
    """Degrees (WGS 84); `accuracy` in metres; `words` where the device can name the place."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    accuracy: float | None = Field(None, ge=0, le=1_000_000)
    words: str = Field("", max_length=200)


class Alarm(Input):
    """`device`: serial number, or the number of the line or the SMS's sender. `kind`: `fall`, `smoke`, `gas`, `door`,
    `sos`, `sms`, `location`, `battery`, `test`; any other word, or none, is an alarm as well (K7). `location` with a
    position, and `battery`, are put on record and are no alarms. `at`: the device's own time, however wrong; with
    `device` it tells one report from the next, so a report may safely be sent again."""

    device: str = Field(min_length=1, max_length=64, pattern=r"^[^\s].*$")
    kind: str = Field("", max_length=40)
    at: When
    position: Place | None = None
    words: str = Field("", max_length=1_000)
    data: dict[str, Any] | None = None


class Received(Output):
    """`handed`: the controller has it; else it is kept, and handed over as soon as that can be done. `case` is empty
    for what is no alarm, and for what waits."""

    id: int | None
    handed: bool
    case: str


@operations(
    "POST",
    "/alarms",
    "Hand in what a device reports",
    right=Right.REPORT_ALARMS,
    body=Alarm,
    result=Received,
    status=201,
    also=(200, 202),
)
async def post_alarm(request: web.Request) -> web.StreamResponse:
    """201 taken, 200 had been taken before, 202 kept and handed over later; 503: nothing was kept, send it again."""
    alarm = await read_body(request, Alarm)
    report, by = _report(alarm), account_of(request).actor
    try:
        received, known = await _kept(request, alarm, report, by=by)
    except DatabaseUnavailable:
        taken = await request.app[CONTROLLER].report(report, actor=by)
        return answer(Received(id=None, handed=True, case=taken.case), status=201)
    if received.handed:
        return answer(received, status=200 if known else 201)
    try:
        case = await hand_over(request.app[DATABASE], request.app[CONTROLLER], received.id or 0, report, by=by)
    except (ControllerUnreachable, DatabaseUnavailable):
        case = None
    if case is None:
        return answer(received, status=202)
    return answer(Received(id=received.id, handed=True, case=case), status=201)


def _report(alarm: Alarm) -> DeviceReport:
    position = None if alarm.position is None else Position(**alarm.position.model_dump())
    return DeviceReport(alarm.device.strip(), kind_of(alarm.kind), alarm.at, position, alarm.words)


async def _kept(request: web.Request, alarm: Alarm, report: DeviceReport, *, by: str) -> tuple[Received, bool]:
    """On record; a terminal's test (S8) goes no further than that."""
    area_code, is_test = request.app[SETTINGS].area_code, alarm.kind.strip().lower() == TERMINAL_TEST
    async with request.app[DATABASE].write() as session:
        row, new = await keep(session, report, said=alarm.kind, data=alarm.data, by=by)
        if new:
            await place(session, report, area_code=area_code)
        if new and is_test:
            await record_test(session, report.device, area_code=area_code, at=report.at, by=by)
            row.handed_at = utc_now()
        return Received(id=row.id, handed=row.handed_at is not None, case=row.case_id), not new
