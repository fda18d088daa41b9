"""A clock that jumps: when everybody waits, the next timer is due at once. Hours pass in milliseconds, in order.

For tests without sockets and threads: whatever the outside world has to do would look infinitely slow.
"""

from __future__ import annotations

import asyncio
import selectors


class _Jumping(selectors.DefaultSelector):
    """Never waits for a timer: moves the clock instead."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


async def settled() -> None:
    """Everything that can happen without time passing has happened."""
    await asyncio.sleep(0.000_1)


async def passes(seconds: float) -> None:
    """So much time passes, with all that is due in it."""
    await asyncio.sleep(seconds)
    await settled()
