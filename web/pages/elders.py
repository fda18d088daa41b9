"""The register's pages: list with search, one file with its history and cases, the form to write it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import REVEAL, audit
from models.base import local_today
from models.elder_forms import ElderForm, check
from models.elders import ElderStatus
from models.masking import masked
from models.org import OrgKind, list_units
from models.queries.elder_changes import history_of
from models.queries.elder_timeline import timeline_of
from models.queries.elders import list_elders
from models.queries.papers import papers_of
from models.queries.repairs import list_repairs
from models.register import FormRefused, form_of, shown_texts
from models.scope import Scope
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.forms import GROUPS, Registration, registration, show_problems, to_elder_form
from web.guard import account_of, needs
from web.keys import DATABASE, REVEALS, SETTINGS
from web.lookups import note_file
from web.pages.elder_history import WORDS_OF
from web.papers import delete_with_scans
from web.people_names import names_of_users
from web.personal import sees_elder
from web.places import scope_of
from web.problems import Conflict, Problem
from web.register_views import ElderView, elder_view, make, rewrite
from web.render import render, texts_of
from web.rights import Right

routes = web.RouteTableDef()
PAGE = 30
SHOWN = 15  # of what the file has pages of its own for


@routes.get("/elders")
@needs(Right.SEE_ELDERS)
async def elders(request: web.Request) -> web.StreamResponse:
    query = request.query
    scope = scope_of(request)
    async with request.app[DATABASE].read() as session:
        units = await _units(session, scope)
        page = await list_elders(session, scope=scope, **narrowed(query), limit=PAGE, cursor=query.get("cursor"))
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
    try:
        elder = await make(request, to_elder_form(form))
    except FormRefused as refused:
        show_problems(form, refused.problems, t)
        return _form_page(request, form, None, status=422)
    raise web.HTTPSeeOther(f"/elders/{elder.id}?saved=1")


@routes.get("/elders/{id}")
@needs(Right.SEE_ELDERS)
async def elder_page(request: web.Request) -> web.StreamResponse:
    elder = await _elder(request)
    async with request.app[DATABASE].read() as session:
        changes = (await history_of(session, elder.id, limit=SHOWN)).items
        happened = (await timeline_of(session, elder.id, limit=SHOWN)).items
        papers = await papers_of(session, elder.id, local_today())
        repairs = (await list_repairs(session, scope=scope_of(request), elder=elder.id, limit=SHOWN)).items
    await note_file(request, elder.id)
    is_masked = not sees_elder(request, elder.id)
    if is_masked:
        elder, changes, happened = masked(elder), masked(changes), masked(happened)
        papers, repairs = masked(papers), masked(repairs)
    context = {
        "elder": elder,
        "changes": changes,
        "happened": happened,
        "papers": papers,
        "repairs": repairs,
        "people": await names_of_users(request, {c.by for c in changes} | {one.by for one in happened}),
        "groups": GROUPS,
        "words_of": WORDS_OF,
        "today": local_today(),
        "saved": "saved" in request.query,
        "is_masked": is_masked,
    }
    return render(request, "elder.html", context)


@routes.get("/elders/{id}/edit")
@needs(Right.EDIT_ELDERS)
async def edit(request: web.Request) -> web.StreamResponse:
    elder = await _elder(request)
    account, record = account_of(request), f"elder:{elder.id}"
    async with request.app[DATABASE].write() as session:  # a form shows all, so opening it reveals the file
        audit(session, account.actor, REVEAL, record, reason="edit")
    request.app[REVEALS].add(account, record)
    form = registration(texts_of(request), await _communities(request, elder), elder=elder)
    return _form_page(request, form, elder)


@routes.post("/elders/{id}/edit")
@needs(Right.EDIT_ELDERS)
async def save(request: web.Request) -> web.StreamResponse:
    t, elder = texts_of(request), await _elder(request)
    form = registration(t, await _communities(request, elder), data=await request.post())
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
        form.version.data = str(elder.version)  # whoever saves now has seen what is different
        between = await _differences(request, elder.id, wanted)
        return _form_page(request, form, elder, status=409, problem=Conflict("problem.version"), between=between)
    raise web.HTTPSeeOther(f"/elders/{elder.id}?saved=1")


@routes.post("/elders/{id}/delete")
@needs(Right.EDIT_ELDERS)
async def delete(request: web.Request) -> web.StreamResponse:
    form = await request.post()
    version, elder_id = str(form.get("version", "")), number_in_path(request, "id")
    if form.get("confirm") != "yes" or not version.isdecimal():
        raise Problem
    try:
        await delete_with_scans(request, elder_id, version=int(version))
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther("/elders")


async def _differences(request: web.Request, elder: int, wanted: ElderForm) -> list[tuple[str, str, str]]:
    """Where the form says something else than the file says now: field, the file's words, the form's words."""
    tidy = check(wanted, request.app[SETTINGS].area_code).form
    async with request.app[DATABASE].read() as session:
        present = await shown_texts(session, (await form_of(session, elder))[0])
        mine = await shown_texts(session, tidy)
    return [(name, present[name], mine[name]) for name in present if present[name] != mine[name]]


async def _elder(request: web.Request) -> ElderView:
    async with request.app[DATABASE].read() as session:
        return await elder_view(session, number_in_path(request, "id"), scope=scope_of(request))


async def _communities(request: web.Request, elder: ElderView | None = None) -> Mapping[int, str]:
    """Where this account may register people; and where this elder lives, whose case may be on the account's seat."""
    present = elder.org_unit_id if elder else None
    async with request.app[DATABASE].read() as session:
        return await _units(session, scope_of(request), only=OrgKind.COMMUNITY, also=present)


async def _units(
    session: AsyncSession, scope: Scope, *, only: OrgKind | None = None, also: int | None = None
) -> Mapping[int, str]:
    """Id to the way down to it (`区 / 街道 / 社区`), in the order of the tree; those in scope."""
    ways: dict[int, str] = {}
    kinds: dict[int, OrgKind] = {}
    for unit in await list_units(session):
        above = ways.get(unit.parent_id) if unit.parent_id is not None else None
        ways[unit.id] = f"{above} / {unit.name}" if above else unit.name
        kinds[unit.id] = unit.kind
    chosen = {
        unit: way
        for unit, way in ways.items()
        if (scope.covers(unit) or unit == also) and (only is None or kinds[unit] is only)
    }
    return dict(sorted(chosen.items(), key=lambda item: item[1]))


def _form_page(
    request: web.Request,
    form: Registration,
    elder: ElderView | None,
    *,
    status: int = 200,
    problem: Problem | None = None,
    between: Sequence[tuple[str, str, str]] = (),
) -> web.Response:
    context = {
        "form": form,
        "elder": elder,
        "groups": GROUPS,
        "refused": status == 422,
        "problem": problem,
        "between": between,
        "words_of": WORDS_OF,
    }
    return render(request, "elder_form.html", context, status=status)
