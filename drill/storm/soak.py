"""A soak: callers come on and on, and every few seconds something is killed, frozen or cut. Nobody may be lost.

What is broken and when follows from a seed, so that a soak that lost somebody can be played again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from drill.chronicle import NotSeen
from drill.faults.patient import CONTROLLERS, Patient
from drill.faults.wire import wire_of
from drill.printing import say
from drill.settings import TownSettings
from drill.storm.agents import Agents
from drill.storm.crowd import Crowd
from drill.storm.drill import StormDrill
from drill.storm.gauges import Board, Gauges
from drill.storm.outcome import Outcome
from drill.storm.plan import Storm
from home.asterisk import AsteriskError
from home.settings import Settings

PAUSES = (3.0, 9.0)  # seconds between two blows
FROZEN, LOCKED, SILENT = 5.0, 3.0, 5.0  # seconds for which something stands still
LONGEST_ROW = 300.0  # seconds for which callers may pile up
WHOLE_WITHIN = 120.0
_LOOK_AGAIN = 0.5
SEATS_FOR_EACH = 12.0  # for each call a second: six are busy with it; in half of the time somebody is taking over


def soak_of(seconds: float, *, rate: float) -> Storm:
    """As a plan of callers: all of them stay until somebody has spoken with them."""
    seats = max(2, round(SEATS_FOR_EACH * rate))
    at_once = max(20, round(LONGEST_ROW * rate))
    return Storm(calls=1, seconds=1.0, rate=rate, during=seconds, seats=seats, stays=1, goes_on=120.0, at_once=at_once)


class Soak(StormDrill):
    """`blows` counts what was done to the platform."""

    def __init__(self, storm: Storm, platform: Settings, town: TownSettings, *, seed: int) -> None:
        super().__init__(storm, platform, town)
        self.blows: Counter[str] = Counter()
        self._duration = storm.arrivals
        self._wire = wire_of(platform)
        self._patient = Patient(platform, self._wire)
        self._chance = random.Random(seed)

    async def run(self) -> Outcome | None:
        async with self._wire:
            return await super().run()

    async def _blow(self, crowd: Crowd, agents: Agents, gauges: Gauges, screens: Board) -> None:
        breaking = asyncio.create_task(self._break_things(), name="breaking")
        try:
            await super()._blow(crowd, agents, gauges, screens)
        finally:
            breaking.cancel()
            await asyncio.gather(breaking, return_exceptions=True)
        await self._patient.until_whole(within=WHOLE_WITHIN)

    async def _until_over(self, crowd: Crowd, at: float) -> None:
        """Nobody is impatient in a soak: it is over when an agent has spoken with everybody."""
        while time.perf_counter() < at and any(  # noqa: ASYNC110 - an ear tells nobody
            caller.person_at is None for caller in crowd.callers.values()
        ):
            await asyncio.sleep(_LOOK_AGAIN)

    async def _break_things(self) -> None:
        """While callers come; what is broken comes back by itself."""
        ways: Mapping[str, Callable[[], Awaitable[None]]] = {
            "controller killed": self._kill_the_active,
            "stand-by killed": self._kill_one,
            "web killed": self._kill_the_web,
            "controller frozen": self._freeze,
            "links cut": self._patient.cut_the_links,
            "links silent": self._silence_the_links,
            "database locked": self._lock,
        }
        async with asyncio.timeout(self._duration):
            while True:
                await asyncio.sleep(self._chance.uniform(*PAUSES))
                name = self._chance.choice(list(ways))
                with suppress(NotSeen, KeyError, ProcessLookupError, AsteriskError):  # it is dead already
                    await ways[name]()
                    self.blows[name] += 1
                    say((f"· {name}", ""))

    async def _kill_the_active(self) -> None:
        self._patient.kill(await self._patient.active_controller())

    async def _kill_one(self) -> None:
        self._patient.kill(self._chance.choice(CONTROLLERS))

    async def _kill_the_web(self) -> None:
        self._patient.kill("web")

    async def _freeze(self) -> None:
        with self._patient.frozen(await self._patient.active_controller()):
            await asyncio.sleep(FROZEN)

    async def _silence_the_links(self) -> None:
        self._wire.swallow()
        try:
            await asyncio.sleep(SILENT)
        finally:
            self._wire.mend()

    async def _lock(self) -> None:
        async with self._patient.locked_database():
            await asyncio.sleep(LOCKED)
