"""The page of the yearly archives of complaints (H8): asking for one, how far it is, fetching it."""

import asyncio
from collections.abc import Mapping

from aiohttp import web
from sqlalchemy import func, select

from models.audit import audit
from models.base import utc_now
from models.complaint_archives import ArchiveState, ComplaintArchive, archives_of, begin, path_of, years_until
from models.complaints import Complaint
from models.register import FormRefused
from web.api.kit import number_in_path
from web.archive_file import Asked
from web.archiving import ARCHIVES
from web.complaint_views import person_of
from web.exports import read_form
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.problems import Forbidden, NotFound
from web.render import render, texts_of
from web.rights import Right, may

routes = web.RouteTableDef()
LIST = "/complaint-archives"


@routes.get("/complaint-archives")
@needs(Right.ARCHIVE_COMPLAINTS)
async def archives(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/complaint-archives")
@needs(Right.ARCHIVE_COMPLAINTS)
async def make(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    year = form.get("year", "")
    try:
        await ask(request, int(year) if year.isdecimal() and len(year) == 4 else 0, form.get("reason", ""))
    except FormRefused as refused:
        zh = texts_of(request).lang == "zh"
        return await _page(request, {problem.field: problem.zh if zh else problem.en for problem in refused.problems})
    raise web.HTTPSeeOther(LIST)


@routes.get("/complaint-archives/{id}/file")
@needs(Right.ARCHIVE_COMPLAINTS)
async def file(request: web.Request) -> web.StreamResponse:
    """For whoever had it made; each fetching is on the audit log."""
    number, account = number_in_path(request, "id"), account_of(request)
    async with request.app[DATABASE].write() as session:
        row = await session.get(ComplaintArchive, number)
        if row is None or row.asked_by != account.actor or row.state is not ArchiveState.DONE:
            raise NotFound
        audit(session, account.actor, "complaint_archive.read", f"archive:{number}", year=row.year)
    path = path_of(request.app[SETTINGS].home, number)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="complaints-{row.year}.zip"',
        "Cache-Control": "no-store",
    }
    return web.FileResponse(path, headers=headers)


async def ask(request: web.Request, year: int, reason: str) -> ComplaintArchive:
    """Have an archive made. Raises Forbidden: unmasked is not for this account; FormRefused."""
    account = account_of(request)
    if reason.strip() and not may(account, Right.SEE_PERSONAL):
        raise Forbidden
    async with request.app[DATABASE].write() as session:
        row = await begin(session, year, reason=reason, by=account.actor)
    sound = may(account, Right.HEAR_RECORDINGS)
    request.app[ARCHIVES].start(Asked(row.id, person_of(request), scope_of(request), texts_of(request), sound=sound))
    return row


async def _page(request: web.Request, wrong: Mapping[str, str] | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        first = await session.scalar(select(func.min(Complaint.drafted_at)))
        rows = await archives_of(session, account_of(request).actor)
    context = {
        "archives": rows,
        "years": years_until(utc_now(), first),
        "wrong": wrong or {},
        "sent": await read_form(request) if wrong else {},
        "working": any(row.state is ArchiveState.WORKING for row in rows),
    }
    return render(request, "complaint_archives.html", context, status=422 if wrong else 200)
