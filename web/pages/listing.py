"""What the address of a list asks for: where its page begins, what it is narrowed to. Nonsense counts as not given."""

from typing import Final, cast, get_args

from aiohttp import web

from models.queries.paging import Progress

LINES: Final = 50


def cursor_of(request: web.Request, *, digits: int) -> int | None:
    """Where the page begins; None: at the start of the list."""
    cursor = request.query.get("cursor", "")
    return int(cursor) if cursor.isdecimal() and len(cursor) <= digits else None


def progress_of(wanted: str) -> Progress | None:
    return cast(Progress, wanted) if wanted in get_args(Progress) else None
