"""Calibration: the same recording scored by several, and where they differ."""

from aiohttp import web
from sqlalchemy import select

from models.people import User
from models.quality import calibrations
from models.quality.reviews import QualityReview
from models.quality.score_sheets import items_of, sheet_of
from models.queries.quality import calibration_view, list_calibrations
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.places import scope_of
from web.problems import Conflict
from web.render import render
from web.rights import Right
from web.typed import typed

routes = web.RouteTableDef()


@routes.get("/calibrations")
@needs(Right.REVIEW_QUALITY)
async def all_of_them(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        page = await list_calibrations(
            session, scope=scope_of(request), limit=LINES, after=cursor_of(request, digits=6)
        )
    people = await names_of_users(request, {view.opened_by for view in page.items})
    return render(request, "calibrations.html", {"page": page, "people": people})


@routes.get("/calibrations/{id}")
@needs(Right.REVIEW_QUALITY)
async def one(request: web.Request) -> web.StreamResponse:
    number, me, scope = number_in_path(request, "id"), account_of(request).id, scope_of(request)
    async with request.app[DATABASE].read() as session:
        row = await calibrations.calibration_of(session, number, scope=scope)
        view = await calibration_view(session, number, scope=scope)
        sheet = await sheet_of(session, row.sheet_id)
        mine = await session.scalar(
            select(QualityReview).where(QualityReview.calibration_id == number, QualityReview.reviewer_id == me)
        )
        finished = await calibrations.finished_of(session, number) if calibrations.may_look(row, mine) else []
        names = await session.execute(
            select(User.id, User.name).where(User.id.in_({review.reviewer_id for review in finished}))
        )
    items = items_of(sheet)
    context = {
        "view": view,
        "sheet": sheet,
        "mine": mine,
        "may_look": calibrations.may_look(row, mine),
        "may_join": row.closed_at is None and row.agent_id != me,
        "reviews": finished,
        "names": dict(names.all()),
        "differences": calibrations.differences(items, [(review.points, review.missed) for review in finished]),
        "people": await names_of_users(request, {view.opened_by}),
    }
    return render(request, "calibration.html", context)


@routes.post("/calibrations/{id}/join")
@needs(Right.REVIEW_QUALITY)
async def join(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].write() as session:
        row = await calibrations.calibration_of(session, number_in_path(request, "id"), scope=scope_of(request))
        review = await calibrations.join(session, row, user=account_of(request).id)
    raise web.HTTPSeeOther(f"/quality-reviews/{review.id}")


@routes.post("/calibrations/{id}/close")
@needs(Right.REVIEW_QUALITY)
async def close(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await calibrations.close(
                session, number, version=sent.version, user=account_of(request).id, scope=scope_of(request)
            )
    except VersionConflict as error:
        raise Conflict("problem.version") from error
    raise web.HTTPSeeOther(f"/calibrations/{number}")
