"""Imports at work: each step in a process of its own (`import_worker.py`), looked after from here.

What an import is and may do stands in `models/imports.py` and `import_actions.py`; this knows only who works on it.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from aiohttp import web

from home import children
from home.failures import where_it_failed
from home.settings import Settings
from models.base import utc_now
from models.database import Database, DatabaseUnavailable
from models.import_actions import abandoned, taken_over
from models.import_findings import ImportFiles
from models.imports import Import, ImportState, begin, forget, over_age, stale_imports
from models.sheet_guard import LARGEST_FILE
from web.logs import log
from web.problems import Invalid, Problem
from web.repeating import again_and_again

LOOK_EVERY: Final = 10.0
TIDY_EVERY: Final = 3600.0
GRACE: Final = 2.0  # seconds for a worker to end
STALLS: Final = 20.0  # seconds without a byte of an upload
SLOWEST: Final = 900.0  # seconds for a whole upload: 64 MB at 70 kB/s
_PIECE: Final = 1024 * 1024
_DAY: Final = 86_400.0

Work = Callable[[int, int], Awaitable[int]]


class Imports:
    """Who works on which import."""

    def __init__(self, settings: Settings, database: Database, work: Work | None = None) -> None:
        """`work` does a step (number, run) and gives an exit status; by default in a process of its own."""
        self._settings = settings
        self._database = database
        self._work = work or self._in_a_process
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._tidied = float("-inf")

    def files(self, number: int) -> ImportFiles:
        return ImportFiles.of(self._settings.home, number)

    def start(self, row: Import) -> None:
        """Have the next step of this import done."""
        self._start(row.id, row.run)

    async def receive(self, request: web.Request, *, name: str, by: str) -> Import:
        """A sheet that is being sent, put on the disk as it comes and looked at by a worker afterwards.

        Raises:
            Invalid, Problem: nothing came, too much, or too slowly.
            ImportBusy: another import is working.
        """
        folder = self._settings.home / "imports"
        await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
        incoming = folder / f"incoming-{token_hex(8)}"
        try:
            async with asyncio.timeout(SLOWEST):
                size = await _save(request, incoming)
            if size == 0:
                raise Invalid("problem.sheet_empty")
            async with self._database.write() as session:
                row = await begin(session, name=name, size=size, by=by, state=ImportState.LOOKING)
            files = self.files(row.id)
            await asyncio.to_thread(files.prepare)
            await asyncio.to_thread(incoming.replace, files.sheet)
        except TimeoutError:
            raise Problem("problem.too_slow", status=408) from None
        except OSError as full:
            log.error("upload_failed", **where_it_failed(full))
            raise Problem("problem.disk", status=507) from None
        finally:
            await asyncio.to_thread(incoming.unlink, missing_ok=True)
        self.start(row)
        return row

    async def end(self, number: int) -> None:
        """Nobody works on this import any more."""
        if process := self._processes.get(number):
            await children.end(process, grace=GRACE)
        if task := self._tasks.pop(number, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def watch(self) -> None:
        """For ever: take over what others have left behind, let go of what is over age."""
        try:
            await again_and_again(self._look, every=LOOK_EVERY, failure="imports cannot be looked after")
        finally:
            for number in tuple(self._tasks):
                await self.end(number)

    async def _look(self) -> None:
        await self.take_over()
        if time.monotonic() - self._tidied > TIDY_EVERY:
            self._tidied = time.monotonic()
            await self._tidy()

    async def take_over(self) -> None:
        """Imports whose worker has died with the web process, or with the command line."""
        async with self._database.read() as session:
            if not self._left_behind(await stale_imports(session, now=utc_now())):
                return
        async with self._database.write() as session:
            silent = self._left_behind(await stale_imports(session, now=utc_now()))
            given = await taken_over(session, silent)
        for number, run in given:
            await self.end(number)
            self._start(number, run)

    def _left_behind(self, silent: Sequence[Import]) -> list[Import]:
        """Not those whose worker we know to be at it: it may be busy reading."""
        at_work = {number for number, task in self._tasks.items() if not task.done()}
        return [row for row in silent if row.id not in at_work]

    def _start(self, number: int, run: int) -> None:
        self._tasks[number] = asyncio.create_task(self._follow(number, run), name=f"import-{number}")

    async def _follow(self, number: int, run: int) -> None:
        """One step, and what becomes of the import when its worker fails."""
        try:
            if not await self._done(number, run):
                return
            async with self._database.write() as session:
                row = await abandoned(session, number, run)
        except DatabaseUnavailable:
            return  # it will be found silent
        if row is not None:
            self.start(row)

    async def _done(self, number: int, run: int) -> int:
        """The step's exit status."""
        try:
            return await self._work(number, run)
        except Exception as error:  # noqa: BLE001 - whatever hinders a worker, the import must not wait for ever
            log.error("import_failed", number=number, **where_it_failed(error))
            return 1

    async def _in_a_process(self, number: int, run: int) -> int:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("YJT_")}
        argv = [sys.executable, "-m", "web.import_worker", str(number), str(run)]
        process = await children.spawn(argv, env={**inherited, **self._settings.environment()})
        self._processes[number] = process
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                await children.end(process, grace=GRACE)
            if self._processes.get(number) is process:
                del self._processes[number]

    async def _tidy(self) -> None:
        async with self._database.read() as session:
            numbers = await over_age(session, now=utc_now())
        for number in numbers:
            more = True
            while more:
                async with self._database.write() as session:
                    more = await forget(session, number)
            await asyncio.to_thread(self.files(number).remove)
        await asyncio.to_thread(_remove_unfinished, self._settings.home / "imports")


async def _save(request: web.Request, path: Path) -> int:
    """How many bytes came."""
    if (request.content_length or 0) > LARGEST_FILE:
        raise _too_large()
    size, piece = 0, bytearray()
    with await asyncio.to_thread(_private, path) as file:
        while True:
            async with asyncio.timeout(STALLS):
                got = await request.content.readany()
            piece += got
            size += len(got)
            if size > LARGEST_FILE:
                raise _too_large()
            if len(piece) >= _PIECE or not got:
                await asyncio.to_thread(file.write, bytes(piece))
                piece.clear()
            if not got:
                return size


def _private(path: Path):  # type: ignore[no-untyped-def]
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _too_large() -> Problem:
    return Problem("problem.sheet_too_large", status=413, values={"megabytes": LARGEST_FILE >> 20})


def _remove_unfinished(folder: Path) -> None:
    """Uploads that never came to their end."""
    for left in folder.glob("incoming-*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _DAY:
                shutil.rmtree(left) if left.is_dir() else left.unlink()
