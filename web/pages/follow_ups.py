"""The page of follow-ups: what is owed, the most urgent first, each with a form to say that it was done."""

from typing import Final

from aiohttp import web

from models.follow_ups import complete
from models.queries.follow_ups import list_follow_ups
from web.api.kit import number_in_path
from web.forms import FollowUpForm, FormData
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, progress_of
from web.places import scope_of
from web.problems import Invalid
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
SATISFACTION: Final = ("satisfied", "fairly_satisfied", "dissatisfied")


@routes.get("/follow-ups")
@needs(Right.FOLLOW_UP)
async def follow_ups(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("state", "open")
    async with request.app[DATABASE].read() as session:
        page = await list_follow_ups(
            session, scope=scope_of(request), state=progress_of(wanted), limit=LINES, after=cursor_of(request, digits=6)
        )
    context = {"page": page, "state": wanted, "satisfaction": SATISFACTION}
    return render(request, "follow_ups.html", context)


@routes.post("/follow-ups/{id}")
@needs(Right.FOLLOW_UP)
async def done(request: web.Request) -> web.StreamResponse:
    form = FollowUpForm(FormData(await request.post()))
    form.satisfaction.choices = [("", ""), *((value, value) for value in SATISFACTION)]
    if not form.validate():
        raise Invalid(fields={f"follow_ups.{name}": "problem.invalid" for name in form.errors})
    async with request.app[DATABASE].write() as session:
        await complete(
            session,
            number_in_path(request, "id"),
            scope=scope_of(request),
            version=form.version.data,
            by=account_of(request).actor,
            done=True,
            result=form.result.data,
            satisfaction=form.satisfaction.data,
            note="",
        )
    raise web.HTTPSeeOther("/follow-ups")
