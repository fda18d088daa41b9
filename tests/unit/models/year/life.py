"""The course of a year: what is to happen is kept in a queue by its time, and done one after the other, the clock put
forward to each. What is done within a day is one transaction, which makes a year short.

Nobody here knows what the figures should be. Whoever does something says it to the log.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.complaint_rules import Person
from models.database import Database
from models.office_hours import OfficeHours

from .clock import Clock
from .log import Entry, Log, What

AREA = "021"
PAGE = "https://example.invalid/worker"
DESK, LEADER = "user:3", "user:5"
Deed = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a firm works, each a chance: visits that are too short, late at the door, the elder rung too late, nobody
    coming at all; complained about, and what elders say (satisfied, fairly so)."""

    short: float = 0.02
    late: float = 0.05
    slow: float = 0.05
    absent: float = 0.005
    complained: float = 0.02
    satisfied: float = 0.85
    fairly: float = 0.12


@dataclass
class Life:
    """`calling`: the chance of calls and their reviews. `staff`: user's number to the person. `busy`: when a worker has
    an appointment. `gone`: orders that nobody goes on with, because the elder has died. `unlocked`: months that were
    reckoned, the oldest first."""

    db: Database
    clock: Clock
    chance: random.Random
    policy: Policy
    log: Log
    calling: random.Random
    staff: dict[int, Person] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    manners: dict[int, Manner] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    busy: set[tuple[int, datetime]] = field(default_factory=set)
    keys: count[int] = field(default_factory=count)
    unlocked: list[str] = field(default_factory=list)
    _queue: list[tuple[datetime, int, Deed]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)
    _session: AsyncSession | None = None

    @property
    def now(self) -> datetime:
        return self.clock.now

    @property
    def today(self) -> date:
        return self.clock.today

    @property
    def session(self) -> AsyncSession:
        """The transaction of what is being done."""
        assert self._session is not None
        return self._session

    @property
    def office(self) -> OfficeHours:
        """The hours that are worked, on the days that the log does not call free."""
        first = date(self.today.year - 1, 1, 1)
        days = [first + timedelta(days=number) for number in range(3 * 366)]
        return OfficeHours(*self.log.hours, days={day: day not in self.log.free for day in days})

    def say(self, what: What, **facts: object) -> None:
        """Into the log, as of now."""
        self.log.entries.append(Entry(self.now, what, **facts))  # type: ignore[arg-type]

    def at(self, when: datetime, deed: Deed) -> None:
        heappush(self._queue, (when, next(self._number), deed))

    def after(self, minutes: float, deed: Deed) -> None:
        self.at(self.now + timedelta(minutes=minutes), deed)

    def between(self, first: float, last: float) -> float:
        return self.chance.uniform(first, last)

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    async def until(self, when: datetime) -> None:
        """Do all that is to be done until then."""
        async with self.db.write() as session:
            self._session = session
            while self._queue and self._queue[0][0] <= when:
                at, _, deed = heappop(self._queue)
                self.clock.now = max(self.now, at)
                await deed()
            self._session = None
        self.clock.now = max(self.now, when)
