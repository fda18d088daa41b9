"""What the address of a list asks for: where its page begins, what it is narrowed to. Nonsense counts as not given."""

from datetime import date, datetime, time
from typing import Final, cast, get_args

from aiohttp import web

from models.queries.paging import Progress
from web.problems import Invalid

LINES: Final = 50


def cursor_of(request: web.Request, *, digits: int) -> int | None:
    """Where the page begins; None: at the start of the list."""
    cursor = request.query.get("cursor", "")
    return int(cursor) if cursor.isdecimal() and len(cursor) <= digits else None


def progress_of(wanted: str) -> Progress | None:
    return cast(Progress, wanted) if wanted in get_args(Progress) else None


def day_of(text: str) -> date | None:
    """The day of a filter; None when none was given. Raises Invalid for what is no date."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("problem.date") from error


def midnight(day: date | None) -> datetime | None:
    """When this day begins here."""
    return None if day is None else datetime.combine(day, time.min).astimezone()
