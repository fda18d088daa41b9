"""The pages of complaints: what is owed with its clocks, one complaint with its steps, and taking one down."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from wtforms import Form, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.complaint_handling import LONGEST, SHORT, NewComplaint, register, take_step, tell_whom
from models.complaint_rules import HANDLERS
from models.complaints import AboutKind, ComplaintState, Satisfaction, Step
from models.masking import masked
from models.orders.work_orders import find_order
from models.queries.complaints import Handler, list_complaints
from models.queries.staff import staff_with
from models.queries.suppliers import names_of_suppliers
from models.queries.work_orders import list_orders
from models.register import FormRefused, NoSuchElder, find_elder
from models.seats import list_seats
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.complaint_views import ComplaintSheet, office_of, person_of, read_sheet, seen_by
from web.forms import FormData
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_firms, names_of_users
from web.place_names import place_names
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict
from web.render import render, texts_of
from web.rights import Right, may

routes = web.RouteTableDef()
STATES: Final = ("open", *ComplaintState)
MOST: Final = 999_999_999


class NewForm(Form):  # type: ignore[misc]
    """`target`: `user:7`, `seat:801`, `supplier:3`, `supplier`, `other`, or nobody is known yet."""

    elder = IntegerField(validators=[Optional(), NumberRange(1, MOST)])
    order = IntegerField(validators=[Optional(), NumberRange(1, MOST)])
    complainant = StringField(validators=[Length(max=SHORT)])
    caller = StringField(validators=[Length(max=40)])
    target = StringField(validators=[Length(max=60)])
    about = StringField(validators=[Length(max=SHORT)])
    words = TextAreaField(validators=[InputRequired(), Length(max=LONGEST)])


class StepForm(Form):  # type: ignore[misc]
    version = IntegerField(validators=[InputRequired()])
    step = SelectField(choices=[(str(step), str(step)) for step in Step])
    note = TextAreaField(validators=[Length(max=LONGEST)])
    to = IntegerField(validators=[Optional()])
    satisfaction = SelectField(choices=[("", ""), *((str(one), str(one)) for one in Satisfaction)], default="")


def narrowed(query: MultiMapping[str], account: int) -> dict[str, Any]:
    """What the list is narrowed to, for `list_complaints`; nonsense counts as not given."""
    state, unit, handler = query.get("state", "open"), query.get("community", ""), query.get("handler", "")
    who: Handler | None = account if handler == "mine" else "nobody" if handler == "nobody" else _number(handler)
    return {
        "state": state if state == "open" else ComplaintState(state) if state in list(ComplaintState) else None,
        "late": query.get("late", "") == "1",
        "handler": who,
        "org_unit": _number(unit),
    }


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


@routes.get("/complaints")
@needs(Right.SEE_COMPLAINTS)
async def complaints(request: web.Request) -> web.StreamResponse:
    query, scope, account = request.query, scope_of(request), account_of(request)
    wanted = narrowed(query, account.id)
    async with request.app[DATABASE].read() as session:
        office = await office_of(request, session)
        cursor = cursor_of(request, digits=9)
        page = await list_complaints(session, scope=scope, office=office, **wanted, limit=LINES, after=cursor)
        overdue = await list_complaints(session, scope=scope, office=office, late=True, limit=1)
        staff, places = await staff_with(session, HANDLERS), await place_names(session)
    people = {f"user:{number}": name for number, name in staff.items()}
    people |= await names_of_users(request, {item.drafted_by for item in page.items} - people.keys())
    people |= await names_of_firms(request)
    context = {
        "page": replace(page, items=tuple(seen_by(person_of(request), item) for item in masked(page.items))),
        "people": people,
        "staff": staff,
        "units": {unit: name for unit, name in places.items() if scope.covers(unit)},
        "states": STATES,
        "shown": {name: query.get(name, "") for name in ("late", "handler", "community")},
        "state": query.get("state", "open"),
        "any_late": bool(overdue.items),
    }
    return render(request, "complaints.html", context)


@routes.get("/complaints/new")
@needs(Right.HANDLE_COMPLAINTS)
async def new_complaint(request: web.Request) -> web.StreamResponse:
    """`?elder=` or `?order=`: from the page of either."""
    query = request.query
    return await _new(request, NewForm(data={name: _number(query.get(name, "")) for name in ("elder", "order")}))


@routes.post("/complaints/new")
@needs(Right.HANDLE_COMPLAINTS)
async def take_down(request: web.Request) -> web.StreamResponse:
    form = NewForm(FormData(await request.post()))
    if not form.validate():
        return await _new(request, form, dict.fromkeys(form.errors, texts_of(request)("problem.invalid")))
    kind, about_id = _target(form.target.data or "")
    new = NewComplaint(
        words=form.words.data,
        elder=form.elder.data,
        order=form.order.data,
        about=form.about.data or "",
        about_kind=kind,
        about_id=about_id,
        complainant=form.complainant.data or "",
        caller=form.caller.data or "",
    )
    policy = await request.app[POLICY_NOW].read()
    try:
        async with request.app[DATABASE].write() as session:
            row = await register(session, new, by=account_of(request).actor, policy=policy, scope=scope_of(request))
    except FormRefused as refused:
        return await _new(request, form, _words(request, refused))
    except NoSuchElder:
        return await _new(request, form, {"elder": texts_of(request)("problem.no_elder")})
    raise web.HTTPSeeOther(f"/complaints/{row.id}")


@routes.get("/complaints/{id}")
@needs(Right.SEE_COMPLAINTS)
async def complaint(request: web.Request) -> web.StreamResponse:
    return await _page(request, number_in_path(request, "id"))


@routes.post("/complaints/{id}/steps")
@needs(Right.HANDLE_COMPLAINTS)
async def step(request: web.Request) -> web.StreamResponse:
    number, form = number_in_path(request, "id"), StepForm(FormData(await request.post()))
    if not form.validate():
        wrong = dict.fromkeys(form.errors, texts_of(request)("problem.invalid"))
        return await _page(request, number, form=form, wrong=wrong)
    try:
        async with request.app[DATABASE].write() as session:
            await take_step(
                session,
                number,
                Step(form.step.data),
                version=form.version.data,
                by=person_of(request),
                note=form.note.data or "",
                to=form.to.data,
                satisfaction=Satisfaction(form.satisfaction.data) if form.satisfaction.data else None,
                scope=scope_of(request),
            )
    except FormRefused as refused:
        return await _page(request, number, form=form, wrong=_words(request, refused))
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther(f"/complaints/{number}")


@routes.post("/complaints/{id}/about")
@needs(Right.HANDLE_COMPLAINTS)
async def whom(request: web.Request) -> web.StreamResponse:
    """Say whom it is about, so that they step back."""
    number, sent = number_in_path(request, "id"), await request.post()
    kind, about_id = _target(str(sent.get("target", ""))[:60])
    version, policy = _number(str(sent.get("version", ""))) or 0, await request.app[POLICY_NOW].read()
    try:
        async with request.app[DATABASE].write() as session:
            await tell_whom(
                session,
                number,
                version=version,
                about_kind=kind,
                about_id=about_id,
                by=person_of(request),
                policy=policy,
                scope=scope_of(request),
            )
    except FormRefused as refused:
        return await _page(request, number, wrong=_words(request, refused))
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther(f"/complaints/{number}")


def _target(target: str) -> tuple[AboutKind, str]:
    """Whom the choice means."""
    kind, _, reference = target.partition(":")
    return (AboutKind(kind), reference) if kind in list(AboutKind) else (AboutKind.UNKNOWN, "")


def _words(request: web.Request, refused: FormRefused) -> dict[str, str]:
    zh = texts_of(request).lang == "zh"
    return {problem.field: problem.zh if zh else problem.en for problem in refused.problems}


async def _targets(request: web.Request) -> dict[str, str]:
    """Whom a complaint can be about: those of the staff, seats, and for who may see them suppliers."""
    sees = may(account_of(request), Right.SEE_SUPPLIERS)
    async with request.app[DATABASE].read() as session:
        staff = await staff_with(session, HANDLERS)
        seats = await list_seats(session)
        firms = await names_of_suppliers(session, scope=scope_of(request)) if sees else {}
    people = {f"user:{number}": name for number, name in staff.items()}
    suppliers = {f"supplier:{number}": name for number, name in firms.items()}
    return people | suppliers | {f"seat:{seat.extension}": f"{seat.extension} {seat.name}" for seat in seats}


async def _new(request: web.Request, form: NewForm, wrong: Mapping[str, str] | None = None) -> web.Response:
    elder, orders, scope = None, [], scope_of(request)
    try:
        async with request.app[DATABASE].read() as session:
            if form.order.data and not form.elder.data:
                form.elder.data = (await find_order(session, form.order.data, scope=scope)).elder_id
            if form.elder.data:
                elder = (await find_elder(session, form.elder.data, scope=scope)).name
                if may(account_of(request), Right.SEE_ORDERS):
                    orders = list((await list_orders(session, scope=scope, elder=form.elder.data)).items)
    except NoSuchElder:
        wrong = {"elder": texts_of(request)("problem.no_elder"), **(wrong or {})}
    except NoSuchRecord:
        wrong = {"order": texts_of(request)("problem.not_found"), **(wrong or {})}
    context = {
        "form": form,
        "wrong": wrong or {},
        "targets": await _targets(request),
        "elder_name": elder,
        "orders": masked(orders),
    }
    return render(request, "complaint_new.html", context, status=422 if wrong else 200)


async def _page(
    request: web.Request, number: int, *, form: StepForm | None = None, wrong: Mapping[str, str] | None = None
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        sheet = await read_sheet(request, session, number)
        staff = await staff_with(session, HANDLERS)
    people = {f"user:{user}": name for user, name in staff.items()}
    others = {step.by for step in sheet.steps} | {sheet.complaint.drafted_by, *_named(sheet)}
    people |= await names_of_users(request, others - people.keys()) | await names_of_firms(request)
    context = {
        "sheet": sheet,
        "it": sheet.complaint,
        "people": people,
        "staff": staff,
        "targets": await _targets(request),
        "form": form,
        "refused": form.step.data if form is not None else "",
        "wrong": wrong or {},
        "satisfactions": tuple(Satisfaction),
        "me": account_of(request).id,
        "leads": person_of(request).leads,
    }
    return render(request, "complaint.html", context, status=422 if wrong else 200)


def _named(sheet: ComplaintSheet) -> set[str]:
    """Users whom the complaint names by their number."""
    numbers = {step.to_user for step in sheet.steps} | {sheet.complaint.assigned_to}
    named = {f"user:{number}" for number in numbers if number is not None}
    if sheet.complaint.about_kind is AboutKind.USER:
        named.add(f"user:{sheet.complaint.about_id}")
    return named
