"""Repairs of terminals: reported from the elder's file or the list, finished by maintenance; terminals to be fetched
from the homes of those who are gone."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation

from aiohttp import web
from wtforms import DateField, Form, IntegerField, StringField
from wtforms.validators import InputRequired

from models.audit import audit
from models.base import local_today
from models.elders import GONE, Elder, Terminal
from models.masking import masked
from models.queries.repairs import list_repairs
from models.register import FormRefused, change_elder, form_of
from models.repairs import MOST_COST, finish, report
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.forms import LONG, FormData
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.listing import LINES, cursor_of, progress_of
from web.places import in_sight, repair_in_sight, scope_of
from web.problems import Conflict, NotFound
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


class RepairDone(Form):  # type: ignore[misc]
    version = IntegerField(validators=[InputRequired()])
    done_on = DateField(validators=[InputRequired()])
    repairer = StringField(validators=[InputRequired(), *LONG])
    remedy = StringField(validators=[InputRequired(), *LONG])
    cost = StringField()


@routes.get("/repairs")
@needs(Right.SEE_TERMINALS)
async def repairs(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/elders/{id}/repairs")
@needs(Right.EDIT_ELDERS)
async def report_fault(request: web.Request) -> web.StreamResponse:
    elder, form = number_in_path(request, "id"), await request.post()
    terminal, fault = str(form.get("terminal", "")), str(form.get("fault", ""))
    if not terminal.isdecimal() or len(terminal) > 9:
        raise NotFound("problem.no_terminal")
    async with request.app[DATABASE].write() as session:
        row = await session.get(Terminal, int(terminal))
        if row is None or row.elder_id != elder:
            raise NotFound("problem.no_terminal")
        await in_sight(request, session, elder)
        await report(session, row.id, fault, by=account_of(request).actor)
    raise web.HTTPSeeOther(f"/elders/{elder}#terminals")


@routes.post("/repairs/{id}")
@needs(Right.TEST_TERMINALS)
async def repaired(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    form = RepairDone(FormData(await request.post()))
    cost = fen_of(form.cost.data or "")
    wrong = dict.fromkeys(form.errors, "problem.invalid") if not form.validate() else {}
    if cost is None:
        wrong["cost"] = "problem.cost"
    if wrong:
        return await _page(request, number, form, wrong)
    try:
        async with request.app[DATABASE].write() as session:
            await repair_in_sight(request, session, number)
            await finish(
                session,
                number,
                version=form.version.data,
                done_on=form.done_on.data,
                repairer=form.repairer.data,
                remedy=form.remedy.data,
                cost=cost or 0,
                by=account_of(request).actor,
            )
    except FormRefused as refused:
        return await _page(
            request, number, form, {problem.field: f"repair_problem.{problem.field}" for problem in refused.problems}
        )
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther("/repairs")


@routes.post("/terminals/{id}/collected")
@needs(Right.TEST_TERMINALS)
async def collected(request: web.Request) -> web.StreamResponse:
    """The terminal of somebody who is gone was fetched: it leaves the file, whose history keeps it."""
    number, by = number_in_path(request, "id"), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        terminal = await session.get(Terminal, number)
        elder = None if terminal is None else await session.get(Elder, terminal.elder_id)
        if terminal is None or elder is None or elder.status not in GONE:
            raise NotFound("problem.no_terminal")
        await in_sight(request, session, elder.id)
        audit(session, by, "terminal.collected", f"terminal:{number}", elder=elder.id)
        form, version = await form_of(session, elder.id)
        left = tuple(one for one in form.terminals if one.line != terminal.line)
        without = replace(form, terminals=left)
        area_code = request.app[SETTINGS].area_code
        await change_elder(session, elder.id, without, version=version, by=by, area_code=area_code)
    raise web.HTTPSeeOther("/terminals?state=collect")


def fen_of(text: str) -> int | None:
    """What somebody wrote in yuan (`35`, `12.50`); empty: nothing was paid. None for what is no amount."""
    try:
        fen = Decimal(text.strip() or "0") * 100
    except InvalidOperation:
        return None
    whole = fen.is_finite() and fen == fen.to_integral_value() and 0 <= fen <= MOST_COST
    return int(fen) if whole else None


async def _page(
    request: web.Request, number: int = 0, form: RepairDone | None = None, wrong: dict[str, str] | None = None
) -> web.Response:
    """The list; with a form that was not taken at its row, as it was filled in."""
    wanted = request.query.get("state", "open")
    async with request.app[DATABASE].read() as session:
        page = await list_repairs(
            session,
            scope=scope_of(request),
            state=progress_of(wanted),
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
    context = {
        "page": replace(page, items=masked(page.items)),
        "state": wanted,
        "today": local_today(),
        "refused": number,
        "form": form,
        "wrong": wrong or {},
    }
    return render(request, "repairs.html", context, status=422 if wrong else 200)
