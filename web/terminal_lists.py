"""Terminals and when each was tested last (S8), as page, API and table show them."""

from datetime import timedelta

from aiohttp import web

from ivr.policy import Policy
from models.base import utc_now
from models.terminal_tests import DueTerminal, list_terminals
from web.keys import DATABASE, SETTINGS


async def terminals(
    request: web.Request, *, overdue: bool, limit: int, after: int = 0
) -> tuple[list[DueTerminal], str | None]:
    """Some of them, the longest untested first, and the cursor of those that follow."""
    before = utc_now() - timedelta(days=Policy.of(request.app[SETTINGS].policy).test_every)
    async with request.app[DATABASE].read() as session:
        found = await list_terminals(session, before=before, overdue=overdue, limit=limit + 1, after=after)
    return found[:limit], str(after + limit) if len(found) > limit else None
