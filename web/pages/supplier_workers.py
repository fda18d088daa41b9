"""Workers of suppliers (T8): added, changed, their photo, their badge, which is printed. Lists show numbers masked;
whoever opens one of them sees the number, which is put on record."""

import asyncio

import segno
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from home import scans
from models.audit import audit
from models.base import local_today
from models.papers import is_kept
from models.queries.suppliers import find_worker
from models.queries.worker_ratings import awards_of
from models.register import FormRefused
from models.suppliers.awards import withdraw_award
from models.suppliers.records import WORKING, Supplier, Worker
from models.suppliers.workers import (
    add_worker,
    by_badge,
    change_worker,
    is_trained,
    put_photo,
    renew_badge,
)
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.origin import site_of
from web.pages.admin.kit import Refused, refusal, typed
from web.pages.suppliers import WORKER, in_scope, supplier_page
from web.paper_scans import forget
from web.papers import scan_in
from web.people_names import names_of_users
from web.places import scope_of
from web.problems import NotFound
from web.render import render
from web.rights import Right
from web.supplier_forms import worker_form

routes = web.RouteTableDef()
PHOTO = "photo"
ON_BADGE = 2  # of the awards that stand, the latest
PICTURES = frozenset({"image/jpeg", "image/png"})


@routes.post("/suppliers/{id}/workers")
@needs(Right.MANAGE_SUPPLIERS)
async def add(request: web.Request) -> web.StreamResponse:
    number, sent, area_code = number_in_path(request, "id"), await typed(request), request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            await in_scope(request, session, number)
            await add_worker(session, number, worker_form(sent), by=account_of(request).actor, area_code=area_code)
    except FormRefused as why:
        return await supplier_page(request, number, refusal(request, WORKER, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{number}#workers")


@routes.get("/workers/{id}")
@needs(Right.SEE_SUPPLIERS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, number_in_path(request, "id"))


@routes.post("/workers/{id}")
@needs(Right.MANAGE_SUPPLIERS)
async def save(request: web.Request) -> web.StreamResponse:
    number, sent, area_code = number_in_path(request, "id"), await typed(request), request.app[SETTINGS].area_code
    try:
        async with request.app[DATABASE].write() as session:
            supplier = (await _worker(request, session, number)).supplier_id
            form, by = worker_form(sent), account_of(request).actor
            await change_worker(session, number, form, version=sent.version, by=by, area_code=area_code)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, number, refusal(request, WORKER, sent, why))
    raise web.HTTPSeeOther(f"/suppliers/{supplier}#workers")


@routes.post("/workers/{id}/badge")
@needs(Right.MANAGE_SUPPLIERS)
async def renew(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await _worker(request, session, number)
            await renew_badge(session, number, version=sent.version, by=account_of(request).actor)
    except VersionConflict as why:
        return await _page(request, number, refusal(request, WORKER, sent, why))
    raise web.HTTPSeeOther(f"/workers/{number}/badge")


@routes.post("/workers/{id}/awards/{award}/withdraw")
@needs(Right.MANAGE_SUPPLIERS)
async def withdraw(request: web.Request) -> web.StreamResponse:
    number, award, sent = number_in_path(request, "id"), number_in_path(request, "award"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await _worker(request, session, number)
            await withdraw_award(session, number, award, reason=sent.text("reason"), by=account_of(request).actor)
    except FormRefused as why:
        return await _page(request, number, refusal(request, f"award-{award}", sent, why))
    raise web.HTTPSeeOther(f"/workers/{number}#awards")


@routes.get("/workers/{id}/badge")
@needs(Right.SEE_SUPPLIERS)
async def badge(request: web.Request) -> web.StreamResponse:
    """A card to be printed; its code counts until the badge is renewed."""
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:  # whoever has the page has the code
        worker = await _worker(request, session, number)
        supplier = await session.get_one(Supplier, worker.supplier_id)
        stand = [one for one in await awards_of(session, number) if one.withdrawn_at is None]
        audit(session, account_of(request).actor, "worker.print", f"worker:{number}", supplier=worker.supplier_id)
    address = f"/badges/{worker.badge_token}"
    code = segno.make_qr(str(site_of(request).with_path(address)), error="m").svg_data_uri(scale=4, border=2)
    trained = is_trained(worker, local_today())
    context = {"worker": worker, "supplier": supplier, "code": code, "address": address, "trained": trained}
    context["awards"] = stand[:ON_BADGE]
    return render(request, "suppliers/badge.html", context)


@routes.get("/badges/{token}")
async def check(request: web.Request) -> web.StreamResponse:
    """For whoever has scanned the badge at the door, without a log-in: what stands on it, and whether it counts now."""
    async with request.app[DATABASE].read() as session:
        found = await by_badge(session, request.match_info["token"])
    if found is None:
        raise NotFound("problem.no_badge")
    worker, supplier = found
    counts = worker.active and is_trained(worker, local_today()) and supplier.status in WORKING
    return render(request, "suppliers/checked.html", {"worker": worker, "supplier": supplier, "counts": counts})


@routes.post("/workers/{id}/photo")
@needs(Right.MANAGE_SUPPLIERS)
async def add_photo(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    async with request.app[DATABASE].read() as session:
        await _worker(request, session, number)
    try:
        scan = await scan_in(request, needed=True)
        assert scan is not None  # it was needed
        if scan.media_type not in PICTURES:
            await _forget_unkept(request, scan.sha256)
            raise FormRefused.of("scan", "只接受JPEG或PNG图片", "only JPEG and PNG are taken")
        async with request.app[DATABASE].write() as session:
            by, version = account_of(request).actor, sent.version
            left = await put_photo(session, number, scan.sha256, scan.media_type, version=version, by=by)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, number, refusal(request, PHOTO, sent, why))
    await _forget_unkept(request, left)
    raise web.HTTPSeeOther(f"/workers/{number}")


@routes.get("/workers/{id}/photo")
@needs(Right.SEE_SUPPLIERS)
async def photo(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        worker = await _worker(request, session, number_in_path(request, "id"))
    path = scans.path_of(request.app[SETTINGS], worker.photo)
    if not worker.photo or not await asyncio.to_thread(path.is_file):
        raise NotFound
    return web.FileResponse(path, headers={"Content-Type": worker.photo_type, "Cache-Control": "private, no-store"})


async def _worker(request: web.Request, session: AsyncSession, number: int) -> Worker:
    """Raises NoSuchRecord."""
    worker = await find_worker(session, number, scope=scope_of(request))
    if worker is None:
        raise NoSuchRecord
    return worker


async def _page(request: web.Request, number: int, refused: Refused | None = None) -> web.Response:
    """One worker, unmasked, which is put on record."""
    async with request.app[DATABASE].write() as session:
        worker = await _worker(request, session, number)
        supplier = await session.get_one(Supplier, worker.supplier_id)
        awards = await awards_of(session, number)
        audit(session, account_of(request).actor, "worker.read", f"worker:{number}", supplier=worker.supplier_id)
    people = await names_of_users(request, {actor for one in awards for actor in (one.given_by, one.withdrawn_by)})
    context = {"worker": worker, "supplier": supplier, "trained": is_trained(worker, local_today()), "refused": refused}
    context |= {"awards": awards, "people": people}
    return render(request, "suppliers/worker.html", context, status=refused.status if refused else 200)


async def _forget_unkept(request: web.Request, sha256: str) -> None:
    """A file that nothing refers to any more."""
    if not sha256:
        return
    async with request.app[DATABASE].read() as session:
        kept = await is_kept(session, sha256)
    if not kept:
        await forget(request, sha256)
