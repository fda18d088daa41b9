"""Scans of papers as pages and API handle them: kept, put on file in place of another, given to who may see them."""

import asyncio
from typing import IO, Final

from aiohttp import web

from home import scans
from models.audit import audit
from models.elder_forms import FieldProblem
from models.papers import Paper, Scan, attach, is_kept, paper_of
from models.register import FormRefused, NoSuchElder
from models.versions import NoSuchRecord, VersionConflict
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.personal import sees_elder
from web.places import in_sight
from web.problems import Forbidden, NotFound

REFUSED: Final = {
    "empty": ("请选择文件", "choose a file"),
    "too_large": ("文件超过10MB", "the file is larger than 10 MB"),
    "type": ("只接受PDF、JPEG或PNG文件", "only PDF, JPEG and PNG are taken"),
}


async def keep(request: web.Request, file: IO[bytes]) -> Scan:
    """What was sent, on the disk. Raises FormRefused."""
    try:
        kept = await asyncio.to_thread(scans.keep, request.app[SETTINGS], file)
    except scans.ScanRefused as refused:
        raise no_scan(refused.reason) from refused
    return Scan(*kept)


def no_scan(reason: str) -> FormRefused:
    return FormRefused((FieldProblem("scan", *REFUSED[reason]),))


async def put_on_file(request: web.Request, elder: int, number: int, scan: Scan, *, version: int) -> Paper:
    """The scan of this paper from now on; the one before goes. One that does not come on file is not kept.

    Raises NoSuchElder, NoSuchRecord, VersionConflict.
    """
    try:
        async with request.app[DATABASE].write() as session:
            await in_sight(request, session, elder)
            before = (await paper_of(session, elder, number)).scan
            paper = await attach(session, number, scan, version=version, by=account_of(request).actor)
            left = before if before and not await is_kept(session, before) else ""
    except (NoSuchElder, NoSuchRecord, VersionConflict):
        await forget_unkept(request, scan)
        raise
    await forget(request, left)
    return paper


async def answer_with(request: web.Request, elder: int, number: int) -> web.FileResponse:
    """The file itself, to whom the elder's file is shown; each look is on the audit log. Raises NotFound, Forbidden."""
    async with request.app[DATABASE].read() as session:
        await in_sight(request, session, elder)
        paper = await paper_of(session, elder, number)
    if not paper.scan:
        raise NotFound
    if not sees_elder(request, elder):
        raise Forbidden("problem.reveal_first")
    path = scans.path_of(request.app[SETTINGS], paper.scan)
    if not await asyncio.to_thread(path.is_file):
        raise NotFound("problem.scan_gone")
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, "paper.read", f"paper:{number}", elder=elder)
    name = f"paper-{number}{scans.ENDINGS[paper.scan_type]}"
    headers = {"Content-Type": paper.scan_type, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.FileResponse(path, headers=headers)


async def forget(request: web.Request, scan: str) -> None:
    """Nothing refers to this scan any more; empty: there was none."""
    if scan:
        await asyncio.to_thread(scans.remove, request.app[SETTINGS], scan)


async def forget_unkept(request: web.Request, scan: Scan | None) -> None:
    """A scan that came with a form which was not taken."""
    if scan is None:
        return
    async with request.app[DATABASE].read() as session:
        kept = await is_kept(session, scan.sha256)
    if not kept:
        await forget(request, scan.sha256)
