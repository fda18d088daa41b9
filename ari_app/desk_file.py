"""The small file that tells the ladder which seats were ready last; rewritten when that changes, off the call path."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from ari_app.desk import Seat, SeatState
from dialplan.agi import desk
from home.asterisk_render import write_private
from ivr.policy import Policy

log = structlog.get_logger(__name__)
PAUSE = 0.2  # seconds in which changes of several seats become one writing


class DeskFile:
    """`policy` and `seats` are those of the moment. `keep` makes it live."""

    def __init__(self, file: Path, policy: Callable[[], Policy], seats: Callable[[], list[Seat]]) -> None:
        self._file = file
        self._policy = policy
        self._seats = seats
        self._changed = asyncio.Event()
        self._changed.set()

    def changed(self) -> None:
        self._changed.set()

    async def keep(self) -> None:
        """For ever: write what is new."""
        last = ""
        while True:
            await self._changed.wait()
            self._changed.clear()
            ready = frozenset(seat.extension for seat in self._seats() if seat.state is SeatState.READY)
            text = desk.text_of(ready, self._policy())
            if text != last:
                try:
                    await asyncio.to_thread(write_private, self._file, text)
                    last = text
                except OSError as problem:
                    log.warning("the desk's file cannot be written", reason=type(problem).__name__)
            await asyncio.sleep(PAUSE)
