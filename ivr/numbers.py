"""Which numbers may be dialled, and which take a message. Facts about digits only; who is rung is decided elsewhere."""

from __future__ import annotations

import re
from typing import Final

from ivr.vocabulary import Service

DIALABLE: Final = re.compile(r"[0-9]{3,15}")
SERVICES: Final = frozenset(service.value for service in Service)
_MOBILE = re.compile(r"1[2-9][0-9]{9}")


def may_be_rung(number: str) -> bool:
    """Whether a number from the register or the trunk may be dialled as a person's: never 110/120/119, which only a
    human calls, and by its own name."""
    return DIALABLE.fullmatch(number) is not None and number not in SERVICES


def takes_messages(number: str) -> bool:
    """A mobile of this country: landlines and short numbers have no SMS."""
    return _MOBILE.fullmatch(number) is not None
