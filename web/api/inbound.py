"""What gateways hand in beside the alarms of devices: text messages that people and handsets have sent (H12), and
warnings of the weather (S5). Each has the gateway's own id and counts once, however often it is told."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.bulletins import BulletinForm, CareBulletin, WeatherLevel, find_from, take, withdraw
from models.care.planning import Weather
from models.database import DatabaseUnavailable
from models.inbound_texts import InboundText, cry_of, keep_text
from models.org import OrgUnit
from models.refusing import refuse
from models.versions import NoSuchRecord
from web.api.alarms import Received
from web.api.kit import Input, Operations, Output, RecordId, When, answer, read_body
from web.controller.client import ControllerUnreachable
from web.guard import account_of
from web.handing_over import hand_over
from web.keys import CONTROLLER, DATABASE, SETTINGS
from web.rights import Right

operations = Operations("gateways")
Id = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]


class TextIn(Input):
    """`id`: the gateway's for this message; `sender`: the number (or name) that the network gives; `at`: when it was
    sent. A message of a handset is an alarm, unless it says where the handset is in answer to a question, or that its
    battery is low (K7). So is one of anybody else who is not a company, unless it only says thanks."""

    id: Id
    sender: str = Field(min_length=1, max_length=32, pattern=r"^\S(.*\S)?$")
    at: When
    text: str = Field(max_length=1_000)


class WeatherIn(Input):
    """`id`: the source's for this warning; `area`: the name of a district, street or community as it stands here, or
    `org_unit_id`; neither: everywhere. It is told on the local days from `starts_at` to `ends_at`."""

    id: Id
    kind: Weather
    level: WeatherLevel | None = None
    area: str = Field("", max_length=100)
    org_unit_id: RecordId | None = None
    starts_at: When
    ends_at: When
    text: str = Field(max_length=1_000)


class WithdrawnIn(Input):
    id: Id


class WeatherTaken(Output):
    """`bulletin`: its number here; `withdrawn_at`: since when nothing more goes out for it."""

    bulletin: int
    withdrawn_at: datetime | None


@operations(
    "POST",
    "/inbound-texts",
    "Hand in a text message that somebody has sent",
    right=Right.REPORT_ALARMS,
    body=TextIn,
    result=Received,
    status=201,
    also=(200, 202),
)
async def post_text(request: web.Request) -> web.StreamResponse:
    """201 taken, 200 had been taken before, 202 kept and handed over later; 503: nothing was kept, send it again."""
    sent, by = await read_body(request, TextIn), account_of(request).actor
    text = InboundText(sent.id, sent.sender, sent.at, sent.text)
    database, controller = request.app[DATABASE], request.app[CONTROLLER]
    try:
        async with database.write() as session:
            row, new = await keep_text(session, text, by=by, area_code=request.app[SETTINGS].area_code)
            number, report, handed, case = row.id, row.report, row.handed_at is not None, row.case_id
    except DatabaseUnavailable:  # nobody can be looked up: it may be a cry for help
        taken = await controller.report(cry_of(text, request.app[SETTINGS].area_code), actor=by)
        return answer(Received(id=None, handed=True, case=taken.case), status=201)
    if handed:
        return answer(Received(id=number, handed=True, case=case), status=201 if new else 200)
    try:
        found = await hand_over(database, controller, number, report, by=by)
    except (ControllerUnreachable, DatabaseUnavailable):
        found = None
    if found is None:
        return answer(Received(id=number, handed=False, case=""), status=202)
    return answer(Received(id=number, handed=True, case=found), status=201)


@operations(
    "POST",
    "/weather",
    "Hand in a warning of the weather",
    right=Right.REPORT_ALARMS,
    body=WeatherIn,
    result=WeatherTaken,
    status=201,
    also=(200,),
)
async def post_weather(request: web.Request) -> web.StreamResponse:
    """201 taken, 200 had been taken before. Another text needs another id."""
    sent, by = await read_body(request, WeatherIn), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        if sent.ends_at < sent.starts_at:
            refuse("ends_at", "结束时间早于开始时间", "it ends before it begins")
        form = BulletinForm(
            kind=sent.kind,
            starts_on=sent.starts_at.astimezone().date(),
            ends_on=sent.ends_at.astimezone().date(),
            text=sent.text,
            org_unit_id=await _area(session, sent),
            level=sent.level,
        )
        row, new = await take(session, form, source_id=sent.id, by=by)
        told = _told(row)
    return answer(told, status=201 if new else 200)


@operations(
    "POST",
    "/weather/withdrawals",
    "Take back a warning of the weather",
    right=Right.REPORT_ALARMS,
    body=WithdrawnIn,
    result=WeatherTaken,
)
async def post_withdrawal(request: web.Request) -> web.StreamResponse:
    """Calls that were planned for it and not made yet are not made. 404: this source has handed in no such warning."""
    sent, by = await read_body(request, WithdrawnIn), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        row = await find_from(session, sent.id, by=by)
        if row is None:
            raise NoSuchRecord
        told = _told(await withdraw(session, row.id, by=by))
    return answer(told)


async def _area(session: AsyncSession, sent: WeatherIn) -> int | None:
    """Raises FormRefused: there is no such place, or more than one."""
    name = sent.area.strip()
    if not name:
        return sent.org_unit_id
    found = list(await session.scalars(select(OrgUnit.id).where(OrgUnit.name == name).limit(2)))
    if not found:
        refuse("area", "没有这个区域", "there is no place of this name")
    if len(found) > 1:
        refuse("area", "有多个同名区域，请用 org_unit_id", "several places have this name: use org_unit_id")
    return found[0]


def _told(row: CareBulletin) -> WeatherTaken:
    return WeatherTaken(bulletin=row.id, withdrawn_at=row.withdrawn_at)
