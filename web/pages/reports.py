"""Reports (T6, H11, X11): of a place and a period, on the page with charts and as a sheet; the rows behind each number;
how each number is counted. On A4: `report_paper.py`."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from models.base import local_today
from models.masking import masked
from models.queries.report_rows import ReportRow, list_report_rows
from models.queries.reports import DAILY, Place, Report, alarms_of, places, report
from models.register import FormRefused
from models.reports.definitions import FIGURES, MEANS, SHARES
from models.reports.figures import Unit
from models.reports.periods import Period, PeriodKind, between, of_day, parse
from models.reports.signing import sign, signed_of
from models.versions import NoSuchRecord
from web.complaint_views import office_of
from web.exports import Table, read_form, send
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, day_of
from web.people_names import names_of_users
from web.places import scope_of
from web.problems import Forbidden, Invalid, NotFound
from web.render import render, stamp, texts_of
from web.report_views import (
    HEADLINES,
    PLACES_SHOW,
    SECTIONS,
    Line,
    chart_of,
    lines,
    may_open,
    quarters_of,
    record_href,
    where_of,
    word_of,
)
from web.rights import Right
from web.texts import Texts
from web.typed import Typed, typed

routes = web.RouteTableDef()
AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """`unit` None: everything. `choices`: the places that the account may have a report of; none: it sees nobody."""

    unit: int | None
    period: Period
    choices: list[Place]

    @property
    def where(self) -> dict[str, str]:
        return where_of(self.unit, self.period)


@routes.get("/reports")
@needs(Right.SEE_REPORTS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, request.query, Typed())


@routes.post("/reports/sign")
@needs(Right.SIGN_REPORTS)
async def sign_off(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    wanted = await wanted_of(request, sent.fields)
    if not wanted.choices:
        raise NotFound
    found = await report_of(request, wanted)
    try:
        async with request.app[DATABASE].write() as session:
            row = await sign(session, found, by=account_of(request).actor, remark=sent.text("remark"))
    except FormRefused as why:
        return await _page(request, sent.fields, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/reports/signed/{row.id}")


@routes.post("/reports/export")
@needs(Right.SEE_REPORTS)
async def export(request: web.Request) -> web.StreamResponse:
    """All figures, of the whole and of each part: counts, of nobody; there is nothing to be masked."""
    t, form = texts_of(request), await read_form(request)
    wanted, account = await wanted_of(request, form), account_of(request)
    found = await report_of(request, wanted) if wanted.choices else None
    columns = [found.figures, *(part.figures for part in found.parts)] if found else []
    places = [place_name(t, found), *(part.name or t("reports.rest") for part in found.parts)] if found else []

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        for section, names in SECTIONS:
            every = [lines(names, one, t, where={}, account=account) for one in columns]
            yield [
                [t(f"report_section.{section}"), line[0].word, line[0].target, *(one.value for one in line)]
                for line in zip(*every, strict=True)
            ]

    head = [t("reports.section"), t("reports.figure"), t("reports.target"), *places]
    return await send(request, Table("reports", wanted.period.text, head, rows, wanted.where), form)


@routes.get("/reports/rows")
@needs(Right.SEE_REPORTS)
async def behind(request: web.Request) -> web.StreamResponse:
    """The rows that a number counts: as many as it says."""
    name, wanted = _figure(request, request.query), await wanted_of(request, request.query)
    total, page = await _rows(request, name, wanted, limit=LINES, after=cursor_of(request, digits=6))
    context = {
        "name": name,
        "figure": FIGURES[name],
        "word": word_of(name, texts_of(request)),
        "wanted": wanted,
        "place": _name_of(wanted, texts_of(request)),
        "total": total,
        "page": replace(page, items=masked(page.items)) if page else None,
        "href": lambda row: record_href(name, row.record),
    }
    return render(request, "report_rows.html", context)


@routes.post("/reports/rows/export")
@needs(Right.SEE_REPORTS)
@needs(Right.EXPORT)
async def export_rows(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    name, wanted = _figure(request, form), await wanted_of(request, form)

    def row(one: ReportRow) -> list[str]:
        words = [t(key) if key else "" for key in (one.what, one.state)]
        return [one.record, stamp(one.at), one.elder_name, one.community, *words]

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        after: int | None = 0
        while after is not None:
            _, page = await _rows(request, name, wanted, limit=AT_ONCE, after=after)
            yield [row(masked(one) if mask else one) for one in (page.items if page else ())]
            after = int(page.next) if page and page.next else None

    head = [t(f"report_rows.{column}") for column in ("record", "at", "elder", "community", "what", "state")]
    given = {"figure": name, **wanted.where}
    return await send(request, Table("report-rows", word_of(name, t), head, rows, given), form)


@routes.get("/reports/definitions")
@needs(Right.SEE_REPORTS)
async def definitions(request: web.Request) -> web.StreamResponse:
    known = {"figures": FIGURES, "shares": SHARES, "means": MEANS}
    return render(request, "report_definitions.html", {"sections": SECTIONS, "word_of": word_of, **known})


async def _page(request: web.Request, query: MultiMapping[Any], sent: Typed) -> web.Response:
    t, wanted = texts_of(request), await wanted_of(request, query)
    today = local_today()
    context: dict[str, Any] = {
        "wanted": wanted,
        "sent": sent,
        "report": None,
        "quick": [
            of_day(PeriodKind.DAY, today),
            of_day(PeriodKind.DAY, today - timedelta(days=1)),
            of_day(PeriodKind.MONTH, today),
            of_day(PeriodKind.MONTH, today).before,
            of_day(PeriodKind.QUARTER, today),
            of_day(PeriodKind.QUARTER, today).before,
            of_day(PeriodKind.YEAR, today),
        ],
    }
    if wanted.choices:
        found = await report_of(request, wanted)
        quarters = []
        async with request.app[DATABASE].read() as session:
            if wanted.period.kind is PeriodKind.DAY:
                alarms = await alarms_of(session, wanted.unit, wanted.period, scope=scope_of(request))
                quarters = quarters_of(found, alarms)
            kept = await signed_of(session, wanted.unit)
        context |= {
            "report": found,
            "place": place_name(t, found),
            "sections": sections_of(request, found),
            "headlines": lines_of(request, found, HEADLINES),
            "parts": parts_of(request, found),
            "shown": [word_of(name, t) for name in PLACES_SHOW],
            "whole": lines_of(request, found, PLACES_SHOW),
            "missed": {seconds: found.days_missed(seconds) for seconds in DAILY},
            "chart": chart_of(found, quarters, t),
            "quarters": quarters,
            "signed": kept,
            "people": await names_of_users(request, {row.by for row in kept}),
        }
    return render(request, "reports.html", context, status=sent.status)


async def wanted_of(request: web.Request, query: MultiMapping[Any]) -> Wanted:
    """The place, by default the uppermost that the account sees, and the period, by default this month.

    Raises:
        Invalid: this is no period.
        NoSuchRecord: there is no such place, or it is not for this account.
    """
    async with request.app[DATABASE].read() as session:
        choices = await places(session, scope=scope_of(request))
    unit, asked = choices[0].id if choices else None, str(query.get("unit", ""))
    if asked:
        number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
        if (number is None and asked != "all") or number not in {place.id for place in choices}:
            raise NoSuchRecord
        unit = number
    return Wanted(unit, _period(query), choices)


def _period(query: MultiMapping[Any]) -> Period:
    first, last, text = (str(query.get(name, "")) for name in ("from", "to", "period"))
    try:
        if first or last:
            begins, ends = day_of(first), day_of(last)
            if begins is None or ends is None:
                raise Invalid("problem.report_period")
            return between(begins, ends)
        return parse(text) if text else of_day(PeriodKind.MONTH, local_today())
    except ValueError as error:
        raise Invalid("problem.report_period") from error


def _figure(request: web.Request, query: MultiMapping[Any]) -> str:
    """The figure whose rows are wanted. Raises NotFound: there is none such; Forbidden: not with this account's
    rights."""
    name = str(query.get("figure", "")) or "elders"
    if name not in FIGURES or FIGURES[name].unit is not Unit.ROWS:
        raise NotFound
    if not may_open(account_of(request), name):
        raise Forbidden
    return name


async def report_of(request: web.Request, wanted: Wanted) -> Report:
    async with request.app[DATABASE].read() as session:
        office = await office_of(request, session)
        return await report(session, wanted.unit, wanted.period, scope=scope_of(request), office=office)


async def _rows(request: web.Request, name: str, wanted: Wanted, *, limit: int, after: int | None) -> Any:
    """How many there are, and a page of them; None of a page for who sees nobody."""
    if not wanted.choices:
        return 0, None
    scope = scope_of(request)
    async with request.app[DATABASE].read() as session:
        office = await office_of(request, session)
        return await list_report_rows(
            session, name, wanted.unit, wanted.period, scope=scope, office=office, limit=limit, after=after
        )


def lines_of(request: web.Request, found: Report, names: tuple[str, ...]) -> list[Line]:
    where = where_of(found.unit, found.period)
    return lines(names, found.figures, texts_of(request), where=where, account=account_of(request))


def sections_of(request: web.Request, found: Report) -> list[tuple[str, list[Line]]]:
    return [(section, lines_of(request, found, names)) for section, names in SECTIONS]


def parts_of(request: web.Request, found: Report) -> list[tuple[str, str, list[Line]]]:
    """Name of the part, the address of its report, its figures; the rest has neither report nor rows of its own."""
    t, account, rows = texts_of(request), account_of(request), []
    for part in found.parts:
        where = where_of(part.unit, found.period)
        told = lines(PLACES_SHOW, part.figures, t, where=where, account=account)
        if part.unit is None:
            rows.append((t("reports.rest"), "", [replace(line, href="") for line in told]))
        else:
            rows.append((part.name, f"/reports?unit={part.unit}&period={found.period.text}", told))
    return rows


def place_name(t: Texts, found: Report) -> str:
    return found.unit_name or t("reports.everywhere")


def _name_of(wanted: Wanted, t: Texts) -> str:
    return next((place.name for place in wanted.choices if place.id == wanted.unit and place.name), "") or t(
        "reports.everywhere"
    )
