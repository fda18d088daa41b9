"""The page of terminals that are due for a test (S8)."""

from dataclasses import replace
from typing import Final

from aiohttp import web

from models.masking import masked
from web.guard import needs
from web.pages.listing import LINES, cursor_of
from web.render import render
from web.rights import Right
from web.terminal_lists import terminals

routes = web.RouteTableDef()
COLLECT: Final = "collect"  # terminals of those who moved away or died


@routes.get("/terminals")
@needs(Right.SEE_TERMINALS)
async def due(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("state", "overdue")
    page = await terminals(
        request,
        overdue=wanted == "overdue",
        left_behind=wanted == COLLECT,
        limit=LINES,
        after=cursor_of(request, digits=6),
    )
    return render(request, "terminals.html", {"page": replace(page, items=masked(page.items)), "state": wanted})
