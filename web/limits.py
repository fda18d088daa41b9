"""How fast somebody may ask, and how slowly they may send. What handles an emergency is never held up; an alarm that
comes too fast is told when to come again, and is not lost: devices hand a report in until it was taken.
"""

import asyncio
from typing import Final

from aiohttp import web

from web.keys import ACCOUNT, LIMITS
from web.logs import Handler
from web.origin import address_of
from web.problems import Problem, TooMany

SLOWEST_BODY: Final = 15.0  # seconds for 256 KiB at most: a mobile device on a bad line needs a tenth of it
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
API: Final = "/api/"
ALARMS: Final = "/api/v1/alarms"
# What agents and the board do while somebody waits for help, and what a supervisor of processes asks.
_NEVER_HELD_UP: Final = frozenset({
    "/static",
    "/health",
    "/ready",
    "/metrics",
    "/desk",
    "/fragments/desk",
    "/board",
    "/fragments/board",
    "/fragments/cases/{id}",
    "/api/v1/live",
    "/api/v1/phone",
    "/api/v1/phone/socket",
    "/api/v1/cases/{id}",
    "/api/v1/cases/{id}/actions",
    "/api/v1/cases/{id}/shown",
    "/api/v1/seats/{extension}/state",
})  # fmt: skip


@web.middleware
async def rates(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raises TooMany when somebody asks faster than their limit."""
    limits, account = request.app[LIMITS], request.get(ACCOUNT)
    resource = request.match_info.route.resource
    path = resource.canonical if resource is not None else ""
    if account is None:
        wait = 0 if path in _NEVER_HELD_UP else limits.strangers.take(address_of(request))
    elif path == ALARMS:
        wait = limits.alarms.take(account.username)
    else:
        wait = 0 if path in _NEVER_HELD_UP else limits.requests.take(account.username)
    if wait:
        raise TooMany(wait)
    return await handler(request)


@web.middleware
async def bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read what was sent before anything else is done for it; who sends it drop by drop is cut off with 408."""
    if request.can_read_body:
        is_form = request.content_type in FORMS and not request.path.startswith(API)
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                await (request.post() if is_form else request.read())
        except TimeoutError:
            request.protocol.close()
            raise Problem("problem.too_slow", status=408) from None
        except (ValueError, LookupError, AssertionError):  # no boundary, a charset that nobody knows, broken parts
            raise Problem from None
    return await handler(request)
