"""The live board: open cases and seats. Comes from the mirror alone, so it works while the database is away; what is
late of follow-ups and complaints is remembered. In a storm it shows as many rows as somebody can look at, and says how
many more there are."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from ivr.vocabulary import LegKind
from web.controller.shapes import LiveCase
from web.guard import account_of, needs
from web.keys import FEED, MIRROR
from web.overdue import OVERDUE, Late
from web.personal import on_board
from web.places import may_set_seat, open_cases, seat_shown
from web.render import render
from web.rights import Right, may

routes = web.RouteTableDef()
ROWS: Final = 100  # a thousand are a megabyte, asked for by every screen up to four times a second


@routes.get("/board")
@needs(Right.SEE_LIVE)
async def board(request: web.Request) -> web.StreamResponse:
    late = await request.app[OVERDUE].read(account_of(request))
    return render(request, "board.html", _context(request, late))


@routes.get("/fragments/board")
@needs(Right.SEE_LIVE)
async def board_fragment(request: web.Request) -> web.StreamResponse:
    late = request.app[OVERDUE].known(account_of(request))
    return render(request, "fragments/board.html", _context(request, late))


def _context(request: web.Request, late: Late) -> dict[str, object]:
    mirror, account = request.app[MIRROR], account_of(request)
    cases = open_cases(account, mirror)
    seats = (seat_shown(account, mirror, seat) for seat in mirror.seats.values())
    return {
        "seq": request.app[FEED].seq,
        "sheets": [on_board(request, case) for case in _shown(cases)],
        "open_cases": len(cases),
        "acts": account.seat is not None and may(account, Right.HANDLE_CASES),
        "sets": lambda seat: may_set_seat(account, mirror, seat.extension),
        "late": late,
        "seats": sorted(seats, key=lambda seat: seat.extension),
    }


def _shown(cases: Sequence[LiveCase]) -> list[LiveCase]:
    """Those that an agent is on, then those that have waited longest; in the order in which they were opened."""
    if len(cases) <= ROWS:
        return list(cases)
    waiting_last = sorted(cases, key=lambda case: not _attended(case))  # keeps the order otherwise
    chosen = {case.id for case in waiting_last[:ROWS]}
    return [case for case in cases if case.id in chosen]


def _attended(case: LiveCase) -> bool:
    return any(leg.kind == LegKind.SEAT and leg.ended_at is None for leg in case.view.legs)
