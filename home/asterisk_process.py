"""One running Asterisk in one folder: its argv, start, readiness, command line, log and end.

Used by the platform and by the town alike. Knows no setting of ours; must never touch an Asterisk it did not start.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

from home.asterisk_names import DOCUMENTATION, names_only
from home.children import spawn
from home.programs import Program

_FOLDERS = (
    *("etc", "run", "log", "spool", "spool/recording", "spool/monitor", "spool/tmp", "lib", "lib/keys"),
    *("data", f"data/{DOCUMENTATION.parent}"),
)
# The kernel's limit for the path of a unix socket, less the final zero byte.
_SOCKET_PATH_BYTES = 107
_POLL = 0.05
_LOG_FILE = "messages.log"
_KEPT_LOGS = 9


class AsteriskError(Exception):
    """Asterisk cannot be started, does not answer, or refused a command; the text says what to look at."""


class AsteriskProcess:
    """An Asterisk that lives in `directory`: etc/ run/ log/ spool/ lib/ data/.

    The files in etc/ are rendered by the caller (`home.asterisk_render.render` with `context()`), before `start()`.
    """

    def __init__(self, program: Program, directory: Path) -> None:
        self.program = program
        self.directory = directory.absolute()
        self._process: asyncio.subprocess.Process | None = None

    @property
    def etc(self) -> Path:
        return self.directory / "etc"

    @property
    def log(self) -> Path:
        return self.directory / "log" / _LOG_FILE

    @property
    def _documentation(self) -> Path:
        return self.program.folders["data"] / DOCUMENTATION

    @property
    def argv(self) -> list[str]:
        """Runs in the foreground until stopped; for `start()` and for a supervisor of processes."""
        return self.program.argv("-f", "-C", str(self.etc / "asterisk.conf"))

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def context(self) -> dict[str, object]:
        """What the template asterisk.conf needs to know about folders."""
        folders = {name: self.directory / name for name in ("etc", "run", "log", "spool", "lib")}
        return {
            **folders,
            "modules": self.program.folders["modules"],
            "data": self.directory / "data" if self._documentation.exists() else self.program.folders["data"],
            "binaries": Path(self.program.argv_prefix[-1]).parent,
        }

    def prepare(self) -> None:
        """Creates the folders; refuses a place where Asterisk's control socket could not be made."""
        socket = str(self.directory / "run" / "asterisk.ctl")
        if len(os.fsencode(socket)) > _SOCKET_PATH_BYTES:
            raise AsteriskError(
                f"路径过长，请缩短 YJT_HOME / the path is too long for a socket, shorten YJT_HOME: {socket}"
            )
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        for name in ("", *_FOLDERS):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        if self._documentation.exists():
            try:
                (self.directory / "data" / DOCUMENTATION).write_bytes(names_only(self._documentation))
            except ValueError as problem:
                raise AsteriskError(
                    f"Asterisk 自带的文件损坏 / a file of Asterisk's own is damaged: {problem}"
                ) from None

    async def start(self) -> None:
        """Starts it; returns before it is ready. Its terminal output goes to log/console.log."""
        if self.running:
            raise AsteriskError(f"Asterisk 已在运行 / is already running: {self.directory}")
        self.prepare()
        console = self.directory / "log" / "console.log"
        self._process = await spawn(self.argv, env=self.program.environment(), log=console, umask=0o077)

    async def wait_fully_booted(self, deadline: float = 20.0) -> None:
        """Returns when all modules are loaded. `deadline` in seconds; raises AsteriskError with the last log lines."""
        try:
            async with asyncio.timeout(deadline):
                while not await self._booted():  # noqa: ASYNC110 (another process has no event for us)
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise AsteriskError(self._why(f"{deadline:g} 秒内未就绪 / not ready within {deadline:g} s")) from None

    async def _booted(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            code = self._process.returncode
            raise AsteriskError(self._why(f"启动后即退出，状态 {code} / ended at once with status {code}"))
        if not (self.directory / "run" / "asterisk.ctl").exists():
            return False
        try:
            answer = await self.cli("core show uptime")
        except AsteriskError:
            return False
        # Before that line the command line answers, but modules are still being loaded.
        return "System uptime" in answer and "fully booted" in await self.cli("core waitfullybooted")

    async def cli(self, command: str, *, timeout: float = 10.0) -> str:
        """Runs one command of Asterisk's own command line; returns what it prints."""
        argv = self.program.argv("-C", str(self.etc / "asterisk.conf"), "-rx", command)
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=self.program.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(timeout):
                output, _ = await process.communicate()
        except TimeoutError:
            raise AsteriskError(f"Asterisk 未应答 / did not answer within {timeout:g} s: {command}") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        text = output.decode("utf-8", "replace")
        if process.returncode != 0:
            raise AsteriskError(f"{command}: {text.strip() or process.returncode}")
        return text

    async def stop(self, *, grace: float = 5.0) -> None:
        """Ends it: politely, then by TERM, then by KILL, `grace` seconds each. Calls in progress are cut."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(AsteriskError):
                await self.cli("core stop now", timeout=grace)
        for number in (None, signal.SIGTERM, signal.SIGKILL):
            if number is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await process.wait()
                    break
        self._process = None

    async def kill(self) -> None:
        """The end without farewell, as a crash would be."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._process = None

    @contextlib.asynccontextmanager
    async def run(self, *, deadline: float = 20.0) -> AsyncIterator[AsteriskProcess]:
        """Started and ready inside, stopped after."""
        try:
            await self.start()
            await self.wait_fully_booted(deadline)
            yield self
        finally:
            await self.stop()

    def log_problems(self) -> list[str]:
        """The WARNING and ERROR lines of the log since it was last rotated."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line for line in text.splitlines() if " WARNING[" in line or " ERROR[" in line]

    async def rotate_log(self, *, over: int = 10_000_000) -> bool:
        """Rotates the logs when the main one is larger than `over` bytes, keeps the newest few of each."""
        if not self.log.exists() or self.log.stat().st_size <= over:
            return False
        await self.cli("logger rotate")
        for old in self.log.parent.glob("*.log.*"):
            if old.suffix[1:].isdigit() and int(old.suffix[1:]) >= _KEPT_LOGS:
                old.unlink()
        return True

    def _why(self, what: str) -> str:
        console = self.directory / "log" / "console.log"
        said = console.read_text("utf-8", "replace").splitlines()[-5:] if console.exists() else []
        lines = "\n  ".join([*self.log_problems()[-5:], *said])
        return f"Asterisk {what}; {self.log}\n  {lines}".rstrip()
