"""The platform that is made to suffer: its processes, found by the home that they work in, its database, its folders.

Ends and stops only processes of that home, and wakes up again what it has stopped.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path

import aiohttp
import psycopg
from sqlalchemy import make_url

from drill.chronicle import NotSeen
from drill.faults.wire import Wire
from drill.rehearsal import web_address
from home.asterisk import AsteriskProcess
from home.asterisk import platform_asterisk as asterisk_of
from home.programs import find
from home.secrets import Secrets
from home.settings import Settings

CONTROLLERS = ("ari_app", "ari_app --second")
_ANSWER = aiohttp.ClientTimeout(total=2)
_LOOK_AGAIN = 0.1
_AGENTS = "seats_not_ready"
_WRITTEN = "cases, case_legs, timeline"
_NOBODY_WRITES = Path("/proc/driver")


class Patient:
    """A running platform of the drill's own, whose controllers reach Asterisk over `wire`."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self.settings = settings
        self.wire = wire
        self._keys = Secrets.load_or_create(settings.home)

    # --- who lives

    def processes(self) -> dict[str, int]:
        """Every process of the platform by what it is: `asterisk`, `ari_app`, `ari_app --second`, `web`."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                name = self._name(folder)
                if name:
                    found[name] = int(folder.name)
        return found

    def _name(self, folder: Path) -> str:
        words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        if str(self.asterisk.etc / "asterisk.conf") in words and "-f" in words:
            return "asterisk"
        if words[1:2] != ["-m"] or words[2:3] not in (["ari_app"], ["web"]):
            return ""
        inherited = (folder / "environ").read_bytes().split(b"\0")
        return " ".join(words[2:]).strip() if f"YJT_HOME={self.settings.home}".encode() in inherited else ""

    @property
    def asterisk(self) -> AsteriskProcess:
        """For its command line; it is the platform's to start and stop."""
        return asterisk_of(self.settings, find("asterisk", self.settings))

    async def active_controller(self) -> str:
        """Which of the two handles the calls now. Raises NotSeen: none does."""
        headers = {"Authorization": f"Bearer {self._keys.control_token}"}
        async with aiohttp.ClientSession(timeout=_ANSWER, headers=headers) as http:
            for name, port in zip(CONTROLLERS, self.settings.control_ports, strict=True):
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with http.get(f"http://127.0.0.1:{port}/ready") as answer:
                        if answer.status == 200:
                            return name
        raise NotSeen("no controller is active")

    async def is_whole(self) -> bool:
        """Everything works again, and both controllers are there. Whether agents are ready is theirs to say."""
        if not {"asterisk", "web", *CONTROLLERS} <= self.processes().keys():
            return False
        try:
            async with (
                aiohttp.ClientSession(timeout=_ANSWER) as http,
                http.get(f"{web_address(self.settings)}/ready") as answer,
            ):
                degraded = (await answer.json())["degraded"]
                return answer.status == 200 and all(why.startswith(_AGENTS) for why in degraded)
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def until_whole(self, *, within: float) -> None:
        """Raises NotSeen."""
        try:
            async with asyncio.timeout(within):
                while not await self.is_whole():  # noqa: ASYNC110 - what is dead does not tell when it lives again
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            raise NotSeen(f"the platform was not whole again within {within:g} s") from None

    # --- what is done to it

    def kill(self, *names: str) -> None:
        """As a crash would: -9."""
        living = self.processes()
        for name in names:
            os.kill(living[name], signal.SIGKILL)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Inside, this process stands still; it wakes up at the end, if it still lives then."""
        pid = self.processes()[name]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def locked_database(self) -> AsyncIterator[None]:
        """Inside, somebody else writes, and nobody can."""
        url = make_url(self.settings.database_url)
        if url.get_backend_name() == "sqlite":
            with closing(sqlite3.connect(url.database or "", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                yield
                other.execute("ROLLBACK")
            return
        conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(conninfo) as other_writer:
            await other_writer.execute(f"LOCK TABLE {_WRITTEN} IN EXCLUSIVE MODE")
            yield
            await other_writer.rollback()

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Inside, none of the processes can add a byte to any file: records, journal, recordings, logs."""
        pids = list(self.processes().values())
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))

    @contextmanager
    def without_recordings(self) -> Iterator[None]:
        """Inside, the place for recordings is no folder any more."""
        with self._recordings_aside() as folder:
            folder.write_text("in the way")
            yield

    @contextmanager
    def closed_recordings(self) -> Iterator[None]:
        """Inside, the place for recordings is a folder in which nobody may make anything, not even root."""
        with self._recordings_aside() as folder:
            folder.symlink_to(_NOBODY_WRITES)
            yield

    @contextmanager
    def _recordings_aside(self) -> Iterator[Path]:
        folder = self.settings.home / "recordings"
        aside = folder.with_name("recordings-aside")
        folder.rename(aside)
        try:
            yield folder
        finally:
            folder.unlink()
            aside.rename(folder)

    @asynccontextmanager
    async def without_script(self) -> AsyncIterator[None]:
        """Inside, the ladder's script breaks at once, whenever it is asked."""
        dialplan = self.asterisk.etc / "extensions.conf"
        text = dialplan.read_text("utf-8")
        dialplan.write_text(text.replace("-m,dialplan.agi", "-m,no.such.script"), "utf-8")
        await self.asterisk.cli("dialplan reload")
        try:
            yield
        finally:
            dialplan.write_text(text, "utf-8")
            await self.asterisk.cli("dialplan reload")

    async def stop_asterisk(self) -> None:
        """As somebody would who wants to start it anew: every call is ended in an orderly way."""
        await self.asterisk.cli("core stop now")

    async def cut_the_links(self) -> None:
        """Every WebSocket of ARI is closed by Asterisk."""
        await self.asterisk.cli("ari shutdown websocket sessions")
