"""The wallboard (大屏): for a screen that everybody in the room sees, with a log-in that may see nothing else."""

from typing import Any

from aiohttp import web

from models.base import utc_now
from models.queries.answering import Bin
from web.guard import needs
from web.keys import FEED, MIRROR, WALLBOARD
from web.render import render
from web.rights import Right
from web.wallboard import AGES, PARTS_SHOWN, open_cases, seat_groups, waiting

routes = web.RouteTableDef()


@routes.get("/wallboard")
@needs(Right.SEE_WALLBOARD)
async def wallboard(request: web.Request) -> web.StreamResponse:
    return render(request, "wallboard.html", await _context(request))


@routes.get("/fragments/wallboard")
@needs(Right.SEE_WALLBOARD)
async def wallboard_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/wallboard.html", await _context(request))


async def _context(request: web.Request) -> dict[str, Any]:
    mirror, today, now = request.app[MIRROR], await request.app[WALLBOARD].today(), utc_now()
    parts = sorted(today.overview.parts, key=lambda place: (-place.open, -place.cases, place.id)) if today else []
    return {
        "seq": request.app[FEED].seq,
        "waiting": waiting(mirror),
        "groups": seat_groups(mirror),
        "open_rows": open_cases(mirror, now),
        "ages": AGES,
        "today": today,
        "parts": parts[:PARTS_SHOWN],
        "parts_left": parts[PARTS_SHOWN:],
        "chart": [_bar(quarter) for quarter in today.bins] if today else [],
    }


def _bar(quarter: Bin) -> dict[str, Any]:
    """One bar of the chart, by its time here."""
    return {
        "at": quarter.begins_at.astimezone().strftime("%H:%M"),
        "counts": [quarter.within_10, quarter.within_60, quarter.later, quarter.unanswered],
    }
