"""The timers of one case: which run, and when each fires."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from ivr.commands import Timer


class CaseTimers:
    """`fired` is called with a timer that has run out. `due`: when each of those that run does."""

    def __init__(self, now: Callable[[], datetime], fired: Callable[[Timer], None]) -> None:
        self.due: dict[Timer, datetime] = {}
        self._now = now
        self._fired = fired
        self._running: dict[Timer, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, timer: Timer, seconds: float) -> None:
        """Anew, where it runs already."""
        self.stop(timer)
        self._running[timer] = asyncio.get_running_loop().call_later(seconds, self._fire, timer)
        self.due[timer] = self._now() + timedelta(seconds=seconds)

    def stop(self, timer: Timer) -> None:
        self.due.pop(timer, None)
        running = self._running.pop(timer, None)
        if running is not None:
            running.cancel()

    def stop_all(self) -> None:
        for timer in list(self._running):
            self.stop(timer)

    def _fire(self, timer: Timer) -> None:
        del self._running[timer], self.due[timer]
        self._fired(timer)
