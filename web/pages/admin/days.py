"""The page of working days: what differs from the calendar in a year, as the government names it each November."""

import re
from datetime import date

from aiohttp import web

from models.base import utc_now
from models.live_settings import current
from models.office_hours import OfficeHours
from models.register import FormRefused
from models.versions import VersionConflict
from models.working_days import FIRST_YEAR, LAST_YEAR, PREFIX, days_of, set_days
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, page, refusal, typed
from web.people_names import names_of_users
from web.rights import Right
from web.telling import tell

routes = web.RouteTableDef()
_BETWEEN = re.compile(r"[\s,;、，；]+")


@routes.get("/admin/days")
@needs(Right.MANAGE_POLICY)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, _year(request.query.get("year", "")))


@routes.post("/admin/days")
@needs(Right.MANAGE_POLICY)
async def change(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    year = _year(sent.text("year"))
    off, on = ([word for word in _BETWEEN.split(sent.text(name)) if word] for name in ("off", "on"))
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            await set_days(session, year, off=off, on=on, version=sent.version, by=by)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, year, refusal(request, "days", sent, why))
    live = await tell(request, asterisk=False)
    raise web.HTTPSeeOther(f"/admin/days?year={year}&live={live}")


def _year(text: str) -> int:
    year = int(text) if text.isascii() and text.isdecimal() and len(text) == 4 else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else utc_now().astimezone().year


async def _page(request: web.Request, year: int, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        rows = await current(session)
    row = rows.get(f"{PREFIX}{year}")
    value = row.value if row is not None and row.value is not None else {"off": [], "on": []}
    context = {
        "year": year,
        "years": range(max(FIRST_YEAR, year - 2), min(LAST_YEAR, year + 2) + 1),
        "off": value["off"],
        "on": value["on"],
        "version": row.number if row is not None else 0,
        "row": row,
        "people": await names_of_users(request, {row.by} if row is not None else ()),
        "known": OfficeHours(0, 24).knows(year),
        "months": _months(year, OfficeHours(0, 24, days_of(rows)), set(value["off"]) | set(value["on"])),
    }
    return page(request, "days", context, refused=refused)


def _months(year: int, office: OfficeHours, set_by_people: set[str]) -> list[list[tuple[date, bool, bool]]]:
    """For each month its days, each with whether it is worked on and whether somebody has said so."""
    months: list[list[tuple[date, bool, bool]]] = [[] for _ in range(12)]
    for number in range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1):
        day = date.fromordinal(number)
        months[day.month - 1].append((day, office.worked_on(day), day.isoformat() in set_by_people))
    return months
