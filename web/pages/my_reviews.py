"""An agent's own reviews: what was said about their calls, and the one answer to each."""

from dataclasses import replace

from aiohttp import web

from models.masking import masked
from models.quality.reviews import answer, own_review
from models.queries.quality import own_reviews, review_view
from models.register import FormRefused
from models.scope import EVERYWHERE
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.quality import heard, sheet_for
from web.render import render
from web.rights import Right
from web.typed import Typed, typed

routes = web.RouteTableDef()


@routes.get("/my-reviews")
@needs(Right.SEE_OWN_REVIEWS)
async def mine(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        page = await own_reviews(session, account_of(request).id, limit=LINES, after=cursor_of(request, digits=9))
    shown = replace(page, items=masked(page.items))
    return render(request, "my_reviews.html", {"page": shown})


@routes.get("/my-reviews/{id}")
@needs(Right.SEE_OWN_REVIEWS)
async def one(request: web.Request) -> web.StreamResponse:
    return await _page(request, Typed())


@routes.post("/my-reviews/{id}/answer")
@needs(Right.SEE_OWN_REVIEWS)
async def say(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            me = account_of(request).id
            await own_review(session, number, me)
            await answer(session, number, sent.text("answer"), version=sent.version, user=me)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/my-reviews/{number}")


async def _page(request: web.Request, sent: Typed) -> web.Response:
    number = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        await own_review(session, number, account_of(request).id)
        # It was their own call, wherever the elder lives: what is shown of it is theirs.
        view = await review_view(session, number, scope=EVERYWHERE)
        sheet, items = await sheet_for(session, view)
        tape = await heard(request, session, view)
    context = {
        "view": masked(view),
        "sheet": sheet,
        "items": items,
        "tape": tape,
        "sent": sent,
        "people": await names_of_users(request, {mark.made_by for mark in tape.marks}),
    }
    return render(request, "my_review.html", context, status=sent.status)
