"""Agents whose phone in the page broke off in the middle of a call: F5, a crashed tab, a moment without network. They
keep their seat in the case, and the case waits some seconds for them before another seat is looked for; the elder hears
words and music meanwhile. Plain and synchronous, in front of the desk.

A controller that takes over in these seconds does not know of it: the case looks for any ready seat, as it always does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ari_app.desk import Desk, Seat
from ari_app.phones import Phones
from ivr.case import Case
from ivr.commands import FindSeat
from ivr.vocabulary import LegKind, Role, SeatRelease

SPOKE = timedelta(seconds=4)  # a line that held so long was a line: without any sound Asterisk ends it before
SETTLES = 1.0  # seconds: the end of a page that is closed is told a moment after that of its call


@dataclass(slots=True)
class _Away:
    case: str
    role: Role
    timers: tuple[asyncio.TimerHandle, ...]
    wanted: FindSeat | None = None


class Returning:
    """`within` seconds. `reserved(case, role, seat)`: the agent is back for this search; `find(case, search)`: they are
    not, and any seat will do."""

    def __init__(
        self,
        desk: Desk,
        phones: Phones,
        *,
        within: float,
        reserved: Callable[[str, Role, Seat], None],
        find: Callable[[str, FindSeat], None],
    ) -> None:
        self._desk = desk
        self._phones = phones
        self.within = within
        self._reserved = reserved
        self._find = find
        self._away: dict[str, _Away] = {}

    def broke(self, case: Case, extension: str) -> None:
        """The seat's line in this case broke off. A telephone on a desk is not expected back so soon, and a page whose
        sound never came through would break off again."""
        seat = self._desk.seat(extension)
        expected = self.within and self._phones.in_page(extension) and _held(case, extension) >= SPOKE
        if seat.case != case.id or seat.role is None or not expected:
            self._desk.release(case.id, extension, SeatRelease.TALKED)
            return
        loop = asyncio.get_running_loop()
        timers = (
            loop.call_later(min(SETTLES, self.within), self.is_there, extension),
            loop.call_later(self.within, self._give_up, extension),
        )
        self._away[extension] = _Away(case.id, seat.role, timers)
        self._desk.rings(case.id, extension)

    def waits(self, case: str, search: FindSeat) -> bool:
        """This search is for the agent who is expected back: it is kept until they are, or it is given up."""
        for away in self._away.values():
            if (away.case, away.role) == (case, search.role):
                away.wanted = search
                return True
        return False

    def is_there(self, extension: str) -> None:
        """The page has its phone again, or never lost it."""
        away = self._away.get(extension)
        if away is not None and away.wanted is not None and self._phones.page_is_open(extension):
            self._forget(extension)
            self._reserved(away.case, away.role, self._desk.seat(extension))

    def stop(self, case: str, role: Role | None = None) -> None:
        """The case looks for nobody any more, or not for this role: the seat has nothing to come back to."""
        for extension, away in tuple(self._away.items()):
            if away.case == case and role in {None, away.role}:
                away.wanted = None
                self._give_up(extension)

    def _give_up(self, extension: str) -> None:
        away = self._forget(extension)
        self._desk.release(away.case, extension, SeatRelease.TALKED)
        if away.wanted is not None:
            self._find(away.case, away.wanted)

    def _forget(self, extension: str) -> _Away:
        away = self._away.pop(extension)
        for timer in away.timers:
            timer.cancel()
        return away


def _held(case: Case, extension: str) -> timedelta:
    """How long the seat's last line in this case was up."""
    lines = (leg for leg in reversed(case.legs) if leg.kind is LegKind.SEAT and leg.number == extension)
    line = next(lines, None)
    if line is None or line.answered_at is None or line.ended_at is None:
        return timedelta(0)
    return line.ended_at - line.answered_at
