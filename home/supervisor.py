"""Runs the processes of one platform: starts them in order, restarts what dies, stops all of them, always.

It knows nothing of what they do: each is a `Service`. One task watches each service; the end of `run()` is the end of
every process that it started.
"""

import asyncio
import contextlib
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from home import children

Say = Callable[[str, str], None]  # one line in Chinese, the same in English
Ended = Callable[[str, str], None]  # a service that nobody had stopped, and how it ended
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ServiceFailed(Exception):
    """A service did not come up at the first start; the text has the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process to keep alive.

    `ready` returns when the service can be used; it is given up after `ready_within` seconds. `grace`: seconds
    between TERM and KILL. `housekeeping` is called once in each `Pace.housekeeping` seconds.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[None]] | None = None
    ready_within: float = 20.0
    grace: float = 5.0
    housekeeping: Callable[[], Awaitable[object]] | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds: the wait before a restart grows from `first` to `longest`, and starts anew after `steady`."""

    first: float = 0.5
    longest: float = 30.0
    steady: float = 60.0
    housekeeping: float = 600.0
    log_bytes: int = 20_000_000


class Supervisor:
    """`async with Supervisor(say) as s: await s.start(service); ...; await s.until_stopped()`. `ended` is told of each
    process that dies; it must return at once."""

    def __init__(self, say: Say, pace: Pace | None = None, *, ended: Ended | None = None) -> None:
        self._say = say
        self._pace = pace or Pace()
        self._ended = ended
        self._stop = asyncio.Event()
        self._impatient = False
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._graces: dict[str, float] = {}
        self._watchers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Supervisor":
        loop = asyncio.get_running_loop()
        for number in _END_SIGNALS:
            loop.add_signal_handler(number, self.stop)
        return self

    async def __aexit__(self, *error: object) -> None:
        # The signals stay caught: a second Ctrl-C makes it faster, it must not leave processes behind.
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for name, process in reversed(self._running.items()):
            await children.end(process, grace=0.0 if self._impatient else self._graces[name])
        loop = asyncio.get_running_loop()
        for number in _END_SIGNALS:
            loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Begin to stop everything; called a second time it kills what has not ended yet."""
        if self._stop.is_set():
            self._impatient = True
            for process in self._running.values():
                children.kill(process)
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def pid(self, name: str) -> int | None:
        """The process of the service `name`, while it lives."""
        process = self._running.get(name)
        return process.pid if process and process.returncode is None else None

    async def start(self, service: Service) -> None:
        """Start `service`, return when it is ready, keep it alive from then on.

        Raises ServiceFailed when it ends or is not ready in time; returns at once when a stop was asked for.
        """
        if self.stopping:
            return
        began = time.monotonic()
        process = await self._spawn(service)
        problem = await self._until_ready(service, process)
        if problem and not self.stopping:
            raise ServiceFailed(f"{service.name}: {problem}\n{_tail(service.log)}")
        if not self.stopping:
            self._tell(f"✓ {service.name} {time.monotonic() - began:.1f} s")
            self._watchers.append(asyncio.create_task(self._watch(service, process), name=f"watch {service.name}"))

    def _tell(self, same: str) -> None:
        self._say(same, same)

    async def until_stopped(self) -> None:
        """Wait until `stop()` is called, by a signal or by us."""
        await self._stop.wait()

    async def _spawn(self, service: Service) -> asyncio.subprocess.Process:
        process = await children.spawn(service.argv, env=service.env, log=service.log)
        self._running[service.name] = process
        self._graces[service.name] = service.grace
        return process

    async def _until_ready(self, service: Service, process: asyncio.subprocess.Process) -> str | None:
        """Why the service is not ready, or None. Ends early when the process ends or a stop is asked for."""
        if service.ready is None:
            return None
        ready = asyncio.ensure_future(service.ready())
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        tasks: set[asyncio.Future[object]] = {ready, ended, stopped}  # type: ignore[arg-type]
        try:
            await asyncio.wait(tasks, timeout=service.ready_within, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                error = ready.exception()
                return str(error) if error else None
            if ended.done():
                return f"启动后即退出，状态 {ended.result()} / ended at once with status {ended.result()}"
            within = f"{service.ready_within:g}"
            return None if stopped.done() else f"{within} 秒内未就绪 / was not ready within {within} s"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, service: Service, process: asyncio.subprocess.Process) -> None:
        wait = self._pace.first
        while True:
            began = time.monotonic()
            code = await self._keep_house_until_end(service, process)
            await children.end(process, grace=0.0)
            if time.monotonic() - began > self._pace.steady:
                wait = self._pace.first
            self._say(
                f"✗ {service.name} 已退出（{_how(code)}），{wait:g} 秒后重启",
                f"✗ {service.name} ended ({_how(code)}), starts again in {wait:g} s",
            )
            if self._ended is not None:
                self._ended(service.name, _how(code))
            await asyncio.sleep(wait)
            wait = min(2 * wait, self._pace.longest)
            process = await self._spawn(service)
            problem = await self._until_ready(service, process)
            self._tell(f"✗ {service.name} {problem}" if problem else f"✓ {service.name}")
            if problem and process.returncode is None:
                await children.end(process, grace=service.grace)

    async def _keep_house_until_end(self, service: Service, process: asyncio.subprocess.Process) -> int:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.housekeeping):
                    return await process.wait()
            _rotate(service.log, self._pace.log_bytes)
            if service.housekeeping:
                try:
                    await service.housekeeping()
                except Exception as error:  # noqa: BLE001 - housekeeping must never end the watch
                    self._tell(f"! {service.name}: {error}")


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"status {code}"


def _tail(log: Path, lines: int = 8) -> str:
    said = log.read_text("utf-8", "replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([f"{log}:", *("  " + line for line in said)])


def _rotate(log: Path, over: int) -> None:
    """The process appends to the open file, so it is copied and emptied; one old copy is kept."""
    if log.exists() and log.stat().st_size > over:
        shutil.copy2(log, log.with_name(log.name + ".1"))
        with log.open("r+b") as file:
            file.truncate(0)
