"""How the controller logs: one JSON object a line on stderr, with the case where there is one; never personal data."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict

from home.failures import where_it_failed
from home.log_stream import forgiving


def configure() -> None:
    out = forgiving(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _where_it_failed,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_PlaceOnly("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _where_it_failed(_: object, __: str, event: EventDict) -> EventDict:
    """An exception by its type and place: its text may quote a number or what somebody said."""
    failure = event.pop("exc_info", None)
    if failure is True:
        failure = sys.exc_info()[1]
    if isinstance(failure, tuple):
        failure = failure[1]
    return {**event, **where_it_failed(failure)} if isinstance(failure, BaseException) else event


class _PlaceOnly(logging.Formatter):
    """The same for the standard library's log."""

    def formatException(self, ei: object) -> str:
        failure = ei[1] if isinstance(ei, tuple) else None
        return str(where_it_failed(failure)) if isinstance(failure, BaseException) else ""
