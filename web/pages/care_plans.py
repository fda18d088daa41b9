"""Plans of care calls and bulletins of the weather: lists and forms."""

from datetime import date
from typing import Any

from aiohttp import web
from sqlalchemy import select

from home.prompt_files import LONGEST
from models.base import local_today
from models.care.bulletins import BulletinForm, WeatherLevel, issue, withdraw
from models.care.planning import PLANNED, CareKind, Weather
from models.care.plans import (
    CHOICES,
    PlanForm,
    change_plan,
    checked,
    create_plan,
    find_plan,
    form_of,
    halt_plan,
)
from models.care.recordings import RECORDED
from models.elder_forms import FieldProblem
from models.elders import Elder
from models.queries.care_plans import list_bulletins, list_plans, plan_view
from models.register import FormRefused
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, Typed, refusal, typed
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.place_names import place_names
from web.places import scope_of
from web.plan_recordings import is_missing
from web.problems import Invalid
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
NEW = "new"


@routes.get("/care/plans")
@needs(Right.SEE_CARE)
async def plans(request: web.Request) -> web.StreamResponse:
    kind = next((one for one in PLANNED if one == request.query.get("kind")), None)
    async with request.app[DATABASE].read() as session:
        page = await list_plans(
            session, scope=scope_of(request), kind=kind, limit=LINES, after=cursor_of(request, digits=6)
        )
    context = {"page": page, "kind": kind or "", "kinds": PLANNED, "today": local_today()}
    return render(request, "care_plans.html", context)


@routes.get("/care/plans/new")
@needs(Right.PLAN_CARE)
async def new(request: web.Request) -> web.StreamResponse:
    kind = next((one for one in PLANNED if one == request.query.get("kind")), CareKind.REGULAR)
    elder = request.query.get("elder", "")
    form = PlanForm(
        kind, "", local_today(), ("09:00",), elder_id=int(elder) if elder.isdecimal() and len(elder) < 10 else None
    )
    return await _form(request, form)


@routes.post("/care/plans")
@needs(Right.PLAN_CARE)
async def create(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await create_plan(session, _plan(sent), by=account_of(request).actor, scope=scope_of(request))
    except FormRefused as why:
        return await _form(request, _kept(sent), refused=refusal(request, NEW, sent, why))
    raise web.HTTPSeeOther("/care/plans")


@routes.get("/care/plans/{id}")
@needs(Right.SEE_CARE)
async def show(request: web.Request) -> web.StreamResponse:
    return await one_plan(request)


@routes.post("/care/plans/{id}")
@needs(Right.PLAN_CARE)
async def change(request: web.Request) -> web.StreamResponse:
    sent, number = await typed(request), number_in_path(request, "id")
    try:
        async with request.app[DATABASE].write() as session:
            await find_plan(session, number, scope=scope_of(request))
            by, scope = account_of(request).actor, scope_of(request)
            await change_plan(session, number, _plan(sent), version=sent.version, by=by, scope=scope)
    except (FormRefused, VersionConflict) as why:
        return await one_plan(request, refusal(request, str(number), sent, why))
    raise web.HTTPSeeOther("/care/plans")


@routes.post("/care/plans/{id}/halt")
@needs(Right.PLAN_CARE)
async def halt(request: web.Request) -> web.StreamResponse:
    sent, number = await typed(request), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        by, scope = account_of(request).actor, scope_of(request)
        await find_plan(session, number, scope=scope)
        await halt_plan(session, number, halted=sent.text("halted") == "1", version=sent.version, by=by, scope=scope)
    raise web.HTTPSeeOther(f"/care/plans/{number}")


@routes.get("/care/bulletins")
@needs(Right.SEE_CARE)
async def bulletins(request: web.Request) -> web.StreamResponse:
    return await _bulletins(request)


@routes.post("/care/bulletins")
@needs(Right.PLAN_CARE)
async def issue_bulletin(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        kind = next((one for one in Weather if one == sent.text("kind")), None)
        starts, ends = _date(sent, "starts_on"), _date(sent, "ends_on")
        if kind is None or starts is None or ends is None:
            names = [
                name for name, value in (("kind", kind), ("starts_on", starts), ("ends_on", ends)) if value is None
            ]
            raise FormRefused(tuple(FieldProblem(name, "请填写", "this is needed") for name in names))
        level = next((one for one in WeatherLevel if one == sent.text("level")), None)
        form = BulletinForm(kind, starts, ends, sent.text("text"), sent.number("org_unit_id"), level)
        async with request.app[DATABASE].write() as session:
            await issue(session, form, by=account_of(request).actor, scope=scope_of(request))
    except FormRefused as why:
        return await _bulletins(request, refusal(request, NEW, sent, why))
    raise web.HTTPSeeOther("/care/bulletins")


@routes.post("/care/bulletins/{id}/withdraw")
@needs(Right.PLAN_CARE)
async def withdraw_bulletin(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await withdraw(session, number, by=account_of(request).actor, scope=scope_of(request))
    raise web.HTTPSeeOther("/care/bulletins")


def _plan(sent: Typed) -> PlanForm:
    """Raises FormRefused: a date is none, so nothing else can be looked at."""
    starts, ends = _date(sent, "starts_on"), _date(sent, "ends_on")
    if starts is None or (ends is None and sent.text("ends_on")):
        name = "starts_on" if starts is None else "ends_on"
        raise FormRefused.of(name, "日期应为 年-月-日", "write dates as YYYY-MM-DD")
    kept = _kept(sent)
    form = PlanForm(
        kind=kept.kind,
        title=kept.title,
        starts_on=starts,
        times=kept.times,
        text=kept.text,
        on_days=kept.on_days,
        ends_on=ends,
        elder_id=kept.elder_id,
        org_unit_id=kept.org_unit_id,
        service_class=kept.service_class,
        must_answer=kept.must_answer,
    )
    return checked(form)


def _kept(sent: Typed) -> PlanForm:
    """As it was typed, with today where there is no date."""
    kind = next((one for one in PLANNED if one == sent.text("kind")), None)
    if kind is None:
        raise Invalid
    days = sent.every("on_days") if kind is not CareKind.CHECK_UP else tuple(sent.text("on_days").split())
    return PlanForm(
        kind=kind,
        title=sent.text("title"),
        starts_on=local_today(),
        times=tuple(sent.text("times").replace("，", " ").replace(",", " ").split()),
        text=sent.text("text"),
        on_days=days,
        elder_id=sent.number("elder_id"),
        org_unit_id=sent.number("org_unit_id"),
        service_class=sent.number("service_class"),
        must_answer=bool(sent.text("must_answer")),
    )


def _date(sent: Typed, name: str) -> date | None:
    try:
        return date.fromisoformat(sent.text(name))
    except ValueError:
        return None


async def one_plan(request: web.Request, refused: Refused | None = None) -> web.Response:
    """The page of the plan in the address."""
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        row = await find_plan(session, number, scope=scope_of(request))
        form, view = form_of(row), await plan_view(session, number, scope=scope_of(request))
    return await _form(request, form, refused=refused, view=view)


async def _form(
    request: web.Request, form: PlanForm, *, refused: Refused | None = None, view: Any = None
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        places = await place_names(session)
        named = select(Elder.name).where(Elder.id == form.elder_id, scope_of(request).of_elders())
        elder_name = await session.scalar(named) if form.elder_id is not None else None
    scope = account_of(request).scope
    context = {
        "elder_name": elder_name or "",
        "form_id": NEW if view is None else str(view.id),
        "may_be_recorded": view is not None and form.kind in RECORDED,
        "recording_missing": view is not None and await is_missing(request, view.id, view.recording),
        "longest": LONGEST,
        "plan": form,
        "view": view,
        "choices": CHOICES.get(form.kind, ()),
        "kinds": PLANNED,
        "places": {unit: name for unit, name in places.items() if scope.covers(unit)},
        "everywhere": scope.everywhere,
        "refused": refused,
    }
    return render(request, "care_plan.html", context, status=refused.status if refused else 200)


async def _bulletins(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        page = await list_bulletins(session, scope=scope_of(request), limit=LINES, after=cursor_of(request, digits=6))
        places = await place_names(session)
    scope = account_of(request).scope
    context = {
        "page": page,
        "people": await names_of_users(request, {one.issued_by for one in page.items}),
        "kinds": tuple(Weather),
        "all_levels": tuple(WeatherLevel),
        "places": {unit: name for unit, name in places.items() if scope.covers(unit)},
        "everywhere": scope.everywhere,
        "covers": scope.covers,
        "today": local_today(),
        "refused": refused,
    }
    return render(request, "care_bulletins.html", context, status=refused.status if refused else 200)
