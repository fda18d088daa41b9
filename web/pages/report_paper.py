"""Reports on A4, with lines to sign on: as a page for the browser's printer and as a PDF, as they are counted now or as
they stood when somebody signed them off (T6, H11)."""

import asyncio
from typing import Any

from aiohttp import web

from models.queries.reports import DAILY, Report
from models.reports.records import SignedReport
from models.reports.signing import as_signed, signed
from web.api.kit import number_in_path
from web.guard import needs
from web.keys import DATABASE, SETTINGS
from web.pages.reports import Wanted, lines_of, parts_of, place_name, report_of, sections_of, wanted_of
from web.people_names import names_of_users
from web.places import scope_of
from web.render import render, stamp, texts_of
from web.report_pdf import Sheet, chinese_font, report_pdf
from web.report_views import PLACES_SHOW, word_of
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/reports/print")
@needs(Right.SEE_REPORTS)
async def printed(request: web.Request) -> web.StreamResponse:
    wanted = await wanted_of(request, request.query)
    found = await report_of(request, wanted) if wanted.choices else None
    return render(request, "report_print.html", {"paper": found and _paper(request, found), "wanted": wanted})


@routes.get("/reports/pdf")
@needs(Right.SEE_REPORTS)
async def pdf(request: web.Request) -> web.StreamResponse:
    wanted = await wanted_of(request, request.query)
    if not wanted.choices:
        return render(request, "report_print.html", {"paper": None, "wanted": wanted})
    return await _pdf(request, await report_of(request, wanted), signed_by="")


@routes.get("/reports/signed/{id}")
@needs(Right.SEE_REPORTS)
async def show_signed(request: web.Request) -> web.StreamResponse:
    """A report as it stood when it was signed off; the rows of today may be others, so no number opens."""
    row = await _signed(request)
    found, people = as_signed(row), await names_of_users(request, {row.by})
    wanted = Wanted(row.unit, found.period, [])
    context = {"paper": _paper(request, found), "wanted": wanted, "signed": row, "people": people}
    return render(request, "report_print.html", context)


@routes.get("/reports/signed/{id}/pdf")
@needs(Right.SEE_REPORTS)
async def signed_pdf(request: web.Request) -> web.StreamResponse:
    t, row = texts_of(request), await _signed(request)
    who = (await names_of_users(request, {row.by})).get(row.by) or t.word("actor", row.by)
    by = " · ".join(part for part in (t("reports.signed_by", who=who, at=stamp(row.at)), row.remark) if part)
    return await _pdf(request, as_signed(row), signed_by=by)


async def _signed(request: web.Request) -> SignedReport:
    async with request.app[DATABASE].read() as session:
        return await signed(session, number_in_path(request, "id"), scope=scope_of(request))


def _paper(request: web.Request, found: Report) -> dict[str, Any]:
    """What is printed of a report."""
    t = texts_of(request)
    return {
        "report": found,
        "place": place_name(t, found),
        "sections": sections_of(request, found),
        "parts": parts_of(request, found),
        "shown": [word_of(name, t) for name in PLACES_SHOW],
        "whole": lines_of(request, found, PLACES_SHOW),
        "missed": {seconds: found.days_missed(seconds) for seconds in DAILY},
    }


async def _pdf(request: web.Request, found: Report, *, signed_by: str) -> web.Response:
    sheet = _sheet(request, found, signed_by)
    made = await asyncio.to_thread(report_pdf, sheet, chinese_font(request.app[SETTINGS]))
    name = f"report-{'all' if found.unit is None else found.unit}-{found.period.text}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=made, content_type="application/pdf", headers=headers)


def _sheet(request: web.Request, found: Report, signed_by: str) -> Sheet:
    """The page for paper once more, as what the PDF is made of."""
    t, paper, period = texts_of(request), _paper(request, found), found.period
    about = [
        f"{t('app.name')} · {period.first} – {period.last} · {t('reports.counted_at', at=stamp(found.at))}",
        *([] if found.is_over else [t("reports.runs")]),
        *([signed_by] if signed_by else []),
    ]
    rows = [[name, *(line.value for line in lines)] for name, _, lines in paper["parts"]]
    total = [t("reports.total"), *(line.value for line in paper["whole"])]
    return Sheet(
        title=f"{paper['place']} {period.text} {t(f'report_period.{period.kind}')}",
        about=about,
        sections=[(t(f"report_section.{name}"), lines) for name, lines in paper["sections"]],
        places=(t("reports.parts"), [[t("reports.place"), *paper["shown"]], *rows, total]) if rows else None,
        signatures=[t("reports.signature_made"), t("reports.signature_checked")],
        date=t("print.date"),
        missed=t("reports.missed"),
    )
