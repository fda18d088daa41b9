"""The protocol: what a message is, and what may become of it.

SmsError
+-- NotNow      it may work later: the service is away, busy, or limits us
+-- Refused     it never will: a wrong number, an unknown template, a wrong key
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class SmsError(Exception):
    """The message was not sent; the text says why, without number and words, fit for the record."""


class NotNow(SmsError):
    pass


class Refused(SmsError):
    pass


@dataclass(frozen=True, slots=True)
class Message:
    """`template` is our name of it, `parameters` what its blanks are filled with, in order; `text` is the whole for
    services that take any words. `reference` is ours: the same message sent again has the same."""

    number: str = field(repr=False)
    template: str
    parameters: Mapping[str, str] = field(repr=False)
    text: str = field(repr=False)
    reference: str


class SmsGateway(Protocol):
    async def send(self, message: Message) -> str:
        """Hand the message over; the service's own id of it, if it gives one.

        Raises:
            NotNow: try again later.
            Refused: do not try again.
        """
        ...
