"""The journal: every decision made durable, in order, off the call path. Many entries share one transaction.

While the database is away entries wait here and nobody else does; `durable` says whether something is on the record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from models.database import Database, DatabaseUnavailable
from models.journal import JournalEntry, Written, write

log = structlog.get_logger(__name__)
BATCH = 500
RETRY_FIRST, RETRY_LONGEST = 0.1, 5.0


class Journal:
    """`written` is called in the event loop with what a transaction brought about."""

    def __init__(self, database: Database, *, area_code: str, written: Callable[[Written], None]) -> None:
        self._database = database
        self._area_code = area_code
        self._written = written
        self._waiting: deque[JournalEntry] = deque()
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._done: dict[str, int] = {}
        self._progress = asyncio.Condition()
        self.problem = ""

    @property
    def lag(self) -> int:
        """How many entries are not on the record yet."""
        return len(self._waiting)

    def append(self, entry: JournalEntry) -> None:
        self._waiting.append(entry)
        self._empty.clear()
        self._more.set()

    async def durable(self, case: str, seq: int, timeout: float) -> bool:
        """Wait until this entry is on the record; False when it is not in time."""
        try:
            async with asyncio.timeout(timeout), self._progress:
                await self._progress.wait_for(lambda: self._done.get(case, 0) >= seq)
        except TimeoutError:
            return False
        return True

    def forget(self, case: str) -> None:
        self._done.pop(case, None)

    async def drain(self, timeout: float) -> bool:
        """Wait until everything is on the record, at most so long."""
        try:
            async with asyncio.timeout(timeout):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Write for ever; never gives up and never lets an entry go before it is written."""
        pause = RETRY_FIRST
        while True:
            await self._more.wait()
            batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
            try:
                await self._write(batch)
            except DatabaseUnavailable as away:
                self.problem = str(away)
                log.warning("the database is away; calls go on", waiting=len(self._waiting), reason=str(away))
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_LONGEST)
                continue
            self.problem, pause = "", RETRY_FIRST
            for _ in batch:
                self._waiting.popleft()
            if not self._waiting:
                self._more.clear()
                self._empty.set()

    async def _write(self, batch: list[JournalEntry]) -> None:
        async with self._database.write() as session:
            results = await write(session, batch, area_code=self._area_code)
        async with self._progress:
            for entry in batch:
                self._done[entry.case.id] = entry.seq
            self._progress.notify_all()
        for result in results:
            self._written(result)
