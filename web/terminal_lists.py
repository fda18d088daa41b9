"""Terminals and when each was tested last (S8), as page, API and table show them."""

from datetime import timedelta

from aiohttp import web

from models.base import utc_now
from models.house_policy import Fixed, policy_in_force
from models.queries.paging import Page
from models.queries.terminals import DueTerminal, list_terminals
from web.keys import DATABASE, SETTINGS
from web.places import scope_of


async def terminals(
    request: web.Request, *, overdue: bool, left_behind: bool = False, limit: int, after: int | None = None
) -> Page[DueTerminal]:
    """The longest untested first; overdue by the policy of this district. `left_behind`: of those who are gone."""
    async with request.app[DATABASE].read() as session:
        policy = await policy_in_force(session, Fixed.of(request.app[SETTINGS]))
        before = utc_now() - timedelta(days=policy.test_every)
        return await list_terminals(
            session,
            scope=scope_of(request),
            before=before,
            overdue=overdue,
            left_behind=left_behind,
            limit=limit,
            after=after,
        )
