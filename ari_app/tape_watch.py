"""While calls run: does what is said come into the files? And before they do: is there a folder with room?

The disk is asked in one thread of its own, so that one that hangs holds up neither a call nor the other threads. What
is found goes to the cases as ordinary events. Must never: stop, or even touch, a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import structlog

from ari_app.ari import AriError, Client
from ari_app.lines import Lines
from ari_app.runner import CaseRun
from home import sound_files
from home.sound_files import Folder
from ivr.case import Case, Leg, Tape
from ivr.events import Event, RecordingLost, RecordingPossible
from ivr.ids import Address
from ivr.vocabulary import Place, TapeProblem

T = TypeVar("T")

log = structlog.get_logger(__name__)
LOOK_EVERY = 1.0  # seconds between two looks at the files of running calls
FOLDER_EVERY = 10.0  # seconds between two looks at the folder when nothing is wrong
APPEARS_WITHIN = 4.0  # seconds after the pick-up: Asterisk opens the file with the first sound, 20 ms later
# Asterisk hands 32 KB at a time to the disk, 2.05 s of 8 kHz sound (seen: steps of 32,768 bytes, also in silence).
SUSPECT_AFTER = 4.5  # seconds without growth: two of these steps
SUSPECT_SOONER = 2.5  # one, where the folder cannot be written anyway
FLOWING = 10  # packets in both directions from then on; 50 a second each way while there is sound
DISK_ANSWERS = 5.0  # seconds


class House(Protocol):
    """What the watch needs of the controller."""

    runs: dict[str, CaseRun]
    link_problem: str

    def now(self) -> datetime: ...
    def post(self, case: str, event: Event) -> None: ...


class DiskSilent(Exception):
    """The disk has not answered in time, or has not answered an earlier question yet."""


class _Disk:
    """One question at a time, each with a deadline. A thread that hangs is left to itself."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recordings")
        self._asked: Future[Any] | None = None

    async def ask(self, work: Callable[[], T]) -> T:
        if self._asked is not None and not self._asked.done():
            raise DiskSilent
        asked: Future[T] = self._thread.submit(work)
        self._asked = asked
        try:
            # Not wait_for: until Python 3.12 it swallows a cancellation that comes together with the answer.
            async with asyncio.timeout(DISK_ANSWERS):
                return await asyncio.wrap_future(asked)
        except TimeoutError:
            raise DiskSilent from None

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Size:
    inode: int
    size: int


@dataclass(slots=True)
class _Watched:
    """What was seen of one file: `size` None until there is one; `packets` of its lines when it was first suspected."""

    since: float
    size: _Size | None = None
    packets: int | None = None


Running = tuple[Case, Tape, tuple[Leg, ...]]


class TapeWatch:
    """`room` in bytes: with less than this, the folder is said to be nearly full. `here`: whether the folder is on this
    machine; else nothing can be told of any recording."""

    def __init__(
        self, folder: Path, house: House, client: Client, lines: Lines, *, room: int, here: bool = True
    ) -> None:
        self.folder = Folder("")
        self.here = here
        self._path = folder
        self._house = house
        self._ari = client
        self._lines = lines
        self._room = room
        self._disk = _Disk()
        self._silent = False
        self._looked_at = float("-inf")  # when the folder was last looked at
        self._made_at = float("-inf")  # when it was made, since it was gone
        self._watched: dict[str, _Watched] = {}
        self._told_possible: set[str] = set()  # files that were lost, and whose case knows that there is room again

    @property
    def problems(self) -> list[str]:
        """What is wrong with the folder, as `part: figure`; the pages have the words."""
        if not self.here:
            return ["recordings_elsewhere"]
        if self._silent:
            return [f"recordings_{TapeProblem.DISK_SILENT}"]
        if self.folder.problem:
            return [f"recordings_{self.folder.problem}"]
        low = self._looked_at > 0 and self.folder.free < self._room
        return [f"recordings_low: {self.folder.free / 1e9:.1f} GB"] if low else []

    async def run(self) -> None:
        """For ever."""
        try:
            while True:
                try:
                    await self.look()
                except Exception:
                    # The outermost guard: one odd file must not end the watch over all others.
                    log.exception("the recordings could not be looked at")
                await asyncio.sleep(LOOK_EVERY)
        finally:
            self._disk.close()

    async def look(self) -> None:
        """Once: at the files of all running calls, and at the folder when that is due."""
        if not self.here:
            return
        running = [] if self._house.link_problem else list(self._running())
        lost = list(self._lost())
        self._forget(running, lost)
        try:
            await self._look(running, lost)
            self._silent = False
        except DiskSilent:
            self._tell_silent(running)

    async def _look(self, running: Sequence[Running], lost: Sequence[tuple[Case, Tape]]) -> None:
        waiting = [(case, tape) for case, tape in lost if tape.file not in self._told_possible]
        if waiting or self.folder.problem or self._now - self._looked_at >= FOLDER_EVERY:
            await self._look_at_folder()
        for case, tape in waiting:
            if not self.folder.problem:
                self._told_possible.add(tape.file)
                self._house.post(case.id, RecordingPossible(at=self._house.now(), actor="system"))
        if running:
            sizes = await self._disk.ask(partial(_sizes, self._path, [tape.file for _, tape, _ in running]))
            for one in running:
                await self._judge(one, sizes)

    async def _look_at_folder(self) -> None:
        before = self.folder.problem
        self.folder = await self._disk.ask(partial(sound_files.examine_folder, self._path))
        self._looked_at = self._now
        if self.folder.made:
            self._made_at = self._now
            log.warning("there was no recordings folder; it is made")
        if self.folder.problem and self.folder.problem != before:
            log.error("calls cannot be recorded", problem=self.folder.problem)
        elif before and not self.folder.problem:
            log.info("calls can be recorded again")

    def _tell_silent(self, running: Sequence[Running]) -> None:
        if not self._silent:
            log.error("the disk with the recordings does not answer")
        self._silent = True
        self._looked_at = float("-inf")  # so that the next look asks again, whether calls run or not
        for case, tape, _ in running:
            self._lose(case, tape, TapeProblem.DISK_SILENT)

    # --- which files ----------------------------------------------------------------------------------------------

    def _running(self) -> Iterator[Running]:
        """The recordings that must be growing now, each with the lines that are to be heard on it."""
        for run in self._house.runs.values():
            for tape in run.case.tapes:
                on_it = tuple(leg for leg in run.case.live() if leg.up and _is_on(leg, tape))
                if tape.running and not tape.problem and on_it:
                    yield run.case, tape, on_it

    def _lost(self) -> Iterator[tuple[Case, Tape]]:
        for run in self._house.runs.values():
            for tape in run.case.tapes:
                if tape.running and tape.problem:
                    yield run.case, tape

    def _forget(self, running: Sequence[Running], lost: Sequence[tuple[Case, Tape]]) -> None:
        files = {tape.file for _, tape, _ in running}
        self._watched = {file: seen for file, seen in self._watched.items() if file in files}
        self._told_possible &= {tape.file for _, tape in lost}

    # --- one file -------------------------------------------------------------------------------------------------

    async def _judge(self, one: Running, sizes: Mapping[str, _Size]) -> None:
        case, tape, on_it = one
        size, seen = sizes.get(tape.file), self._watched.setdefault(tape.file, _Watched(self._now))
        problem = _changed(seen, size)
        if problem is None and size != seen.size:
            self._watched[tape.file] = _Watched(self._now, size)
            return
        waited = self._now - seen.since
        if problem is None and size is None and waited >= APPEARS_WITHIN:
            problem = TapeProblem.MISSING
        if problem is None and size is not None and await self._stands_still(case, on_it, seen, waited):
            problem = TapeProblem.STALLED
        if problem is not None:
            if self._looked_at < self._now:  # else it was looked at for another file just now
                await self._look_at_folder()
            with_the_folder = problem is TapeProblem.MISSING and self._made_at >= seen.since
            why = TapeProblem.FOLDER_GONE if with_the_folder else TapeProblem(self.folder.problem or problem)
            self._lose(case, tape, why)

    async def _stands_still(self, case: Case, on_it: Sequence[Leg], seen: _Watched, waited: float) -> bool:
        """Nothing comes into the file although there is sound: a line without any has nothing to be recorded."""
        if waited < (SUSPECT_SOONER if self.folder.problem else SUSPECT_AFTER):
            return False
        packets = await self._packets(case, on_it)
        if seen.packets is None or packets < seen.packets:
            seen.packets = packets
        return packets - seen.packets >= FLOWING

    async def _packets(self, case: Case, on_it: Sequence[Leg]) -> int:
        total = 0
        for leg in on_it:
            try:
                told = await self._ari.channels.rtpstatistics(channelId=self._lines.channel(Address(case.id, leg.id)))
            except AriError:  # it has just ended, or is no telephone
                continue
            total += told.rxcount + told.txcount
        return total

    def _lose(self, case: Case, tape: Tape, problem: TapeProblem) -> None:
        log.error("a call is not recorded", case=case.id, problem=problem.value)
        lost = RecordingLost(at=self._house.now(), actor="system", recording=tape.file, problem=problem)
        self._house.post(case.id, lost)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _is_on(leg: Leg, tape: Tape) -> bool:
    return leg.id == tape.leg if tape.leg else leg.place is tape.place and leg.place is not Place.NOWHERE


def _changed(seen: _Watched, size: _Size | None) -> TapeProblem | None:
    """A file that was there and is not any more, or that is another one."""
    if seen.size is None:
        return None
    if size is None:
        return TapeProblem.MISSING
    return TapeProblem.REPLACED if size.inode != seen.size.inode else None


def _sizes(folder: Path, names: Sequence[str]) -> dict[str, _Size]:
    """Of those files that there are. In a thread."""
    found = {}
    for name in names:
        try:
            told = (folder / name).stat()
        except (OSError, ValueError):
            continue
        found[name] = _Size(told.st_ino, told.st_size)
    return found
