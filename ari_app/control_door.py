"""The door of the control API: one token, and every error in the contract's form. What is behind it: `control.py`."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from ari_app.desk import SeatNotFree, UnknownSeat
from ari_app.handsets import NoCall
from ari_app.requests import BadRequest
from ari_app.wrap_up import NotProlonged
from ivr.serial import Json
from models.database import DatabaseUnavailable

log = structlog.get_logger(__name__)
TOKEN = web.AppKey("token", str)


class Refused(Exception):
    """Becomes the contract's error body."""

    def __init__(self, status: int, code: str, message: str, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Json] = {"error": {"code": code, "message": message, "fields": {**(fields or {})}}}


@web.middleware
async def guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The token for all but health; every error in the contract's form."""
    try:
        if request.path != "/health":
            _check_token(request)
        return await handler(request)
    except Refused as refused:
        return _error(refused)
    except BadRequest as bad:
        return _error(Refused(422, "invalid", str(bad), bad.fields))
    except (SeatNotFree, NotProlonged, NoCall) as busy:
        return _error(Refused(409, str(busy), "this cannot be done with this seat now"))
    except UnknownSeat:
        return _error(Refused(404, "unknown_seat", "there is no such seat"))
    except DatabaseUnavailable as away:
        return _error(Refused(503, "database_unavailable", str(away)))
    except web.HTTPException as http:
        return _error(Refused(http.status, http.reason.lower().replace(" ", "_"), http.reason))
    except Exception:
        # The outermost guard of a request; what went wrong is for the log, not for whoever asked.
        log.exception("a request could not be answered", path=request.path)
        return _error(Refused(500, "internal", "a mistake of the controller's; its log tells more"))


def _error(refused: Refused) -> web.Response:
    return web.json_response(refused.body, status=refused.status)


def _check_token(request: web.Request) -> None:
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, f"Bearer {request.app[TOKEN]}".encode()):
        raise Refused(401, "unauthorized", "the control token is missing or wrong")


async def body_of(request: web.Request) -> dict[str, object]:
    """The JSON object that was sent. Raises Refused."""
    try:
        body = await request.json()
    except (ValueError, LookupError, RecursionError):  # no JSON, no such charset, brackets without end
        raise Refused(400, "not_json", "the body must be JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "not_an_object", "the body must be a JSON object")
    return body
