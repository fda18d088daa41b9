"""Drill reports (S12): taken in from what drills have left in the home folder, completed by people, printed to be
signed."""

import asyncio
from datetime import datetime

from aiohttp import web

from models.base import local_today
from models.readiness import drill_files, drill_reports, plans
from models.register import FormRefused
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.logs import log
from web.people_names import names_of_users
from web.render import render
from web.rights import Right
from web.typed import Typed, typed

routes = web.RouteTableDef()


@routes.get("/drill-reports")
@needs(Right.SEE_PLANS)
async def all_of_them(request: web.Request) -> web.StreamResponse:
    found = await asyncio.to_thread(drill_files.found, request.app[SETTINGS].home)
    async with request.app[DATABASE].read() as session:
        rows = await drill_reports.reports(session)
        waiting = await drill_reports.not_taken_in(session, found)
        titles = {plan.id: plan.title for plan in await plans.plans(session)}
    unreadable = request.query.get("unreadable", "")
    context = {
        "reports": rows,
        "waiting": len(waiting),
        "titles": titles,
        "unreadable": int(unreadable) if unreadable.isdecimal() and len(unreadable) < 6 else 0,
    }
    return render(request, "drills.html", context)


@routes.post("/drill-reports/take-in")
@needs(Right.MANAGE_PLANS)
async def take_in(request: web.Request) -> web.StreamResponse:
    """Every run that is not on record yet. A file that no drill has left stays where it is, and is told of."""
    home, unreadable = request.app[SETTINGS].home, 0
    found = await asyncio.to_thread(drill_files.found, home)
    async with request.app[DATABASE].read() as session:
        waiting = await drill_reports.not_taken_in(session, found)
    for name in waiting:
        try:
            run, source = await asyncio.to_thread(drill_files.read, home, name)
        except (drill_files.DrillFileRefused, OSError):
            log.warning("drill_file_unreadable")
            unreadable += 1
            continue
        async with request.app[DATABASE].write() as session:
            await drill_reports.take_in(session, run, source=source, file=name, by=account_of(request).actor)
    raise web.HTTPSeeOther("/drill-reports" + (f"?unreadable={unreadable}" if unreadable else ""))


@routes.get("/drill-reports/{id}")
@needs(Right.SEE_PLANS)
async def one(request: web.Request) -> web.StreamResponse:
    return await _page(request, Typed())


@routes.post("/drill-reports/{id}")
@needs(Right.MANAGE_PLANS)
async def complete(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await drill_reports.complete(
                session,
                number,
                version=sent.version,
                plan=sent.number("plan"),
                findings=sent.text("findings"),
                signers=sent.text("signers").splitlines(),
                by=account_of(request).actor,
            )
    except (FormRefused, VersionConflict) as why:
        return await _page(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/drill-reports/{number}")


@routes.get("/drill-reports/{id}/print")
@needs(Right.SEE_PLANS)
async def printed(request: web.Request) -> web.StreamResponse:
    """The report on A4, with a place for each signature."""
    async with request.app[DATABASE].read() as session:
        report = await drill_reports.report_of(session, number_in_path(request, "id"))
        plan = None if report.plan_id is None else await plans.plan_of(session, report.plan_id)
    return render(
        request, "drill_print.html", {"report": report, "plan": plan, "times": _times(report), "today": local_today()}
    )


def _times(report: drill_reports.DrillReport) -> list[datetime | None]:
    """When each step happened."""
    return [datetime.fromisoformat(step["at"]) if step["at"] else None for step in report.steps]


async def _page(request: web.Request, sent: Typed) -> web.Response:
    async with request.app[DATABASE].read() as session:
        report = await drill_reports.report_of(session, number_in_path(request, "id"))
        every = await plans.plans(session)
    context = {
        "report": report,
        "times": _times(report),
        "choices": [("", ""), *((str(plan.id), plan.title) for plan in every)],
        "people": await names_of_users(request, {report.taken_in_by}),
        "sent": sent,
    }
    return render(request, "drill.html", context, status=sent.status)
