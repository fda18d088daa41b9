"""Runs the processes of one platform: starts them in order, restarts what dies or hangs, stops all of them, always.

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


class Unresponsive(Exception):
    """A process runs and does not do its work; the text says what was tried."""


@dataclass(frozen=True, slots=True)
class Service:
    """One process to keep alive.

    `ready` returns when the service can be used; it is given up after `ready_within` seconds. `grace`: seconds
    between TERM and KILL. `housekeeping` is called once in each `Pace.housekeeping` seconds. `alive` returns when the
    service answers; it raises Unresponsive, or takes longer than `Pace.answer`, when it does not: after `silent_for`
    seconds of that it hangs. `at_once`: its first restart waits for nothing, because somebody's call hangs on it.
    `gives_way`: nice, for one on which no call hangs.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[None]] | None = None
    ready_within: float = 20.0
    grace: float = 5.0
    housekeeping: Callable[[], Awaitable[object]] | None = None
    alive: Callable[[], Awaitable[None]] | None = None
    silent_for: float = 10.0
    at_once: bool = False
    gives_way: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds: the wait before a restart grows from `first` to `longest`, and starts anew after `steady`.

    A service is asked every `ask` seconds whether it is `alive`, and has `answer` seconds to say so. It hangs after
    `misses` in a row, and `Service.silent_for` at least: a machine that is only busy answers one of three pings within
    2.5 s. A question for whose answer we were late ourselves does not count. `last_chance` is short, for one that hangs
    heeds no TERM.
    """

    first: float = 0.5
    longest: float = 5.0  # a try costs little, and elders wait
    steady: float = 60.0
    ask: float = 1.0
    answer: float = 2.5
    misses: int = 3
    last_chance: float = 0.5
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
        process = await children.spawn(service.argv, env=service.env, log=service.log, gives_way=service.gives_way)
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
        wait = first = 0.0 if service.at_once else self._pace.first
        while True:
            began = time.monotonic()
            how, zh, en = await self._until_it_fails(service, process)
            await children.end(process, grace=self._pace.last_chance)
            if time.monotonic() - began > self._pace.steady:
                wait = first
            later = (
                (f"{wait:g} 秒后重启", f"starts again in {wait:g} s") if wait else ("立即重启", "starts again at once")
            )
            self._say(f"✗ {service.name} {zh}，{later[0]}", f"✗ {service.name} {en}, {later[1]}")
            if self._ended is not None:
                self._ended(service.name, how)
            await asyncio.sleep(wait)
            wait = min(max(2 * wait, self._pace.first), self._pace.longest)
            process = await self._spawn(service)
            problem = await self._until_ready(service, process)
            self._tell(f"✗ {service.name} {problem}" if problem else f"✓ {service.name}")
            if problem and process.returncode is None:
                await children.end(process, grace=service.grace)

    async def _until_it_fails(self, service: Service, process: asyncio.subprocess.Process) -> tuple[str, str, str]:
        """What became of it (it ended, or it hangs): in short, in Chinese, and in English."""
        ends = asyncio.create_task(self._keep_house_until_end(service, process))
        hangs = asyncio.create_task(self._until_it_hangs(service))
        try:
            await asyncio.wait({ends, hangs}, return_when=asyncio.FIRST_COMPLETED)
            if ends.done():
                how = _how(ends.result())
                return how, f"已退出（{how}）", f"ended ({how})"
            return hangs.result()
        finally:
            for task in (ends, hangs):
                task.cancel()
            await asyncio.gather(ends, hangs, return_exceptions=True)

    async def _until_it_hangs(self, service: Service) -> tuple[str, str, str]:
        if service.alive is None:
            await asyncio.Event().wait()
        missed, since = 0, time.monotonic()
        while missed < self._pace.misses or time.monotonic() - since < service.silent_for:
            await asyncio.sleep(self._pace.ask)
            asked = time.monotonic()
            if await self._answers(service):
                missed, since = 0, time.monotonic()
            elif time.monotonic() - asked < 1.5 * self._pace.answer:  # else it was us who slept: ask again
                missed += 1
        silent = f"{time.monotonic() - since:.0f}"
        return (
            f"no answer for {silent} s",
            f"{silent} 秒没有应答，强制结束",
            f"has not answered for {silent} s and is killed",
        )

    async def _answers(self, service: Service) -> bool:
        assert service.alive is not None
        try:
            async with asyncio.timeout(self._pace.answer):
                await service.alive()
        except (Unresponsive, TimeoutError):
            return False
        except Exception as error:  # noqa: BLE001 - a question that cannot be asked must never end the watch, nor a process
            self._tell(f"! {service.name}: {error!r}")
        return True

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
