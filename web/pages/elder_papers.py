"""Papers of a file: the list with the form to add one, scans, the forms to print and sign; files that lack one."""

from datetime import timedelta
from typing import Final

import segno
from aiohttp import web

from models.audit import audit
from models.base import local_today
from models.masking import masked
from models.papers import PRINTED, PaperKind, add, paper_of, remove
from models.queries.papers import LACKS, Lack, list_lacking, papers_of
from models.register import FormRefused
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, REVEALS, SETTINGS
from web.origin import site_of
from web.pages.listing import LINES, cursor_of
from web.paper_scans import answer_with, forget, forget_unkept, put_on_file
from web.papers import PaperEntry, entry, paper_form, scan_in, show_problems
from web.people_names import names_of_users
from web.personal import sees_elder, shown_elder
from web.places import in_sight, scope_of
from web.problems import Conflict, NotFound, Problem
from web.register_views import ElderView, elder_view
from web.render import render, texts_of
from web.rights import Right

routes = web.RouteTableDef()
EXPIRES_WITHIN: Final = timedelta(days=60)  # time enough to ask for a new paper


@routes.get("/elder-papers")
@needs(Right.SEE_ELDERS)
async def lacking(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("lack", "")
    lack: Lack = next((one for one in LACKS if one == wanted), LACKS[0])
    day = local_today()
    async with request.app[DATABASE].read() as session:
        page = await list_lacking(
            session,
            lack,
            scope=scope_of(request),
            today=day,
            until=day + EXPIRES_WITHIN,
            limit=LINES,
            after=cursor_of(request, digits=9) or 0,
        )
    return render(request, "elder_papers_lacking.html", {"page": page, "lack": lack, "lacks": LACKS, "today": day})


@routes.get("/elders/{id}/papers")
@needs(Right.SEE_ELDERS)
async def papers(request: web.Request) -> web.StreamResponse:
    elder = await _elder(request)
    form = entry(texts_of(request), kind=request.query.get("kind", ""))
    return await _page(request, elder, form)


@routes.post("/elders/{id}/papers")
@needs(Right.EDIT_ELDERS)
async def add_paper(request: web.Request) -> web.StreamResponse:
    t, elder = texts_of(request), await _elder(request)
    form = entry(t, data=await request.post())
    if not form.validate():
        return await _page(request, elder, form, status=422)
    area_code, by = request.app[SETTINGS].area_code, account_of(request).actor
    scan = None
    try:
        scan = await scan_in(request)
        async with request.app[DATABASE].write() as session:
            await add(session, elder.id, paper_form(form), scan, by=by, area_code=area_code)
    except FormRefused as refused:
        await forget_unkept(request, scan)
        problems = show_problems(form, refused.problems, t)
        return await _page(request, elder, form, status=422, scan_problems=problems)
    raise web.HTTPSeeOther(f"/elders/{elder.id}/papers")


@routes.post("/elders/{id}/papers/{paper}/scan")
@needs(Right.EDIT_ELDERS)
async def add_scan(request: web.Request) -> web.StreamResponse:
    elder, number = number_in_path(request, "id"), number_in_path(request, "paper")
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        await paper_of(session, elder, number)
    scan = await scan_in(request, needed=True)
    assert scan is not None  # it was needed
    try:
        await put_on_file(request, elder, number, scan, version=await _version(request))
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther(f"/elders/{elder}/papers")


@routes.post("/elders/{id}/papers/{paper}/delete")
@needs(Right.EDIT_ELDERS)
async def remove_paper(request: web.Request) -> web.StreamResponse:
    elder, number = number_in_path(request, "id"), number_in_path(request, "paper")
    try:
        async with request.app[DATABASE].write() as session:
            await in_sight(request, session, elder)
            await paper_of(session, elder, number)
            left = await remove(session, number, version=await _version(request), by=account_of(request).actor)
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    await forget(request, left)
    raise web.HTTPSeeOther(f"/elders/{elder}/papers")


@routes.get("/elders/{id}/papers/{paper}/scan")
@needs(Right.SEE_PERSONAL)
async def scan(request: web.Request) -> web.StreamResponse:
    return await answer_with(request, number_in_path(request, "id"), number_in_path(request, "paper"))


@routes.get("/elders/{id}/print/{kind}")
@needs(Right.SEE_PERSONAL)
@needs(Right.EDIT_ELDERS)
async def printed(request: web.Request) -> web.StreamResponse:
    """The form on A4, filled in, to be signed; its code leads back to where the scan belongs."""
    elder, kind = await _elder(request), request.match_info["kind"]
    if kind not in PRINTED:
        raise NotFound
    account, record = account_of(request), f"elder:{elder.id}"
    async with request.app[DATABASE].write() as session:  # a printed form shows all
        audit(session, account.actor, "elder.print", record, kind=kind)
    request.app[REVEALS].add(account, record)
    back = site_of(request).with_path(f"/elders/{elder.id}/papers").with_query(kind=kind)
    code = segno.make_qr(str(back), error="m").svg_data_uri(scale=3, border=2)
    context = {"elder": elder, "kind": kind, "code": code, "today": local_today()}
    return render(request, "elder_print.html", context)


async def _elder(request: web.Request) -> ElderView:
    async with request.app[DATABASE].read() as session:
        return await elder_view(session, number_in_path(request, "id"), scope=scope_of(request))


async def _page(
    request: web.Request,
    elder: ElderView,
    form: PaperEntry,
    *,
    status: int = 200,
    scan_problems: list[str] | None = None,
) -> web.Response:
    async with request.app[DATABASE].read() as session:
        found = await papers_of(session, elder.id, local_today())
    is_masked = not sees_elder(request, elder.id)
    people = await names_of_users(request, {paper.added_by for paper in found})
    context = {
        "elder": shown_elder(request, elder.id, elder),
        "papers": masked(found) if is_masked else found,
        "is_masked": is_masked,
        "form": form,
        "people": people,
        "refused": status == 422,
        "scan_problems": scan_problems or [],
        "printed": PRINTED,
        "kinds": tuple(PaperKind),
    }
    return render(request, "elder_papers.html", context, status=status)


async def _version(request: web.Request) -> int:
    version = str((await request.post()).get("version", ""))
    if not version.isdecimal() or len(version) > 9:
        raise Problem
    return int(version)
