"""The live board: open cases and seats. Comes from the mirror alone, so it works while the database is away."""

from aiohttp import web

from web.guard import account_of, needs
from web.keys import FEED, MIRROR
from web.personal import on_board
from web.render import render
from web.rights import Right, may, may_set_seat

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
    mirror, account = request.app[MIRROR], account_of(request)
    return {
        "seq": request.app[FEED].seq,
        "sheets": [on_board(request, case) for case in mirror.open_cases()],
        "acts": account.seat is not None and may(account, Right.HANDLE_CASES),
        "sets": lambda seat: may_set_seat(account, seat.extension),
        "seats": sorted(mirror.seats.values(), key=lambda seat: seat.extension),
    }
