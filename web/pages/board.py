"""The live board: open cases and seats. Comes from the mirror alone, so it works while the database is away."""

from aiohttp import web

from web.guard import needs
from web.keys import FEED, MIRROR
from web.render import render
from web.rights import Right
from web.sheet import Sheet

routes = web.RouteTableDef()


@routes.get("/board")
@needs(Right.SEE_LIVE)
async def board(request: web.Request) -> web.StreamResponse:
    return render(request, "board.html", _context(request))


@routes.get("/fragments/board")
@needs(Right.SEE_LIVE)
async def board_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/board.html", _context(request))


def _context(request: web.Request) -> dict[str, object]:
    mirror = request.app[MIRROR]
    return {
        "seq": request.app[FEED].seq,
        "sheets": [Sheet.of_live(case) for case in mirror.open_cases()],
        "seats": sorted(mirror.seats.values(), key=lambda seat: seat.extension),
    }
