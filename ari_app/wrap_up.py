"""The time after a talk in which a seat is not rung: it ends by itself, by hand, or is prolonged once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from ari_app.desk import Desk, Seat
from ivr.policy import Policy


class NotProlonged(Exception):
    """This wrap-up cannot be prolonged; the text is the code: `no_wrap_up`, `already_done`."""


class WrapUps:
    """One clock for each seat that wraps up. `desk` is asked for when a clock runs out."""

    def __init__(self, policy: Policy, now: Callable[[], datetime], desk: Callable[[], Desk]) -> None:
        self.policy = policy
        self._now = now
        self._desk = desk
        self._clocks: dict[str, asyncio.TimerHandle] = {}

    def started(self, seat: Seat) -> None:
        """A new one, or one that a former boot began: that has an end already, and no clock."""
        now = self._now()
        if seat.wrap_up_ends is None or seat.wrap_up_ends <= now or seat.extension in self._clocks:
            seat.wrap_up_ends = now + timedelta(seconds=self.policy.wrap_up)
        self._run(seat, (seat.wrap_up_ends - now).total_seconds())

    def prolong(self, extension: str) -> None:
        """As long again as policy says, once.

        Raises:
            UnknownSeat: there is no such seat.
            NotProlonged: it does not wrap up, or was given more time already.
        """
        seat = self._desk().seat(extension)
        clock = self._clocks.get(extension)
        if not seat.wrapping_up or seat.wrap_up_ends is None or clock is None:
            raise NotProlonged("no_wrap_up")
        if seat.prolonged or not self.policy.wrap_up_more:
            raise NotProlonged("already_done")
        left = clock.when() - asyncio.get_running_loop().time()
        seat.wrap_up_ends += timedelta(seconds=self.policy.wrap_up_more)
        self._run(seat, max(0.0, left) + self.policy.wrap_up_more)
        self._desk().prolonged(extension)

    def close(self) -> None:
        for clock in self._clocks.values():
            clock.cancel()
        self._clocks.clear()

    def _run(self, seat: Seat, seconds: float) -> None:
        running = self._clocks.pop(seat.extension, None)
        if running is not None:
            running.cancel()
        over = asyncio.get_running_loop().call_later(seconds, self._over, seat, seat.idle_since)
        self._clocks[seat.extension] = over

    def _over(self, seat: Seat, began: datetime) -> None:
        """A clock that somebody has not waited for ends no later wrap-up."""
        del self._clocks[seat.extension]
        if seat.idle_since == began and seat.extension in self._desk().seats:
            self._desk().wrap_up_done(seat.extension)
