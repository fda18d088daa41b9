"""The journal: every decision made durable, in order, off the call path. Many entries share one transaction.

While the database is away, locked or slow, entries wait here and nobody else does. What waits for long is put into a
file as well (`spill.py`), so that it outlives this process; `durable` says whether something is on the record or there.
An entry that the database refuses for good is set aside in another file: it blocks no other and is not lost either.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy.exc import InternalError, NotSupportedError, ProgrammingError

from ari_app.callers_first import CallersFirst
from ari_app.lease import LeaseLost, Ownership
from ari_app.spill import Spill
from models.database import Database, DatabaseUnavailable
from models.journal import JournalEntry, Written, write
from models.journal_entry import command_json
from models.text import Json, plain_json

log = structlog.get_logger(__name__)
BATCH = 500
LINGER = 0.05  # seconds in which more entries may join a transaction: each costs as much as twenty entries
SPILL_AFTER = 0.5  # seconds that an entry waits for the database alone
LATE = 3.0  # seconds of waiting for a database that takes writes, from which on it counts as a fault
SPILL_AT_ONCE = 50  # entries: making their lines takes the processor from the calls
RETRY_FIRST, RETRY_LONGEST = 0.1, 5.0
# What is wrong with the database as a whole (no such table, read-only), not with what we write: it is waited for.
_NOT_NOW = (DatabaseUnavailable, ProgrammingError, InternalError, NotSupportedError)


class Journal:
    """`written` is called in the event loop with what a transaction brought about; `set_aside` is the file for entries
    that the database refuses. Two tasks make it live: `run` and `keep_spill`."""

    def __init__(
        self,
        database: Database,
        *,
        area_code: str,
        written: Callable[[Written], None],
        set_aside: Path,
        spill: Spill,
        callers_first: CallersFirst,
        ownership: Ownership,
    ) -> None:
        self._database = database
        self._area_code = area_code
        self._written = written
        self._set_aside = set_aside
        self.spill = spill
        self._callers_first = callers_first
        self._ownership = ownership
        self._waiting: deque[JournalEntry] = deque()
        self._since: deque[float] = deque()  # loop times at which those entries came
        self._gone = 0  # how many entries have left `_waiting` ...
        self._spilled = 0  # ... and how many of all are in the spill, or came after what is there
        self._spill_problem = ""
        self._spilling = asyncio.Lock()
        self._more = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._hurried = 0
        self._hurry = asyncio.Event()
        self._done: dict[str, int] = {}
        self._progress = asyncio.Condition()
        self._away = ""
        self.refused = 0  # entries that were set aside since the start

    @property
    def lag(self) -> int:
        """How many entries are not on the record yet."""
        return len(self._waiting)

    @property
    def lag_seconds(self) -> float:
        """How long the first of them has waited."""
        return asyncio.get_running_loop().time() - self._since[0] if self._since else 0.0

    @property
    def spill_used(self) -> bool:
        return self._spilled > 0

    @property
    def database_up(self) -> bool:
        return not self._away

    @property
    def problems(self) -> list[str]:
        """What does not work now, in plain words."""
        found = [f"database: {self._away}; {self.lag} entries wait"] if self._away else []
        if not self._away and (late := self.lag_seconds) > LATE:
            found.append(f"journal: {self.lag} entries wait, the first for {late:.0f} s")
        if self._spill_problem:
            found.append(f"spill: what waits cannot be kept in {self.spill.file.name}: {self._spill_problem}")
        if self._set_aside.exists():
            found.append(f"set_aside: the database refused entries; see {self._set_aside.name} in the home folder")
        return found

    def append(self, entry: JournalEntry) -> None:
        self._waiting.append(entry)
        self._since.append(asyncio.get_running_loop().time())
        self._empty.clear()
        self._more.set()

    async def durable(self, case: str, seq: int, timeout: float) -> bool:
        """Wait until this entry is on the record or in the spill; False when it is not in time."""
        try:
            async with asyncio.timeout(timeout), self._in_a_hurry(), self._progress:
                await self._progress.wait_for(lambda: self._done.get(case, 0) >= seq)
        except TimeoutError:
            return False
        return True

    def is_durable(self, case: str, seq: int) -> bool:
        """Whether this entry is on the record or in the spill."""
        return self._done.get(case, 0) >= seq

    def inherit(self, case: str, seq: int) -> None:
        """So far the case is on the record or in the spill, since a former boot."""
        self._done[case] = seq

    def forget(self, case: str) -> None:
        self._done.pop(case, None)

    async def drain(self, timeout: float) -> bool:
        """Wait until everything is on the record, at most so long; what is left then goes into the spill. Says whether
        all is on the record. What was decided before another controller took over is that one's to find out."""
        if self._ownership.lost:
            log.warning("entries are left to the controller that has taken over", entries=self.lag)
            return False
        try:
            async with asyncio.timeout(timeout), self._in_a_hurry():
                await self._empty.wait()
        except TimeoutError:
            try:
                while await self._spill_some():
                    pass
            except (OSError, LeaseLost) as problem:
                log.error("entries are lost that neither database nor spill took", reason=type(problem).__name__)
            return False
        with suppress(OSError):
            await self._clear_spill()
        return True

    @asynccontextmanager
    async def _in_a_hurry(self) -> AsyncIterator[None]:
        """While somebody waits for the record, nothing lingers."""
        self._hurried += 1
        self._hurry.set()
        try:
            yield
        finally:
            self._hurried -= 1
            if not self._hurried:
                self._hurry.clear()

    async def run(self) -> None:
        """Write for ever; never gives up and never lets an entry go before it is written somewhere."""
        pause = RETRY_FIRST
        singly = 0  # so many of the next entries go one by one, because together they were refused
        while True:
            await self._more.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), LINGER)
            if not self._hurried:
                await self._callers_first.pass_by(LINGER)
            size = 1 if singly else min(BATCH, len(self._waiting))
            batch = [self._waiting[i] for i in range(size)]
            try:
                singly = await self._try(batch, singly)
            except (*_NOT_NOW, OSError) as away:
                self._away = str(away) if isinstance(away, DatabaseUnavailable) else type(away).__name__
                log.warning("the database is away; calls go on", waiting=len(self._waiting), reason=self._away)
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_LONGEST)
                continue
            self._away, pause = "", RETRY_FIRST

    async def _try(self, batch: list[JournalEntry], singly: int) -> int:
        """Write the batch, or find out which entry of it is refused; how many are still to be tried singly."""
        try:
            results = await self._write(batch)
        except (*_NOT_NOW, OSError, LeaseLost):
            raise
        except Exception as refused:  # noqa: BLE001 - whatever else is wrong is wrong with one entry: it must block no other
            if len(batch) > 1:
                return len(batch)
            await asyncio.to_thread(self._put_aside, batch[0], refused)
            self.refused += 1
            log.error("an entry was set aside", case=batch[0].case.id, seq=batch[0].seq, reason=type(refused).__name__)
            results = []
        for _ in batch:
            self._waiting.popleft()
            self._since.popleft()
        self._gone += len(batch)
        if not self._waiting:
            self._more.clear()
            self._empty.set()
        for result in results:
            self._written(result)
        return max(0, singly - len(batch))

    async def _write(self, batch: list[JournalEntry]) -> list[Written]:
        async with self._database.write() as session:
            await self._ownership.fence(session)
            results = await write(session, batch, area_code=self._area_code)
        await self._now_durable(batch)
        return results

    async def _now_durable(self, entries: Iterable[JournalEntry]) -> None:
        async with self._progress:
            for entry in entries:
                self._done[entry.case.id] = max(entry.seq, self._done.get(entry.case.id, 0))
            self._progress.notify_all()

    # --- what waits for long ------------------------------------------------------------------------------------

    async def restore(self) -> int:
        """Take over what a former boot could not put on record any more; how many entries that was. Raises OSError."""
        left = await asyncio.to_thread(self.spill.read)
        for line in left.spoilt:
            await asyncio.to_thread(self._keep_aside, {"reason": "a line that could not be read", "line": line})
        for entry in left.entries:
            self.append(entry)
        if left.entries:
            self._spilled = self._gone + len(self._waiting)
        elif left.spoilt:
            await asyncio.to_thread(self.spill.clear)
        return len(left.entries)

    @property
    def waiting(self) -> tuple[JournalEntry, ...]:
        """What is not on record yet, in order."""
        return tuple(self._waiting)

    async def keep_spill(self) -> None:
        """For ever: put into the spill what has waited for long, and remove the spill when all of it is on record."""
        while True:
            if not self._spilled:
                if not self._waiting:
                    self._spill_problem = ""
                await self._more.wait()
            await asyncio.sleep(SPILL_AFTER / 5)
            late = asyncio.get_running_loop().time() - SPILL_AFTER
            try:
                while self._since and self._since[0] < late and await self._spill_some():
                    await self._callers_first.pass_by(LINGER)
                await self._clear_spill()
                self._spill_problem = ""
            except LeaseLost:
                raise
            except Exception as problem:
                # The outermost guard: without its second leg the journal still stands on the database.
                if not self._spill_problem:
                    log.exception("the journal's spill cannot be written")
                self._spill_problem = type(problem).__name__
                await asyncio.sleep(RETRY_LONGEST)

    async def _spill_some(self) -> bool:
        """Some of what waits and is not there yet; False when there is nothing. Raises OSError."""
        await self._ownership.interlock()
        async with self._spilling:
            known = max(0, self._spilled - self._gone)
            fresh = list(islice(self._waiting, known, known + SPILL_AT_ONCE))
            if not fresh:
                return False
            until = self._gone + known + len(fresh)
            kept = await asyncio.to_thread(self.spill.put, fresh)
            self._spilled = until
            await self._now_durable(kept)
            return True

    async def _clear_spill(self) -> None:
        """Nothing is needed there once the database has all of it. Raises OSError."""
        async with self._spilling:
            if self._spilled and self._gone >= self._spilled:
                await asyncio.to_thread(self.spill.clear)
                self._spilled = 0

    # --- what the database refuses ------------------------------------------------------------------------------

    def _put_aside(self, entry: JournalEntry, refused: Exception) -> None:
        """One line of JSON, for nobody but the operator to read."""
        body: dict[str, Json] = {
            "case": entry.case.id,
            "seq": entry.seq,
            "at": plain_json(entry.at),
            "event": entry.event,
            "actor": entry.actor,
            "cause": entry.cause,
            "data": plain_json(entry.data),
            "commands": [command_json(command) for command in entry.commands],
            "reason": f"{type(refused).__name__}: {refused}",
        }
        self._keep_aside(body)

    def _keep_aside(self, body: dict[str, Json]) -> None:
        line = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        file = os.open(self._set_aside, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, line)
            os.fsync(file)
        finally:
            os.close(file)
