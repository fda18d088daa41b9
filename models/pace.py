"""How much is written at once: little enough that nobody else waits long for SQLite, which has one writer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

HELD: Final = 0.05  # seconds that a batch may keep other writers away
RESTS: Final = 0.05  # seconds between batches, or as long as the last one took: who waits looks every 25 ms or so
_FEWEST, _MOST = 5, 100


@dataclass(slots=True)
class Pace:
    """`size`: how many rows the next batch has, so that it takes about `HELD`; `rests`: whether others need a rest
    between batches; `longest` is how long one has taken, in seconds."""

    rests: bool
    size: int = 20
    longest: float = 0.0

    async def took(self, seconds: float, rows: int) -> None:
        """A batch of so many rows took so long; back after the rest."""
        self.longest = max(self.longest, seconds)
        fitting = int(rows * HELD / max(seconds, 0.001))
        self.size = max(_FEWEST, min(_MOST, fitting, self.size * 2))
        if self.rests:
            await asyncio.sleep(max(RESTS, seconds))
