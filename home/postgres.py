"""A PostgreSQL of our own for a while: for the tests, and for looking at a backup. Not for the platform's real data.

It listens on a socket in its own folder only, writes without fsync and is gone when the context ends. PostgreSQL
refuses to run as root, so root lends it the user `nobody`.
"""

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from home import children
from home.programs import Program, find
from home.settings import Settings

_QUIET = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=50")
_POLL = 0.05


class PostgresError(Exception):
    """The private PostgreSQL did not start; the text has its last words."""


class PrivatePostgres:
    """`async with PrivatePostgres(settings) as url:` gives a URL for SQLAlchemy with an empty database."""

    def __init__(self, settings: Settings, *, deadline: float = 30.0) -> None:
        """`deadline`: seconds in which it must answer. Raises ProgramMissing when there is no PostgreSQL."""
        self._initdb = find("initdb", settings)
        self._postgres = find("postgres", settings)
        self._deadline = deadline
        self._user = _lent_user()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> str:
        self._folder = Path(tempfile.mkdtemp(prefix="yjt-pg-"))
        try:
            if self._user:
                os.chown(self._folder, *self._user)
            await self._start()
        except BaseException:
            await self.__aexit__()
            raise
        return f"postgresql+psycopg://yjt@/postgres?host={self._folder}"

    async def __aexit__(self, *error: object) -> None:
        if self._process:
            if self._process.returncode is None:
                self._process.send_signal(signal.SIGINT)  # without waiting for those who are connected
            await children.end(self._process, grace=5.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _start(self) -> None:
        data = str(self._folder / "data")
        initdb = self._reachable(self._initdb)
        made = await self._run(
            initdb, "-D", data, "-U", "yjt", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"
        )
        if await made.wait():
            raise PostgresError(self._said())
        await self._serve()

    async def _serve(self) -> None:
        data = str(self._folder / "data")
        options = [word for option in _QUIET for word in ("-c", option)]
        postgres = self._reachable(self._postgres)
        self._process = await self._run(postgres, "-D", data, "-k", str(self._folder), *options)
        await self._until_ready(self._process)

    # --- what may befall a database, for tests and drills -----------------------------------------------------------

    async def die(self) -> None:
        """As by `kill -9` or a power cut; what was committed is still there after `come_back`."""
        assert self._process
        await self.hang()
        everybody = self._signal_all(signal.SIGKILL)
        await self._process.wait()
        while any(map(_lives, everybody)):  # noqa: ASYNC110 - a new server would find their memory in use
            await asyncio.sleep(_POLL)

    async def come_back(self) -> None:
        """Start anew after `die`. Raises PostgresError."""
        (self._folder / "log").unlink()
        await self._serve()

    async def hang(self) -> None:
        """Connections stay and new ones are taken, but nothing is answered."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)
        # It may be making a process for a new connection just now, which would go on answering.
        while not _is_stopped(self._process.pid):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_POLL)
        self._signal_all(signal.SIGSTOP)

    def wake_up(self) -> None:
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: int) -> list[int]:
        """To the server and the processes that it has for its connections, each of which leads a group of its own."""
        assert self._process
        server = self._process.pid
        everybody = [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]
        for pid in everybody:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return everybody

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        socket = self._folder / ".s.PGSQL.5432"
        try:
            async with asyncio.timeout(self._deadline):
                while not (socket.exists() and "ready to accept connections" in self._said()):
                    if process.returncode is not None:
                        raise PostgresError(self._said())
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise PostgresError(f"未就绪 / not ready within {self._deadline:g} s\n{self._said()}") from None

    async def _run(self, program: Program, *arguments: str) -> asyncio.subprocess.Process:
        return await children.spawn(
            program.argv(*arguments),
            env={**program.environment(), "LC_ALL": "C", "HOME": str(self._folder)},
            log=self._folder / "log",
            cwd=self._folder,
            user=self._user,
        )

    def _reachable(self, program: Program) -> Program:
        """The program, copied to a place that the lent user can enter when it lies in root's own folders."""
        path = Path(program.argv_prefix[-1])
        if self._user is None or program.root == Path("/") or _all_may_enter(path):
            return program
        copy = self._folder / "program"
        if not copy.exists():
            shutil.copytree(program.root, copy, symlinks=True)
        moved = {name: value.replace(str(program.root), str(copy)) for name, value in program.env.items()}
        start = tuple(word.replace(str(program.root), str(copy)) for word in program.argv_prefix)
        return Program(program.name, start, copy, program.version, moved)

    def _said(self) -> str:
        log = self._folder / "log"
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-8:]) if log.exists() else ""


def _is_stopped(pid: int) -> bool:
    return _state(pid) == "T"


def _lives(pid: int) -> bool:
    try:
        return _state(pid) not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def _state(pid: int) -> str:
    """The letter of proc(5)."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _lent_user() -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _all_may_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
