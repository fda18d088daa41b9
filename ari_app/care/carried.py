"""What the carrier knows of every call that it carries, whatever is said in it."""

from __future__ import annotations

from typing import Protocol

from ivr.events import Event
from ivr.ids import Address


class Carried(Protocol):
    """`ringing`: nobody has picked up, it may still be put off; `lines()`: those that there may be."""

    name: str
    dialled: float | None

    @property
    def ringing(self) -> bool: ...
    def lines(self) -> list[Address]: ...
    def told(self, event: Event) -> None: ...
    def sounds(self, *, sounds: bool) -> None: ...
    def alarm_waits(self) -> None: ...
    def close(self) -> None: ...
