"""How fast somebody may ask, and how slowly they may send. What handles an emergency is never held up; an alarm that
comes too fast is told when to come again, and is not lost: devices hand a report in until it was taken.
"""

import asyncio
from typing import Final

from aiohttp import web

from home import plan_recordings, scans
from web.keys import ACCOUNT, LIMITS
from web.logs import Handler
from web.origin import address_of
from web.problems import Problem, TooMany

# Forms with a file in them: what may be sent, in bytes, so that what is too large can be told beside the field. And
# what is a file, from who has logged in.
LARGER: Final = {
    "/elders/{id}/papers": 2 * scans.LARGEST,
    "/elders/{id}/papers/{paper}/scan": 2 * scans.LARGEST,
    "/emergency-plans": 2 * scans.LARGEST,
    "/emergency-plans/{id}": 2 * scans.LARGEST,
    "/workers/{id}/photo": 2 * scans.LARGEST,
    "/care/plans/{id}/recording": 2 * plan_recordings.LARGEST,
    "/api/v1/elders/{id}/papers/{paper}/scan": scans.LARGEST,
    "/api/v1/care-plans/{id}/recording": plan_recordings.LARGEST,
}
SLOWEST_FILE: Final = 120.0  # seconds for one of these
SLOWEST_BODY: Final = 15.0  # seconds for 256 KiB at most: a mobile device on a bad line needs a tenth of it
FORMS: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
API: Final = "/api/"
ALARMS: Final = "/api/v1/alarms"
UPLOADS: Final = frozenset({"/api/v1/imports"})  # read by their handlers, piece by piece, under limits of their own
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
    path = _resource(request)
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
    if request.can_read_body and request.path not in UPLOADS:
        is_form = request.content_type in FORMS and not request.path.startswith(API)
        is_file = request.path.startswith(API) and ACCOUNT in request
        larger = LARGER.get(_resource(request)) if is_form or is_file else None
        if larger is not None:
            request = request.clone(client_max_size=larger)
        try:
            async with asyncio.timeout(SLOWEST_FILE if larger else SLOWEST_BODY):
                await (request.post() if is_form else request.read())
        except TimeoutError:
            request.protocol.close()
            raise Problem("problem.too_slow", status=408) from None
        except (ValueError, LookupError, AssertionError):  # no boundary, a charset that nobody knows, broken parts
            raise Problem from None
        if larger is not None:
            return await _and_close_files(request, handler)
    return await handler(request)


async def _and_close_files(request: web.Request, handler: Handler) -> web.StreamResponse:
    """aiohttp closes those of its own request, not those of a clone."""
    try:
        return await handler(request)
    finally:
        for value in (await request.post()).values():
            if isinstance(value, web.FileField):
                value.file.close()


def _resource(request: web.Request) -> str:
    """The path as it was routed: `/elders/{id}`."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""
