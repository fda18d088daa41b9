"""How the controller logs: one JSON object a line on stderr, with the case where there is one; never personal data."""

from __future__ import annotations

import logging
import sys

import structlog

from home.log_stream import forgiving


def configure() -> None:
    out = forgiving(sys.stderr)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=out, level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
