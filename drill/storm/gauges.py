"""What a storm costs: memory of the processes, what waits in the controller, what a screen is told of it."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from drill.storm.agents import Control
from home.settings import Settings

EVERY = 1.0  # seconds between two looks
WEB_WITHIN = 60.0  # seconds
KEPT = 32.0  # MB that may stay: the last messages for screens that come back, prepared statements
WAITING = frozenset(
    {"cases", "events", "orders", "in_the_row", "lines_held", "lines_ringing", "pictures_due", "journal", "background"}
)
_OWN_TASKS = 2  # the request that asks, and one that is ending
_TICK = os.sysconf("SC_CLK_TCK")


def processes(settings: Settings) -> dict[str, int]:
    """The pids of controller and Asterisk of this home."""
    return {
        "controller": int((settings.home / "controller.lock").read_text()),
        "asterisk": int((settings.home / "asterisk" / "run" / "asterisk.pid").read_text()),
    }


def memory(pid: int) -> float:
    """MB of this process that are in memory now; 0 when it is gone (a soak kills it)."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except FileNotFoundError:
        return 0.0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def seconds_of_cpu(pid: int) -> float:
    """That this process has had since its start."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


@dataclass(slots=True)
class Gauges:
    """Before, at the most, and now; `load` is what `GET /load` of the controller says."""

    pids: Mapping[str, int]
    before: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)
    now: dict[str, float] = field(default_factory=dict)
    slowest_look: float = 0.0

    @property
    def settled(self) -> bool:
        """Nothing waits any more, and tasks and memory are what they were."""
        return not self.left and self.tasks_back and all(map(self.memory_back, self.pids))

    @property
    def left(self) -> dict[str, float]:
        """What still waits somewhere."""
        return {name: value for name, value in self.now.items() if name in WAITING and value}

    @property
    def tasks_back(self) -> bool:
        return self.now.get("tasks", 0.0) <= self.before.get("tasks", 0.0) + _OWN_TASKS

    def memory_back(self, process: str) -> bool:
        return self.now.get(process, 0.0) <= self.before.get(process, 0.0) + KEPT

    async def look(self, control: Control) -> None:
        """Raises aiohttp.ClientError and TimeoutError."""
        began = time.perf_counter()
        load: dict[str, Any] = await control.read("/load")
        self.slowest_look = max(self.slowest_look, time.perf_counter() - began)
        self.now = {**{name: float(value) for name, value in load.items()}}
        self.now |= {name: memory(pid) for name, pid in self.pids.items()}
        self.before = self.before or self.now
        self.most = {name: max(value, self.most.get(name, 0.0)) for name, value in self.now.items()}

    async def watch(self, control: Control) -> None:
        """Until cancelled. A look that fails shows in what is missing, and the next one is due all the same."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                await self.look(control)
            await asyncio.sleep(EVERY)


@dataclass(slots=True)
class Screen:
    """What one supervisor's screen was told, through the web: how many messages, how many bytes, the longest time
    between two of them, the longest time from an event to the message that tells it; the largest whole picture, and how
    long it took to come."""

    messages: int = 0
    size: int = 0
    longest_gap: float = 0.0
    latest: float = 0.0
    picture: int = 0
    picture_took: float = 0.0
    broken: int = 0
    _last: float | None = None

    def told(self, text: str, now: float) -> None:
        self.messages += 1
        self.size += len(text)
        if self._last is not None:
            self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now

    def rests(self) -> None:
        """Nothing more has to happen from here on."""
        self._last = None


class Board:
    """A supervisor's log-in to the web."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.screen = Screen()
        self.seen: dict[str, dict[str, Any]] = {}  # the last picture of each case

    async def follow(self) -> None:
        """Read the live stream until cancelled; a stream that breaks is counted, and opened anew."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with self._http.ws_connect("/api/v1/live", heartbeat=10, max_msg_size=0) as live:
                    async for message in live:
                        if message.type is aiohttp.WSMsgType.TEXT:
                            self.screen.told(message.data, time.perf_counter())
                            self._keep(json.loads(message.data))
            self.screen.broken += 1
            await asyncio.sleep(0.2)

    def _keep(self, message: dict[str, Any]) -> None:
        if message["kind"] == "case":
            case = self.seen[message["data"]["id"]] = message["data"]
            happened = datetime.fromisoformat(case["timeline"][-1]["at"])
            self.screen.latest = max(self.screen.latest, (datetime.now(UTC) - happened).total_seconds())

    async def open_another(self) -> None:
        """A screen that is opened now: how long its first picture takes. The web may be starting yet."""
        self.screen.picture_took = WEB_WITHIN
        with suppress(TimeoutError):
            async with asyncio.timeout(WEB_WITHIN):
                while self.screen.picture_took == WEB_WITHIN:
                    with suppress(aiohttp.ClientError):
                        await self._first_picture()
                    await asyncio.sleep(0.2)

    async def _first_picture(self) -> None:
        began = time.perf_counter()
        async with self._http.ws_connect("/api/v1/live", heartbeat=10, max_msg_size=0) as live:
            text = await live.receive_str(timeout=30)
        self.screen.picture_took = time.perf_counter() - began
        self.screen.picture = max(self.screen.picture, len(text))


@asynccontextmanager
async def board(url: str, *, username: str, password: str) -> AsyncIterator[Board]:
    """Raises aiohttp.ClientError when the log-in is refused."""
    async with aiohttp.ClientSession(url, raise_for_status=True) as http:
        async with http.post("/api/v1/login", json={"username": username, "password": password}) as answer:
            token = (await answer.json())["token"]
        async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {token}"}) as mine:
            made = Board(mine)
            following = asyncio.create_task(made.follow(), name="board")
            try:
                yield made
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
