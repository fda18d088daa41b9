"""Who calls when, and for how long they wait. Plain data from a seed: the same storm each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

SEED = 7
_PATIENCE = (8.0, 22.0)  # seconds after which somebody who is not patient hangs up


class StormFailed(Exception):
    """The storm could not be blown to its end; the text says why, in Chinese and English."""


@dataclass(frozen=True, slots=True)
class Storm:
    """`calls` within `seconds`, then `rate` a second for `during` seconds; every `stays`th caller waits until the end,
    the others hang up before long. `seats` agents answer after `ring` seconds and talk for `talk`. `goes_on`: for how
    long they do after the last call has come; `settles`: how long the platform may take until everything is as before;
    `at_once`: callers who are on the line together at the most, where that is not all.
    All times in seconds."""

    calls: int = 200
    seconds: float = 10.0
    rate: float = 20.0
    during: float = 60.0
    seats: int = 8
    ring: float = 0.5
    talk: float = 4.0
    wrap_up: float = 1.0
    stays: int = 10
    goes_on: float = 45.0
    settles: float = 90.0
    at_once: int | None = None

    @property
    def most_at_once(self) -> int:
        """How many callers may be on the line together: sockets and ports for so many are needed."""
        return self.callers if self.at_once is None else min(self.at_once, self.callers)

    @property
    def callers(self) -> int:
        return self.calls + round(self.rate * self.during)

    @property
    def arrivals(self) -> float:
        """Seconds from the first call to the last."""
        return self.seconds + self.during


@dataclass(frozen=True, slots=True)
class Arrival:
    """One caller: seconds from the start, and for how long they wait for a person; None: until the end."""

    number: int
    at: float
    patience: float | None


def arrivals(storm: Storm) -> Iterator[Arrival]:
    """In order of time; callers are numbered from 1."""
    chance = random.Random(SEED)
    for number in range(1, storm.callers + 1):
        first = number <= storm.calls
        at = (
            (number - 1) * storm.seconds / storm.calls if first else storm.seconds + (number - storm.calls) / storm.rate
        )
        patience = chance.uniform(*_PATIENCE)
        yield Arrival(number, at, None if number % storm.stays == 0 else patience)
