"""What a database can hold of what the outside sends us. A caller's name may carry anything; a record must not fail."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from typing_extensions import TypeAliasType

# A named alias: pydantic, which describes our views to the outside, cannot follow a recursive one without a name.
Json = TypeAliasType("Json", "bool | int | float | str | list[Json] | dict[str, Json] | None")

# Control characters but tab and line feed, and lone surrogates: PostgreSQL refuses NUL, UTF-8 refuses surrogates.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def plain(text: str) -> str:
    """The text with every character that a database or a page cannot hold replaced by U+FFFD."""
    return _UNFIT.sub("\ufffd", text)


def plain_json(value: object) -> Json:
    """The value as JSON gives it back: tuples become lists, times RFC 3339, numbers that JSON lacks become None."""
    # What JSON itself is made of comes first and without a search: a case on the board is told a dozen times in a call.
    kind = type(value)
    if kind is str:
        return plain(value)  # type: ignore[arg-type]
    if value is None or kind is int or kind is bool:
        return value  # type: ignore[return-value]
    if kind is dict:
        return {plain(str(key)): plain_json(item) for key, item in value.items()}  # type: ignore[attr-defined]
    return _plain_other(value)


def _plain_other(value: object) -> Json:
    match value:
        case bool() | int():
            return value
        case str():
            return plain(str(value))
        case float():
            return value if math.isfinite(value) else None
        case datetime():
            return rfc3339(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {plain(str(key)): plain_json(item) for key, item in value.items()}
        case Iterable():
            return [plain_json(item) for item in value]
        case _:
            return plain(str(value))


def rfc3339(at: datetime) -> str:
    """To the millisecond, with offset."""
    return at.isoformat(timespec="milliseconds")
