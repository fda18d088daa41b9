"""Quality, for reviewers: the list with the draw of a month, the page where a call is listened to and scored."""

from dataclasses import replace

from aiohttp import web

from models.masking import masked
from models.months import is_month, this_month
from models.quality import calibrations, draws
from models.quality.reviews import finish, reply, review_of
from models.queries.quality import ReviewView, list_reviews, review_view
from models.register import FormRefused
from models.versions import NoSuchRecord, VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, progress_of
from web.people_names import names_of_users
from web.places import scope_of
from web.problems import NotFound
from web.quality import draw_month, heard, missed_in, points_in, sheet_for
from web.render import render
from web.rights import Right
from web.typed import Typed, typed, whole_number

routes = web.RouteTableDef()


@routes.get("/quality-reviews")
@needs(Right.REVIEW_QUALITY)
async def reviews(request: web.Request) -> web.StreamResponse:
    return await _list(request, Typed())


@routes.post("/quality-draws")
@needs(Right.REVIEW_QUALITY)
async def draw(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        found = await draw_month(request, sent.text("month"))
    except FormRefused as why:
        return await _list(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/quality-draws/{found.draw.id}")


@routes.get("/quality-draws/{id}")
@needs(Right.REVIEW_QUALITY)
async def drawn(request: web.Request) -> web.StreamResponse:
    """What was drawn of whom, by which seed, and what is missing. Numbers only; the reviews are those one may see."""
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        row = await session.get(draws.QualityDraw, number)
        if row is None:
            raise NotFound
        agents = await draws.names_of(session, [lot["agent"] for lot in row.lots])
        page = await list_reviews(session, scope=scope_of(request), draw=number, limit=1000)
    people = await names_of_users(request, {row.drawn_by})
    of_agent: dict[int, list[ReviewView]] = {}
    for view in page.items:
        of_agent.setdefault(view.agent, []).append(view)
    context = {"draw": row, "agents": agents, "people": people, "of_agent": of_agent}
    return render(request, "quality_draw.html", context)


@routes.get("/quality-reviews/{id}")
@needs(Right.REVIEW_QUALITY)
async def review(request: web.Request) -> web.StreamResponse:
    return await _review(request, Typed())


@routes.post("/quality-reviews/{id}")
@needs(Right.REVIEW_QUALITY)
async def score(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await finish(
                session,
                number,
                version=sent.version,
                sheet=sent.number("sheet") or 0,
                points=points_in(sent.fields),
                missed=missed_in(sent.fields),
                comment=sent.text("comment"),
                user=account_of(request).id,
                scope=scope_of(request),
            )
    except (FormRefused, VersionConflict) as why:
        return await _review(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/quality-reviews/{number}")


@routes.post("/quality-reviews/{id}/reply")
@needs(Right.REVIEW_QUALITY)
async def say(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await reply(
                session,
                number,
                sent.text("reply"),
                version=sent.version,
                user=account_of(request).id,
                scope=scope_of(request),
            )
    except (FormRefused, VersionConflict) as why:
        return await _review(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/quality-reviews/{number}")


@routes.post("/quality-reviews/{id}/calibrate")
@needs(Right.REVIEW_QUALITY)
async def calibrate(request: web.Request) -> web.StreamResponse:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        row = await calibrations.begin(session, number, user=account_of(request).id, scope=scope_of(request))
    raise web.HTTPSeeOther(f"/calibrations/{row.id}")


async def _list(request: web.Request, sent: Typed) -> web.Response:
    state, month = request.query.get("state", "open"), request.query.get("month", "")
    agent = whole_number(request.query.get("agent"))
    async with request.app[DATABASE].read() as session:
        page = await list_reviews(
            session,
            scope=scope_of(request),
            state=progress_of(state),
            month=month if is_month(month) else None,
            agent=agent,
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
        current = month if is_month(month) else this_month()
        before = await draws.draws_of(session, current)
    context = {
        "page": replace(page, items=masked(page.items)),
        "state": state,
        "month": month,
        "agent": agent or "",
        "draws": before,
        "draw_month": current,
        "sent": sent,
        "people": await names_of_users(request, {row.drawn_by for row in before}),
        "me": account_of(request).id,
    }
    return render(request, "quality.html", context, status=sent.status)


async def _review(request: web.Request, sent: Typed) -> web.Response:
    """The page of one review; with a form that was not taken, as it was filled in."""
    number, me = number_in_path(request, "id"), account_of(request).id
    async with request.app[DATABASE].read() as session:
        await review_of(session, number, scope=scope_of(request))
        view = await review_view(session, number, scope=scope_of(request))
        if view.calibration is not None and view.reviewer != me:
            raise NoSuchRecord  # until they may look at it, beside their own
        sheet, items = await sheet_for(session, view)
        tape = await heard(request, session, view)
    context = {
        "view": masked(view),
        "sheet": sheet,
        "items": items,
        "tape": tape,
        "sent": sent,
        "chosen": missed_in(sent.fields),
        "mine": view.finished_at is None and view.agent != me and view.reviewer in (None, me),
        "me": me,
        "people": await names_of_users(request, {mark.made_by for mark in tape.marks}),
    }
    return render(request, "quality_review.html", context, status=sent.status)
