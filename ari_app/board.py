"""What consoles are told of the live cases: pictures as JSON text, made once for everybody and kept for whoever comes.

Making one takes about a millisecond, which the calls would wait for. So changes of one case become one picture; in a
storm pictures get a fixed share of the event loop and consoles are told later, never less: cases with an agent first,
then in the order in which they changed. Nobody waits for this.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ari_app.background import Background
from ari_app.bus import Bus
from ari_app.callers_first import CallersFirst
from ari_app.live import case_json
from ari_app.runner import CaseRun

PUBLISH_EVERY = 0.05  # seconds in which changes of one case become one message
PATIENCE = 0.05  # seconds for which such a message lets callers go first
AT_ONCE = 0.01  # seconds of pictures in one go, when there are many ...
PAUSE = 0.05  # ... and seconds until the next go: at most a sixth of the event loop is given to pictures


@dataclass(frozen=True, slots=True)
class _Due:
    """`at`: loop time from which the change is to be told."""

    run: CaseRun
    at: float


class Board:
    """`changed` may be called as often as something happens: a case is due once, however often it changes meanwhile."""

    def __init__(
        self, bus: Bus, *, callers_first: CallersFirst, background: Background, now: Callable[[], datetime]
    ) -> None:
        self._bus = bus
        self._callers_first = callers_first
        self._background = background
        self._now = now
        self._attended: dict[str, _Due] = {}  # in the order in which they are due
        self._waiting: dict[str, _Due] = {}
        self._pictures: dict[str, str] = {}
        self._telling = False

    @property
    def due(self) -> int:
        """How many cases have changed and are not told yet."""
        return len(self._attended) + len(self._waiting)

    def changed(self, run: CaseRun) -> None:
        case, due = run.case.id, _Due(run, asyncio.get_running_loop().time() + PUBLISH_EVERY)
        if any(run.case.agents):
            self._attended.setdefault(case, self._waiting.pop(case, due))
        elif case not in self._attended:
            self._waiting.setdefault(case, due)
        if not self._telling:
            self._telling = True
            self._background.spawn(self._tell(), "board")

    def forget(self, case: str) -> None:
        """Not live any more; consoles are told of that by others."""
        for kept in (self._attended, self._waiting, self._pictures):
            kept.pop(case, None)

    def clear(self) -> None:
        """Nothing more is told."""
        self._attended.clear()
        self._waiting.clear()

    def pictures(self, runs: Iterable[CaseRun]) -> Iterator[str]:
        """As they were told last: of what has changed since then a message follows."""
        for run in runs:
            yield self._pictures.get(run.case.id) or self._draw(run)

    async def _tell(self) -> None:
        pause = 0.0
        try:
            while self.due:
                await asyncio.sleep(max(pause, self._until_due()))
                await self._callers_first.pass_by(PATIENCE)
                pause = PAUSE if self._tell_some() else 0.0
        finally:
            self._telling = False

    def _until_due(self) -> float:
        """Seconds until the next case is due; negative when it is late."""
        firsts = [next(iter(row.values())).at for row in (self._attended, self._waiting) if row]
        return min(firsts) - asyncio.get_running_loop().time()

    def _tell_some(self) -> bool:
        """Whatever is due, as far as the time goes; True when it did not go far enough."""
        until = time.perf_counter() + AT_ONCE
        now = asyncio.get_running_loop().time()
        for row in (self._attended, self._waiting):
            while row and (first := next(iter(row.values()))).at <= now:
                if time.perf_counter() > until:
                    return True
                del row[first.run.case.id]
                self._bus.publish_text("case", self._draw(first.run))
        return False

    def _draw(self, run: CaseRun) -> str:
        text = self._pictures[run.case.id] = json.dumps(case_json(run, self._now()))
        return text
