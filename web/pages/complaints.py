"""The page of complaints: so far the drafts that agents took down, the latest first."""

from typing import Final

from aiohttp import web

from web.complaint_records import list_complaints
from web.guard import needs
from web.keys import DATABASE
from web.people_names import names_of_users
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
PAGE: Final = 50


@routes.get("/complaints")
@needs(Right.SEE_COMPLAINTS)
async def complaints(request: web.Request) -> web.StreamResponse:
    cursor = request.query.get("cursor", "")
    after = int(cursor) if cursor.isdecimal() and len(cursor) < 10 else None
    async with request.app[DATABASE].read() as session:
        page = await list_complaints(session, limit=PAGE, after=after)
    people = await names_of_users(request, {item.drafted_by for item in page.items})
    return render(request, "complaints.html", {"page": page, "people": people})
