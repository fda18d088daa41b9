"""The page of the visits that were drawn for a day (T5): who, and how anybody can draw the same again."""

from dataclasses import replace

from aiohttp import web

from models.base import local_today
from models.masking import masked
from models.queries.follow_ups import list_follow_ups
from models.register import FormRefused
from models.visit_samples import VisitSample, draw, seed_of
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, day_of
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Conflict
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/visit-samples")
@needs(Right.FOLLOW_UP)
async def samples(request: web.Request) -> web.StreamResponse:
    day = day_of(request.query.get("day", "")) or local_today()
    async with request.app[DATABASE].read() as session:
        sample = await session.get(VisitSample, day)
        page = await list_follow_ups(
            session,
            scope=scope_of(request),
            state=None,
            sample_day=day,
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
    policy = await request.app[POLICY_NOW].read()
    context = {
        "day": day,
        "today": local_today(),
        "sample": sample,
        "seed": seed_of(day),
        "page": replace(page, items=masked(page.items)),
        "wanted": int(policy.visit_sample),
    }
    return render(request, "visit_samples.html", context)


@routes.post("/visit-samples")
@needs(Right.SUPERVISE)
async def draw_now(request: web.Request) -> web.StreamResponse:
    """Today's, where nobody wants to wait for the platform to do it."""
    policy = await request.app[POLICY_NOW].read()
    try:
        await draw(request.app[DATABASE], local_today(), policy=policy, by=account_of(request).actor)
    except FormRefused as refused:
        raise Conflict("problem.drawn") from refused
    raise web.HTTPSeeOther("/visit-samples")
