"""Text messages that came in and are no alarms: the list, and one of them. Lists are masked, one is shown to who says
why."""

from dataclasses import replace
from typing import cast, get_args

from aiohttp import web

from models.masking import masked
from models.queries.inbound_texts import Seen, Sender, list_texts, set_seen, text_view
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import typed
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.personal import shown_text
from web.places import scope_of
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/inbound-texts")
@needs(Right.SEE_CASES)
async def texts(request: web.Request) -> web.StreamResponse:
    state, sender = request.query.get("state", "new"), request.query.get("sender", "")
    async with request.app[DATABASE].read() as session:
        page = await list_texts(
            session,
            scope=scope_of(request),
            state=cast(Seen, state) if state in get_args(Seen) else None,
            sender=cast(Sender, sender) if sender in get_args(Sender) else None,
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
    people = await names_of_users(request, {one.seen_by for one in page.items})
    shown = replace(page, items=masked(page.items))
    return render(request, "inbound_texts.html", {"page": shown, "state": state, "sender": sender, "people": people})


@routes.get("/inbound-texts/{id}")
@needs(Right.SEE_CASES)
async def show(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        view = await text_view(session, number_in_path(request, "id"), scope=scope_of(request))
    shown = shown_text(request, view)
    people = await names_of_users(request, {view.seen_by})
    return render(request, "inbound_text.html", {"it": shown, "is_masked": shown != view, "people": people})


@routes.post("/inbound-texts/{id}")
@needs(Right.HANDLE_CASES)
async def seen(request: web.Request) -> web.StreamResponse:
    number, sent, by = number_in_path(request, "id"), await typed(request), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await set_seen(session, number, seen=sent.text("seen") == "1", by=by, scope=scope_of(request))
    raise web.HTTPSeeOther("/inbound-texts" if sent.text("seen") == "1" else f"/inbound-texts/{number}")
