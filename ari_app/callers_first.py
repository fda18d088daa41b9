"""Callers first: what may wait a moment (pictures for screens, the register, the journal) waits while a caller is being
answered, so that a pick-up meets a free event loop also when calls come thick and fast."""

from __future__ import annotations

import asyncio
from contextlib import suppress

LONGEST = 0.3  # seconds after which a caller counts no more: they will be answered late, or by somebody else


class CallersFirst:
    """Who is being answered: from the moment a call is offered until Asterisk has answered it."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}  # channel -> loop time, the longest first
        self._nobody = asyncio.Event()
        self._nobody.set()

    def offered(self, channel: str) -> None:
        self._since.pop(channel, None)
        self._since[channel] = asyncio.get_running_loop().time()
        self._nobody.clear()

    def served(self, channel: str) -> None:
        """Answered, or not ours to answer."""
        self._since.pop(channel, None)
        if not self._since:
            self._nobody.set()

    @property
    def waiting(self) -> bool:
        """Whether a caller is being answered at this moment."""
        expired = asyncio.get_running_loop().time() - LONGEST
        for channel, since in tuple(self._since.items()):
            if since > expired:
                break
            self.served(channel)
        return bool(self._since)

    async def pass_by(self, at_most: float) -> None:
        """Wait until no caller is being answered, at most so many seconds."""
        if self.waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._nobody.wait(), at_most)
