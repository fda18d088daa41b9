"""Two people press at once: one wins, and the other is told who, by name."""

import asyncio
from datetime import timedelta
from typing import Final

from aiohttp import web

from models.base import utc_now
from models.views import TimelineView
from web.guard import account_of
from web.keys import MIRROR
from web.people_names import names_of_users
from web.problems import Conflict
from web.render import texts_of

JUST_NOW: Final = timedelta(seconds=10)
PICTURE: Final = 0.2  # seconds in which the controller has told of what the other one did
_BEATEN: Final = frozenset({"already_done", "already_calling", "not_in_this_state", "seat_in_case", "case_closed"})


async def name_the_other(request: web.Request, case: str, refused: Conflict) -> Conflict:
    """The same refusal, with the name of whoever else has acted on this case a moment ago, if anybody has."""
    if refused.code not in _BEATEN:
        return refused
    await asyncio.sleep(PICTURE)
    live = request.app[MIRROR].find(case)
    entry = _last_of_others(live.view.timeline, account_of(request).actor) if live else None
    if entry is None:
        return refused
    t = texts_of(request)
    names = await names_of_users(request, {entry.actor})
    who = names.get(entry.actor) or t.word("actor", entry.actor)
    values = {"name": who, "what": t.word("event", entry.event), "problem": refused.message(t)}
    return Conflict("faster.other", code=refused.code, values=values)


def _last_of_others(timeline: tuple[TimelineView, ...], me: str) -> TimelineView | None:
    since = utc_now() - JUST_NOW
    people = (entry for entry in reversed(timeline) if entry.actor.startswith(("user:", "seat:")) and entry.at >= since)
    return next((entry for entry in people if entry.actor != me and entry.event != "file_shown"), None)
