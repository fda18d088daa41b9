"""Staffing (S10): seats that the calls of the past weeks ask for, against the shifts that are planned; the shifts
themselves; all quarters of the week as a table."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aiohttp import web

from models.base import local_today
from models.register import FormRefused
from models.staffing import shifts
from models.staffing.needs import Quarter, agents_by_norm
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.exports import Table, read_form, send
from web.guard import account_of, needs
from web.keys import DATABASE
from web.render import render, texts_of
from web.rights import Right
from web.staffing import read_staffing
from web.texts import Texts
from web.typed import Typed, typed, whole_number

routes = web.RouteTableDef()
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
COLUMNS: Final = ("weekday", "begins", "calls", "at_work", "needed", "planned", "missing", "in_time")


@routes.get("/staffing")
@needs(Right.PLAN_STAFFING)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, Typed())


@routes.post("/staffing/shifts")
@needs(Right.PLAN_STAFFING)
async def add(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    days = [day for text in sent.all("weekdays") if (day := whole_number(text, digits=1)) is not None]
    try:
        async with request.app[DATABASE].write() as session:
            form = _form(sent, days[0] if days else 0)
            await shifts.add(session, form, weekdays=days, by=account_of(request).actor)
    except FormRefused as why:
        return await _page(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/staffing?day={days[0]}#shifts")


@routes.post("/staffing/shifts/{id}")
@needs(Right.PLAN_STAFFING)
async def change(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    day = sent.number("weekday")
    try:
        async with request.app[DATABASE].write() as session:
            form = _form(sent, -1 if day is None else day)
            await shifts.change(session, number, form, version=sent.version, by=account_of(request).actor)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, sent.refused(request, why), changed=number)
    raise web.HTTPSeeOther(f"/staffing?day={day}#shifts")


@routes.post("/staffing/shifts/{id}/remove")
@needs(Right.PLAN_STAFFING)
async def remove(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    day = sent.number("weekday") or 0
    try:
        async with request.app[DATABASE].write() as session:
            await shifts.remove(session, number, version=sent.version, by=account_of(request).actor)
    except VersionConflict as why:
        return await _page(request, sent.refused(request, why), changed=number)
    raise web.HTTPSeeOther(f"/staffing?day={day}#shifts")


@routes.post("/staffing/export")
@needs(Right.PLAN_STAFFING)
async def export(request: web.Request) -> web.StreamResponse:
    """All quarters of the week. Counts only: there is nothing to be masked."""
    t, form = texts_of(request), await read_form(request)
    found = await read_staffing(request)

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        yield [_row(one, t) for one in found.quarters]

    head = [t(f"staffing.{name}") for name in COLUMNS]
    return await send(request, Table("staffing", t("staffing.title"), head, rows, {"since": f"{found.first}"}), form)


def _row(one: Quarter, t: Texts) -> list[str]:
    counts = [str(number) for number in (one.at_work, one.needed, one.planned, one.missing)]
    share = "" if one.in_time is None else f"{100 * one.in_time:.1f}"
    return [t(f"day_of_week.{one.weekday}"), one.begins, f"{one.calls:.2f}", *counts, share]


def _form(sent: Typed, weekday: int) -> shifts.ShiftForm:
    return shifts.ShiftForm(
        weekday=weekday,
        begins=_minutes(sent.text("begins")),
        ends=_minutes(sent.text("ends")),
        seats=sent.number("seats") or 0,
        who=sent.text("who"),
    )


def _minutes(text: str) -> int:
    """From midnight; -1 for what is no time. 24:00 is the midnight at which the day ends."""
    if text.strip() == "24:00":
        return 0
    found = _TIME.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else -1


async def _page(request: web.Request, sent: Typed, *, changed: int = 0) -> web.Response:
    t = texts_of(request)
    found = await read_staffing(request)
    every = found.quarters
    wanted = sent.number("weekday") if sent else whole_number(request.query.get("day"), digits=1)
    day = wanted if wanted is not None and wanted < shifts.DAYS else local_today().weekday()
    of_day = [one for one in every if one.weekday == day]
    chart: dict[str, Any] = {
        "labels": [one.begins for one in of_day],
        "series": [
            {"name": t("staffing.needed"), "values": [one.needed for one in of_day]},
            {"name": t("staffing.planned"), "values": [one.planned for one in of_day]},
        ],
    }
    days = [
        {
            "number": number,
            "calls": sum(one.calls for one in every if one.weekday == number),
            "most": max(one.needed for one in every if one.weekday == number),
            "short": sum(one.missing > 0 for one in every if one.weekday == number),
        }
        for number in range(shifts.DAYS)
    ]
    context = {
        "volume": found.volume,
        "target": found.target,
        "by_norm": agents_by_norm(found.volume),
        "first": found.first,
        "day": day,
        "days": days,
        "of_day": of_day,
        "chart": chart,
        "shifts": [shift for shift in found.shifts if shift.weekday == day],
        "sent": sent,
        "changed": changed,
    }
    return render(request, "staffing.html", context, status=sent.status)
