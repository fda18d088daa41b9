"""The link to Asterisk as commands see it: what waits while there is none, and what is not worth trying afterwards."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from ivr.case import Case
from ivr.commands import Announce, Hangup, Join, LineCommand, MakeBridge, Record, RemoveBridge

LINK_PATIENCE = 20.0  # seconds without a link after which commands fail: a hung Asterisk is replaced within fifteen


class Standing:
    """Whether the link stands and its picture was taken in; not yet, at the start."""

    def __init__(self) -> None:
        self._stands = asyncio.Event()
        self._since: float | None = None  # loop time from which commands have waited

    @property
    def stands(self) -> bool:
        return self._stands.is_set()

    def lost(self) -> None:
        self._stands.clear()
        self._since = asyncio.get_running_loop().time()

    def restored(self) -> None:
        self._stands.set()

    async def wait(self) -> None:
        """Until it stands, or it has been away for so long that whoever waits must be told. Failed at once, every phone
        would count as tried in vain before Asterisk is back."""
        if self.stands:
            return
        now = asyncio.get_running_loop().time()
        if self._since is None:
            self._since = now
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, self._since + LINK_PATIENCE - now)):
                await self._stands.wait()


def pointless(case: Case, command: LineCommand) -> bool:
    """Decided before the lines broke off, for a line or a bridge that is not there any more."""
    match command:
        case Hangup() | RemoveBridge():
            return False
        case MakeBridge(place) | Record(place) | Announce(place):
            return place not in case.bridges
        case Join(_, place) if place not in case.bridges:
            return True
        case _:
            leg = case.leg(command.leg)
            return leg is not None and not leg.alive
