"""The row at the desk: who waits for a seat, in the order in which they are served. Plain and synchronous.

In a storm a thousand cases stand here, and every seat that becomes free is given away in the same turn of the event
loop: nothing here looks at all of them without need.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ivr.commands import FindSeat
from ivr.vocabulary import Role, Urgency

_URGENCIES = tuple(Urgency)
_ROLES = tuple(Role)
Order = tuple[int, int, datetime]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A seat that a case looks for; `since` it does."""

    case: str
    seat: FindSeat
    since: datetime

    @property
    def key(self) -> tuple[str, Role]:
        return self.case, self.seat.role

    @property
    def order(self) -> Order:
        """Who is served first: emergencies before all else (K8), A before B before X, then who has waited longest."""
        return _URGENCIES.index(self.seat.urgency), _ROLES.index(self.seat.role), self.since


class Row:
    """Each case stands here at most once for each role. No bound but the number of open cases: nobody is refused."""

    def __init__(self) -> None:
        self._line: list[Wanted] = []
        self._orders: list[Order] = []  # of the same, so that a place is found by bisection
        self._known: dict[tuple[str, Role], Wanted] = {}
        self._any_seat = 0
        self._ordinary = 0
        self._emergencies = 0

    def __iter__(self) -> Iterator[Wanted]:
        return iter(self._line)

    def __len__(self) -> int:
        return len(self._line)

    @property
    def any_seat(self) -> bool:
        """Somebody here would take whatever seat there is."""
        return self._any_seat > 0

    @property
    def ordinary(self) -> bool:
        """An ordinary call waits here."""
        return self._ordinary > 0

    @property
    def emergency(self) -> bool:
        """An alarm waits here for its agent."""
        return self._emergencies > 0

    def get(self, case: str, role: Role) -> Wanted | None:
        return self._known.get((case, role))

    def add(self, wanted: Wanted) -> int:
        """Behind those who are served first, and those of the same rank; how many these are. Instead of what the case
        wanted in this role before."""
        self.remove(wanted.case, wanted.seat.role)
        ahead = bisect_right(self._orders, wanted.order)
        self._orders.insert(ahead, wanted.order)
        self._line.insert(ahead, wanted)
        self._known[wanted.key] = wanted
        self._any_seat += wanted.seat.any_seat
        self._ordinary += wanted.seat.urgency is Urgency.ORDINARY
        self._emergencies += _is_alarm(wanted)
        return ahead

    def remove(self, case: str, role: Role) -> None:
        """Nothing happens when it does not stand here."""
        wanted = self._known.pop((case, role), None)
        if wanted is None:
            return
        at = bisect_left(self._orders, wanted.order)
        while self._line[at] is not wanted:
            at += 1
        del self._line[at], self._orders[at]
        self._any_seat -= wanted.seat.any_seat
        self._ordinary -= wanted.seat.urgency is Urgency.ORDINARY
        self._emergencies -= _is_alarm(wanted)


def _is_alarm(wanted: Wanted) -> bool:
    return wanted.seat.role is Role.A and wanted.seat.urgency is Urgency.EMERGENCY
