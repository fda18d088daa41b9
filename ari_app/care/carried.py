"""One try of one call that the carrier carries, whatever is said in it: a mailbox, a clock, and the line of whom it
rings. What events mean and commands do is for the kind of call to say (`run.py`, `ari_app/offers/run.py`)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import structlog

from ari_app.ari import AriError
from ari_app.care.addresses import ELDER, elder_of
from ari_app.switchboard import LineGone, NoRoute
from ivr.commands import Dial, Hangup, LineCommand
from ivr.events import Event
from ivr.ids import Address

log = structlog.get_logger(__name__)
E = TypeVar("E")
C = TypeVar("C")


class House(Protocol):
    """What every such call asks of the carrier."""

    async def order(self, name: str, command: LineCommand) -> None: ...


@dataclass(slots=True)
class Carried(ABC, Generic[E, C]):
    """`name`: in the place of a case's id (`addresses.py`); `dialled`: when, in the loop's time."""

    house: House
    name: str
    over: bool = field(default=False, kw_only=True)
    dialled: float | None = field(default=None, kw_only=True)
    _mailbox: asyncio.Queue[E] = field(default_factory=asyncio.Queue, kw_only=True)
    _timer: asyncio.TimerHandle | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def ringing(self) -> bool:
        """Nobody has picked up: it may still be put off."""

    @abstractmethod
    def told(self, event: Event) -> None:
        """Of a line of this call."""

    @abstractmethod
    def sounds(self, *, sounds: bool) -> None:
        """Somebody, or something, begins to speak on the line that was rung, or has fallen silent."""

    @abstractmethod
    def alarm_waits(self) -> None:
        """An emergency needs lines and agents (K8)."""

    @abstractmethod
    async def _carry_out(self, command: C) -> None: ...

    def lines(self) -> list[Address]:
        """Those that there may be."""
        return [elder_of(self.name)]

    def close(self) -> None:
        """Nothing more is done here; the lines stay as they are."""
        self.over = True
        self._stop_timer()

    def _post(self, event: E) -> None:
        self._mailbox.put_nowait(event)

    async def _carry_out_all(self, commands: tuple[C, ...]) -> None:
        for command in commands:
            if not self.over:
                await self._carry_out(command)

    async def _dial(self, dial: Dial) -> bool:
        """False: they could not be dialled. It may ring all the same, where the answer alone was lost: not for long."""
        self.dialled = asyncio.get_running_loop().time()
        try:
            await self.house.order(self.name, dial)
        except (AriError, NoRoute) as problem:
            log.warning("a call could not be dialled", call=self.name, reason=str(problem))
            await self.put_down()
            return False
        return True

    async def put_down(self) -> None:
        with suppress(AriError, LineGone):
            await self.house.order(self.name, Hangup(ELDER))

    def _start_timer(self, seconds: float, fire: Callable[..., None], *told: Any) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, fire, *told)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
