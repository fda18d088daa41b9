"""The page of who looked at what: every look, or how many by person, by elder and by day. Masked as all lists are."""

from datetime import timedelta
from typing import Final

from aiohttp import web

from models.queries.lookups import Asked, Look, Tally, list_lookups, names_of_staff
from models.queries.paging import Page
from web.guard import needs
from web.keys import DATABASE
from web.lookups import first_day, shown_look, summary
from web.pages.listing import LINES, cursor_of, day_of, midnight
from web.places import scope_of
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
VIEWS: Final = ("looks", "person", "elder", "day")
FILTERS: Final = ("by", "actor", "elder", "kind", "from", "to")


@routes.get("/lookups")
@needs(Right.SEE_LOOKUPS)
async def lookups(request: web.Request) -> web.StreamResponse:
    given = {name: request.query.get(name, "")[:100] for name in FILTERS}
    given["by"] = given["by"] if given["by"] in VIEWS else "looks"
    asked, page = _asked(given), None
    tallies: list[Tally] = []
    async with request.app[DATABASE].read() as session:
        people = await names_of_staff(session)
        if given["by"] == "looks":
            after, scope = cursor_of(request, digits=15), scope_of(request)
            found = await list_lookups(session, asked, scope=scope, limit=LINES, after=after)
            page = Page(tuple(shown_look(request, look) for look in found.items), found.next)
        else:
            until = day_of(given["to"])
            since = first_day(day_of(given["from"]), until)
            given["from"] = since.isoformat()
            tallies = await summary(request, session, given["by"], asked, since=since, until=until)
    context = {"given": given, "views": VIEWS, "kinds": tuple(Look), "people": people, "page": page}
    return render(request, "lookups.html", {**context, "tallies": tallies})


def _asked(given: dict[str, str]) -> Asked:
    elder, until = given["elder"], day_of(given["to"])
    return Asked(
        actor=given["actor"].strip(),
        elder=int(elder) if elder.isascii() and elder.isdecimal() and len(elder) < 10 else None,
        kind=next((kind for kind in Look if kind.short == given["kind"]), None),
        since=midnight(day_of(given["from"])),
        until=midnight(until + timedelta(days=1) if until else None),
    )
