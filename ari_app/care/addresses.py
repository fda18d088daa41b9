"""The ids of care calls' lines. They look like a case's (`ivr/ids.py`), so that switchboard and listener serve them as
well; a case's id begins with the year and is never one of these."""

from __future__ import annotations

from typing import Final

from ivr import ids
from ivr.ids import Address

_PREFIX: Final = "care-"
ELDER: Final = ids.ELDER


def name_of(call: int, attempt: int) -> str:
    """In the place of a case's id: this try of the call of this row of the planner's table."""
    return f"{_PREFIX}{call}-{attempt}"


def offer_name_of(call: int, attempt: int) -> str:
    """The same for a call about an urgent order, which is carried as care calls are; no row of theirs."""
    return f"{_PREFIX}offer-{call}-{attempt}"


def is_care(name: str) -> bool:
    return name.startswith(_PREFIX)


def call_of(name: str) -> int | None:
    """The row; None when it is none of ours."""
    number = name.removeprefix(_PREFIX).partition("-")[0]
    return int(number) if is_care(name) and number.isdecimal() else None


def elder_of(name: str) -> Address:
    return Address(name, ELDER)
