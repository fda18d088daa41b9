"""The watch over the records that the dialplan leaves of calls (`dialplan/agi/record.py`): none lost, none told twice.

Every call has a record before it is offered to anybody. It is removed once the call's case is on record, also while
people talk, and nobody hears of it: that is all there is to an ordinary call. What is left becomes a case, each record
one, when its call is over: it came while no controller was there, or one died with the call in its hands.

A record is claimed by a lock on its file, which the kernel lets go of when we die, and removed only once its case is on
record. The case's id follows from the call's channel: whoever finds the record again after a crash finds the case, too.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import structlog

from ari_app.ari import AriError, Client, NotFound
from ari_app.lines import Lines
from ari_app.reception import Reception
from dialplan.agi import record
from dialplan.agi.record import Record
from models.database import Database, DatabaseUnavailable
from models.queries.calls import calls_on_record

log = structlog.get_logger(__name__)
LOOK_EVERY = 1.0  # seconds: so long, about, is there a record of a call whose case is on record
SHARE, LONGEST = 0.2, 10.0  # of the time at most goes into looking: each call that is not over costs a request; seconds
AT_ONCE = 20  # records: each waits for the journal
UNREADABLE = ".unreadable"


class House(Protocol):
    """What the watch needs of the controller."""

    reception: Reception
    lines: Lines
    link_problem: str


class Ladder:
    """`watch` makes it live. `folder` is where the dialplan leaves the records."""

    def __init__(self, folder: Path, *, client: Client, database: Database, house: House) -> None:
        self._folder = folder
        self._ari = client
        self._database = database
        self._house = house
        self._over: set[str] = set()  # channels that were gone when we looked last

    async def watch(self) -> None:
        """For ever; who got nobody is called back, in the order in which they called."""
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except Exception:
                # The outermost guard: what is wrong with one look must not keep us from the next.
                log.exception("the ladder's records cannot be looked through")
            pause = (time.monotonic() - began) / SHARE
            await asyncio.sleep(min(max(LOOK_EVERY, pause), LONGEST))

    async def look(self) -> None:
        """Records of calls that are on record are removed; every other whose call is over becomes a case."""
        if self._house.link_problem:
            return  # nobody can be rung, and nobody knows who is still on the line
        found = await asyncio.to_thread(_records, self._folder)
        settled = await self._let_go([call for call in found.values() if call is not None])
        # A call that came to us in the end is not asked for: whoever looks after its line knows when it is over.
        ours = settled | self._house.lines.inbound.keys()
        files = [file for file in found if file.stem not in ours]
        self._over &= {file.stem for file in files}
        for at in range(0, len(files), AT_ONCE):
            await asyncio.gather(*map(self._look_at, files[at : at + AT_ONCE]))

    async def _let_go(self, calls: Sequence[Record]) -> set[str]:
        """Of these calls nobody has more to tell than that they came. Removes the records of those that are on record;
        says which are in a case, whether that is on record already or not. One question for all others."""
        if not calls:
            return set()
        reception = self._house.reception
        live = reception.calls()
        ours = {call.channel: live[call.channel] for call in calls if call.channel in live}
        done = {channel for channel, run in ours.items() if reception.is_durable(run, channel)}
        done |= await self._on_record([call for call in calls if call.channel not in ours])
        if done:
            await asyncio.to_thread(_remove, [self._folder / f"{channel}{record.SUFFIX}" for channel in done])
        return done | ours.keys()

    async def _look_at(self, file: Path) -> None:
        try:
            with _claimed(file) as is_ours:
                if is_ours and await self._is_over(file.stem):
                    await self._take(file)
        except OSError as problem:
            log.error("a record of the ladder cannot be read or removed", reason=type(problem).__name__)

    async def _is_over(self, channel: str) -> bool:
        """Whoever is on the line is served by the dialplan, and offered to us by it. Looked at twice: that a controller
        has taken the call may be on its way to us when its end is known."""
        try:
            await self._ari.channels.get(channelId=channel)
        except NotFound:
            seen = channel in self._over
            self._over.add(channel)
            return seen
        except AriError as problem:
            log.info("a call of the ladder could not be looked for", reason=str(problem))
        return False

    async def _take(self, file: Path) -> None:
        """Raises OSError."""
        told = await asyncio.to_thread(record.read, file)
        on_record = bool(await self._on_record([told or record.of_channel(file.stem)]))
        if told is not None:
            done = await self._house.reception.ladder(told, on_record=on_record)
        else:  # somebody who was still being asked has said something after the record was taken
            done = on_record or self._house.reception.has_call(file.stem)
        if done:
            await asyncio.to_thread(file.unlink)
        elif told is None:
            log.error("a record of the ladder does not say whose call it was")
            await asyncio.to_thread(file.rename, file.with_suffix(UNREADABLE))

    async def _on_record(self, calls: Sequence[Record]) -> set[str]:
        """The channels of those that a case has, perhaps one that lives no more. While the database is away nobody can
        know; the elder is not to wait for that."""
        if not calls:
            return set()
        try:
            async with self._database.read() as session:
                return await calls_on_record(session, calls)
        except DatabaseUnavailable as away:
            log.warning("calls of the dialplan cannot be looked up", reason=str(away))
            return set()


def _records(folder: Path) -> dict[Path, Record | None]:
    """Those who called first come first. What is told, where that is nothing but that the call came."""
    found = []
    with suppress(FileNotFoundError):
        for file in folder.iterdir():
            if file.suffix == record.SUFFIX:
                with suppress(OSError):  # removed meanwhile; what cannot be read is told of when it is looked at
                    found.append((file.stat().st_ctime_ns, file))
    return {file: _arrival(file) for _, file in sorted(found)}


def _arrival(file: Path) -> Record | None:
    try:
        told = record.read(file) if record.only_arrived(file) else None
    except OSError:
        return None
    return told if told is not None and told.channel == file.stem else None


def _remove(files: Iterable[Path]) -> None:
    """What cannot be removed now is found again at the next look."""
    for file in files:
        try:
            with _claimed(file) as is_ours:
                if is_ours:
                    file.unlink()
        except OSError as problem:
            log.error("the record of a call cannot be removed", reason=type(problem).__name__)


@contextmanager
def _claimed(file: Path) -> Iterator[bool]:
    """Whether the record is ours, for the block: no other controller has it, nor has had it meanwhile."""
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0
