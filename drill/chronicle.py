"""What happened in the town, in order, with times: the one record that scripts and tests wait on and print.

Only facts that somebody in the town could see or hear. Never wait here by looking again and again: `wait` is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

PATIENCE = 10.0  # seconds for what happens at once, where nothing is claimed about time: a machine may be busy


class NotSeen(AssertionError):
    """Something did not happen within its time; the text tells who waited for what, and what did happen."""


@dataclass(frozen=True, slots=True)
class Note:
    """One fact. `clock` is the monotonic clock in seconds, `at` the time of day in UTC, `line` the call's id."""

    who: str
    what: str
    detail: str = ""
    line: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S}.{self.at.microsecond // 1000:03d} {self.who} {self.what} {self.detail}".rstrip()


class Chronicle:
    """All notes of a town, and those who wait for one."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self._waiting: list[tuple[Callable[[Note], bool], asyncio.Future[Note]]] = []
        self._listeners: list[Callable[[Note], None]] = []

    def write(self, note: Note) -> None:
        self.notes.append(note)
        for listener in self._listeners:
            listener(note)
        for wanted, future in [pair for pair in self._waiting if not pair[1].done()]:
            if wanted(note):
                future.set_result(note)
        self._waiting = [pair for pair in self._waiting if not pair[1].done()]

    def listen(self, listener: Callable[[Note], None]) -> None:
        """`listener` is called with each further note, at once; it must not block."""
        self._listeners.append(listener)

    def find(self, who: str, what: str, *, after: float = 0.0, detail: str | None = None) -> Note | None:
        """The first such note whose clock is later than `after`."""
        return next((note for note in self.notes if _is(note, who, what, after, detail)), None)

    async def wait(self, who: str, what: str, *, within: float, after: float = 0.0, detail: str | None = None) -> Note:
        """The first such note after `after`, now or within that many seconds. Raises NotSeen."""
        found = self.find(who, what, after=after, detail=detail)
        if found is not None:
            return found
        future: asyncio.Future[Note] = asyncio.get_running_loop().create_future()
        self._waiting.append((lambda note: _is(note, who, what, after, detail), future))
        try:
            async with asyncio.timeout(within):
                return await future
        except TimeoutError:
            told = "; ".join(str(note) for note in self.notes if note.who == who and note.clock > after)
            raise NotSeen(
                f"{who}: {what}{f' {detail}' if detail else ''} not within {within:g} s; seen: {told or 'nothing'}"
            ) from None
        finally:
            self._waiting = [pair for pair in self._waiting if pair[1] is not future]


def _is(note: Note, who: str, what: str, after: float, detail: str | None) -> bool:
    return note.who == who and note.what == what and note.clock > after and detail in (None, note.detail)
