"""The page of complaints: so far the drafts that agents took down, the latest first."""

from aiohttp import web

from models.queries.complaints import list_complaints
from web.guard import needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.places import scope_of
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()


@routes.get("/complaints")
@needs(Right.SEE_COMPLAINTS)
async def complaints(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        page = await list_complaints(session, scope=scope_of(request), limit=LINES, after=cursor_of(request, digits=9))
    people = await names_of_users(request, {item.drafted_by for item in page.items})
    return render(request, "complaints.html", {"page": page, "people": people})
