"""Emergency plans (S12): the list, on which an overdue review shouts; each plan with text, file, owner and dates."""

import asyncio
from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import select

from home import scans
from models.audit import audit
from models.base import local_today
from models.elder_forms import FieldProblem
from models.papers import Scan
from models.people import User
from models.readiness import drill_reports, plans
from models.register import FormRefused
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.paper_scans import REFUSED
from web.people_names import names_of_users
from web.problems import NotFound
from web.render import render
from web.rights import Right
from web.typed import Typed, typed

routes = web.RouteTableDef()
YEAR = timedelta(days=365)


@routes.get("/emergency-plans")
@needs(Right.SEE_PLANS)
async def all_of_them(request: web.Request) -> web.StreamResponse:
    return await _list(request, Typed())


@routes.post("/emergency-plans")
@needs(Right.MANAGE_PLANS)
async def add(request: web.Request) -> web.StreamResponse:
    sent, file = await typed(request), None
    try:
        file = await _file_in(request)
        async with request.app[DATABASE].write() as session:
            plan = await plans.add(session, _form(sent), file, by=account_of(request).actor)
    except FormRefused as why:
        await _forget_unkept(request, file.sha256 if file else "")
        return await _list(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/emergency-plans/{plan.id}")


@routes.get("/emergency-plans/{id}")
@needs(Right.SEE_PLANS)
async def one(request: web.Request) -> web.StreamResponse:
    return await _page(request, Typed())


@routes.post("/emergency-plans/{id}")
@needs(Right.MANAGE_PLANS)
async def change(request: web.Request) -> web.StreamResponse:
    number, sent, file = number_in_path(request, "id"), await typed(request), None
    by = account_of(request).actor
    async with request.app[DATABASE].read() as session:
        before = (await plans.plan_of(session, number)).file
    try:
        file = await _file_in(request)
        async with request.app[DATABASE].write() as session:
            await plans.change(session, number, _form(sent), file, version=sent.version, by=by)
    except (FormRefused, VersionConflict) as why:
        await _forget_unkept(request, file.sha256 if file else "")
        return await _page(request, sent.refused(request, why))
    await _forget_unkept(request, before)
    raise web.HTTPSeeOther(f"/emergency-plans/{number}")


@routes.post("/emergency-plans/{id}/reviewed")
@needs(Right.MANAGE_PLANS)
async def reviewed(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    by = account_of(request).actor
    try:
        async with request.app[DATABASE].write() as session:
            await plans.looked_over(session, number, version=sent.version, due=sent.day("due"), by=by)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/emergency-plans/{number}")


@routes.get("/emergency-plans/{id}/file")
@needs(Right.SEE_PLANS)
async def file_of(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        plan = await plans.plan_of(session, number)
    path = scans.path_of(request.app[SETTINGS], plan.file, folder=scans.PLANS)
    if not plan.file or not await asyncio.to_thread(path.is_file):
        raise NotFound("problem.scan_gone" if plan.file else "problem.not_found")
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, "emergency_plan.read", f"emergency_plan:{number}")
    name = f"plan-{number}{scans.ENDINGS[plan.file_type]}"
    headers = {"Content-Type": plan.file_type, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


def _form(sent: Typed) -> plans.PlanForm:
    return plans.PlanForm(
        title=sent.text("title"),
        owner=sent.number("owner"),
        valid_from=sent.day("valid_from"),
        review_due=sent.day("review_due"),
        text=sent.text("text"),
    )


async def _file_in(request: web.Request) -> Scan | None:
    """The file that was sent with the form, on the disk; None when there was none. Raises FormRefused."""
    field = (await request.post()).get("file")
    if not isinstance(field, web.FileField) or not field.filename:
        return None
    try:
        kept = await asyncio.to_thread(scans.keep, request.app[SETTINGS], field.file, folder=scans.PLANS)
    except scans.ScanRefused as refused:
        raise FormRefused((FieldProblem("file", *REFUSED[refused.reason]),)) from refused
    return Scan(*kept)


async def _forget_unkept(request: web.Request, file: str) -> None:
    """A file that came with a form which was not taken, or that another one has replaced."""
    if not file:
        return
    async with request.app[DATABASE].read() as session:
        kept = await plans.is_kept(session, file)
    if not kept:
        await asyncio.to_thread(scans.remove, request.app[SETTINGS], file, folder=scans.PLANS)


async def _people(request: web.Request) -> dict[int, str]:
    """Who may own a plan: everybody who works here now."""
    async with request.app[DATABASE].read() as session:
        rows = await session.execute(select(User.id, User.name).where(User.active).order_by(User.name))
        return dict(rows.all())


async def _list(request: web.Request, sent: Typed) -> web.Response:
    async with request.app[DATABASE].read() as session:
        rows = await plans.plans(session)
        drilled = await drill_reports.last_drills(session)
    day = local_today()
    context = {
        "plans": rows,
        "drilled": drilled,
        "owners": await _people(request),
        "today": day,
        "next_year": _next_year(day),
        "late": [plan for plan in rows if plan.review_due < day],
        "sent": sent,
    }
    return render(request, "plans.html", context, status=sent.status)


async def _page(request: web.Request, sent: Typed) -> web.Response:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        plan = await plans.plan_of(session, number)
        reports = [row for row in await drill_reports.reports(session) if row.plan_id == number]
    day = local_today()
    context = {
        "plan": plan,
        "reports": reports,
        "owners": await _people(request),
        "people": await names_of_users(request, {plan.changed_by, f"user:{plan.owner_id}"}),
        "today": day,
        "next_year": _next_year(day),
        "sent": sent,
    }
    return render(request, "plan.html", context, status=sent.status)


def _next_year(day: date) -> date:
    return day + YEAR
