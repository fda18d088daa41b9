"""What became of care calls: the list of them, figures by day and community, and both as tables to take away."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from models.base import local_today
from models.care.calls import CareState
from models.masking import masked
from models.queries.care_calls import (
    CallView,
    ReportLine,
    Unreached,
    list_calls,
    list_unreached,
    report_by_day,
    report_by_place,
    summed,
)
from models.queries.paging import Page
from web.exports import Table, read_form, send
from web.guard import needs
from web.keys import DATABASE
from web.pages.care import known_day
from web.pages.exports import PAGE, rows_of
from web.pages.listing import LINES, cursor_of, day_of
from web.places import scope_of
from web.problems import Invalid
from web.render import render, stamp, texts_of
from web.rights import Right

routes = web.RouteTableDef()
FIGURES: Final = ("calls", "reached", "asked_for_help", "not_reached", "missed", "texted", "cancelled")
STACKED: Final = ("reached", "not_reached", "asked_for_help", "missed")  # in the colours of the chart
MOST_DAYS: Final = 366


@routes.get("/care/calls")
@needs(Right.SEE_CARE)
async def calls(request: web.Request) -> web.StreamResponse:
    query = request.query
    state = next((one for one in CareState if one == query.get("state")), None)
    day = known_day(day_of(query.get("day", "")))
    async with request.app[DATABASE].read() as session:
        page = await list_calls(
            session,
            scope=scope_of(request),
            day=day,
            state=state,
            plan=_plan_in(query),
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
    context = {
        "page": replace(page, items=masked(page.items)),
        "day": day or "",
        "state": state or "",
        "plan": _plan_in(query) or "",
        "states": tuple(CareState),
    }
    return render(request, "care_calls.html", context)


@routes.get("/care/report")
@needs(Right.SEE_CARE)
async def report(request: web.Request) -> web.StreamResponse:
    first, last = _period(request.query)
    async with request.app[DATABASE].read() as session:
        days = await report_by_day(session, first, last, scope=scope_of(request))
        places = await report_by_place(session, first, last, scope=scope_of(request))
    t = texts_of(request)
    chart = {
        "bars": [{"at": f"{line.day:%m-%d}", "counts": [getattr(line, name) for name in STACKED]} for line in days],
        "names": [t(f"care_state.{name}") for name in STACKED],
    }
    context = {
        "first": first,
        "last": last,
        "days": [line for line in reversed(days) if line.calls],
        "places": places,
        "total": summed(days),
        "figures": FIGURES,
        "stacked": STACKED,
        "chart": chart,
    }
    return render(request, "care_report.html", context)


@routes.post("/care/report/export")
@needs(Right.SEE_CARE)
@needs(Right.EXPORT)
async def export_report(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    first, last = _period(form)
    head = [t("care_report.day"), t("care_report.place"), *(t(f"care_report.{name}") for name in FIGURES)]

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        async with request.app[DATABASE].read() as session:
            days = await report_by_day(session, first, last, scope=scope_of(request))
            places = await report_by_place(session, first, last, scope=scope_of(request))
        yield [_figures(line, str(line.day), "") for line in days]
        yield [_figures(line, "", line.place or t("care_report.no_place")) for line in places]
        yield [_figures(summed(days), t("care_report.total"), "")]

    given = {"from": first.isoformat(), "to": last.isoformat()}
    return await send(request, Table("care-report", t("care_report.title"), head, rows, given), form)


@routes.post("/care/calls/export")
@needs(Right.SEE_CARE)
@needs(Right.EXPORT)
async def export_calls(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    day, plan = known_day(day_of(form.get("day", ""))), _plan_in(form)
    state = next((one for one in CareState if one == form.get("state")), None)
    names = ("elder", "community", "kind", "plan", "due_at", "state", "reason", "tries", "ended_at")
    head = [t(f"care_calls.{name}") for name in names]

    async def page(cursor: str | None) -> Page[CallView]:
        async with request.app[DATABASE].read() as session:
            scope, after = scope_of(request), int(cursor or 0)
            return await list_calls(session, scope=scope, day=day, state=state, plan=plan, limit=PAGE, after=after)

    def row(view: CallView) -> list[str]:
        what = [t(f"care_kind.{view.kind}"), view.title, stamp(view.due_at), t(f"care_state.{view.state}")]
        end = [t.word("care_reason", view.reason), str(view.tries), stamp(view.ended_at)]
        return [view.elder_name, view.community, *what, *end]

    given = {name: form[name] for name in ("day", "state", "plan") if form.get(name)}
    return await send(request, Table("care-calls", t("care_calls.title"), head, rows_of(page, row), given), form)


@routes.post("/care/unreached/export")
@needs(Right.SEE_CARE)
@needs(Right.EXPORT)
async def export_unreached(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    place = form.get("community", "")
    head = [t(f"care_unreached.{name}") for name in ("elder", "community", "last", "tried", "missed")]

    async def page(cursor: str | None) -> Page[Unreached]:
        unit = int(place) if place.isdecimal() and len(place) < 10 else None
        async with request.app[DATABASE].read() as session:
            scope, after = scope_of(request), int(cursor or 0)
            return await list_unreached(session, scope=scope, org_unit=unit, limit=PAGE, after=after)

    def row(view: Unreached) -> list[str]:
        last = stamp(view.last) or t("care_unreached.never")
        return [view.elder_name, view.community, last, str(view.tried), str(view.missed)]

    given = {"community": place} if place else {}
    table = Table("care-unreached", t("care_unreached.title"), head, rows_of(page, row), given)
    return await send(request, table, form)


def _plan_in(query: MultiMapping[str]) -> int | None:
    """The plan that calls are narrowed to."""
    plan = query.get("plan", "")
    return int(plan) if plan.isdecimal() and len(plan) < 10 else None


def _figures(line: ReportLine, day: str, place: str) -> list[str]:
    return [day, place, *(str(getattr(line, name)) for name in FIGURES)]


def _period(query: MultiMapping[str]) -> tuple[date, date]:
    """From and to, the last 30 days unless they are given. Raises Invalid: no dates, or more than a year."""
    last = known_day(day_of(query.get("to", ""))) or local_today()
    first = known_day(day_of(query.get("from", ""))) or last - timedelta(days=29)
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid("problem.care_period")
    return first, last
