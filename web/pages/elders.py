"""The register's pages: list with search, one file with its history and cases, the form to write it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import REVEAL, audit
from models.elders import ElderStatus
from models.masking import masked
from models.org import OrgKind, list_units
from models.queries.cases import list_cases
from models.queries.elders import changes_of, list_elders
from models.register import FormRefused, create_elder, delete_elder
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.forms import GROUPS, Registration, registration, show_problems, to_elder_form
from web.guard import account_of, needs
from web.keys import DATABASE, REVEALS, SETTINGS
from web.people_names import names_of_users
from web.personal import sees_elder
from web.problems import Conflict, Problem
from web.register_views import ElderView, elder_view, rewrite
from web.render import render, texts_of
from web.rights import Right

routes = web.RouteTableDef()
PAGE = 30
CASES_SHOWN = 10


@routes.get("/elders")
@needs(Right.SEE_ELDERS)
async def elders(request: web.Request) -> web.StreamResponse:
    query = request.query
    async with request.app[DATABASE].read() as session:
        units = await _units(session)
        page = await list_elders(session, **narrowed(query), limit=PAGE, cursor=query.get("cursor"))
    context = {
        "page": replace(page, items=masked(page.items)),
        "units": units,
        "search": query.get("search", "")[:100],
        "community": query.get("community", ""),
        "status": query.get("status", ""),
        "statuses": tuple(ElderStatus),
    }
    return render(request, "elders.html", context)


def narrowed(query: MultiMapping[str]) -> dict[str, Any]:
    """What the list is narrowed to, for `list_elders`; nonsense counts as not given."""
    community, status = query.get("community", ""), query.get("status", "")
    known = community.isascii() and community.isdecimal() and len(community) < 10
    return {
        "search": query.get("search", "")[:100],
        "org_unit": int(community) if known else None,
        "status": ElderStatus(status) if status in list(ElderStatus) else None,
    }


@routes.get("/elders/new")
@needs(Right.EDIT_ELDERS)
async def new_elder(request: web.Request) -> web.StreamResponse:
    form = registration(texts_of(request), await _communities(request))
    return _form_page(request, form, None)


@routes.post("/elders/new")
@needs(Right.EDIT_ELDERS)
async def create(request: web.Request) -> web.StreamResponse:
    t = texts_of(request)
    form = registration(t, await _communities(request), data=await request.post())
    if not form.validate():
        return _form_page(request, form, None, status=422)
    by, area_code = account_of(request).actor, request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            elder = await create_elder(session, to_elder_form(form), by=by, area_code=area_code)
    except FormRefused as refused:
        show_problems(form, refused.problems, t)
        return _form_page(request, form, None, status=422)
    raise web.HTTPSeeOther(f"/elders/{elder.id}?saved=1")


@routes.get("/elders/{id}")
@needs(Right.SEE_ELDERS)
async def elder_page(request: web.Request) -> web.StreamResponse:
    elder = await _elder(request)
    async with request.app[DATABASE].read() as session:
        changes = await changes_of(session, elder.id)
        cases = await list_cases(session, elder=elder.id, limit=CASES_SHOWN)
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, "elder.read", f"elder:{elder.id}", shown=_how_shown(request, elder))
    is_masked = not sees_elder(request, elder.id)
    if is_masked:
        elder, changes = masked(elder), masked(changes)
    people = await names_of_users(request, {change.by for change in changes})
    context = {"elder": elder, "changes": changes, "cases": cases.items, "people": people, "groups": GROUPS}
    return render(request, "elder.html", {**context, "saved": "saved" in request.query, "is_masked": is_masked})


@routes.get("/elders/{id}/edit")
@needs(Right.EDIT_ELDERS)
async def edit(request: web.Request) -> web.StreamResponse:
    elder = await _elder(request)
    account, record = account_of(request), f"elder:{elder.id}"
    async with request.app[DATABASE].write() as session:  # a form shows all, so opening it reveals the file
        audit(session, account.actor, REVEAL, record, reason="edit")
    request.app[REVEALS].add(account, record)
    form = registration(texts_of(request), await _communities(request), elder=elder)
    return _form_page(request, form, elder)


@routes.post("/elders/{id}/edit")
@needs(Right.EDIT_ELDERS)
async def save(request: web.Request) -> web.StreamResponse:
    t, elder = texts_of(request), await _elder(request)
    form = registration(t, await _communities(request), data=await request.post())
    if not form.validate():
        return _form_page(request, form, elder, status=422)
    version = form.version.data or ""
    if not version.isdecimal():
        raise Problem
    wanted = to_elder_form(form)
    try:
        await rewrite(request, elder.id, lambda _form, _view: wanted, version=int(version))
    except FormRefused as refused:
        show_problems(form, refused.problems, t)
        return _form_page(request, form, elder, status=422)
    except VersionConflict:
        return _form_page(request, form, elder, status=409, problem=Conflict("problem.version"))
    raise web.HTTPSeeOther(f"/elders/{elder.id}?saved=1")


@routes.post("/elders/{id}/delete")
@needs(Right.EDIT_ELDERS)
async def delete(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    version, elder_id = str(form.get("version", "")), number_in_path(request, "id")
    if form.get("confirm") != "yes" or not version.isdecimal():
        raise Problem
    try:
        async with request.app[DATABASE].write() as session:
            await delete_elder(session, elder_id, version=int(version), by=account_of(request).actor)
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther("/elders")


async def _elder(request: web.Request) -> ElderView:
    async with request.app[DATABASE].read() as session:
        return await elder_view(session, number_in_path(request, "id"))


def _how_shown(request: web.Request, elder: ElderView) -> str:
    return "all" if sees_elder(request, elder.id) else "masked"


async def _communities(request: web.Request) -> Mapping[int, str]:
    async with request.app[DATABASE].read() as session:
        return await _units(session, only=OrgKind.COMMUNITY)


async def _units(session: AsyncSession, *, only: OrgKind | None = None) -> Mapping[int, str]:
    """Id to the way down to it (`区 / 街道 / 社区`), in the order of the tree."""
    ways: dict[int, str] = {}
    kinds: dict[int, OrgKind] = {}
    for unit in await list_units(session):
        above = ways.get(unit.parent_id) if unit.parent_id is not None else None
        ways[unit.id] = f"{above} / {unit.name}" if above else unit.name
        kinds[unit.id] = unit.kind
    chosen = {unit: way for unit, way in ways.items() if only is None or kinds[unit] is only}
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def _form_page(
    request: web.Request,
    form: Registration,
    elder: ElderView | None,
    *,
    status: int = 200,
    problem: Problem | None = None,
) -> web.Response:
    context = {"form": form, "elder": elder, "groups": GROUPS, "refused": status == 422, "problem": problem}
    return render(request, "elder_form.html", context, status=status)
