"""Logs as one JSON object a line, and the access log. Never a name, number, address, query string or form value."""

import logging
import sys
import time
from collections.abc import Awaitable, Callable
from secrets import token_hex
from typing import TextIO

import structlog
from aiohttp import web

from home.failures import where_it_failed
from home.log_stream import forgiving

log = structlog.get_logger("web")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def set_up(stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's warnings to `stream` (standard error) as JSON lines."""
    out = forgiving(stream or sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Bridge()]
    root.setLevel(logging.WARNING)


class _Bridge(logging.Handler):
    """Records of other libraries; their arguments may hold personal data, so an exception's text stays out."""

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        where = where_it_failed(failure) if failure else {}
        message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        log.log(record.levelno, message, logger=record.name, **where)


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    """One line for each request: method, route, status, milliseconds."""
    request_id = token_hex(6)
    started = time.perf_counter()
    status = 500
    with structlog.contextvars.bound_contextvars(request=request_id):
        try:
            response = await handler(request)
            status = response.status
            if not response.prepared:
                response.headers["X-Request-Id"] = request_id
            return response
        except web.HTTPException as answer:
            status = answer.status
            raise
        finally:
            route = request.match_info.route.resource
            log.info(
                "request",
                method=request.method,
                route=route.canonical if route else "-",
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
