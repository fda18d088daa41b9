"""Can calls be handled, by whom, and what does not work: asked of those who know it, with deadlines, at this moment.

What is found is `code: detail`. Codes have their words in `words/maintenance.toml`; details may name folders and
machines, and are for people who are logged in only. No personal data in either.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import aiohttp
from sqlalchemy import text

from home.secrets import Secrets
from home.settings import Settings
from models.care.plans import any_lives
from models.database import Database, DatabaseUnavailable
from web.controller.client import Controller, ControllerUnreachable
from web.fresh import Fresh

GOOD_FOR: Final = 1.0  # seconds: whoever asks more often hears the same
CONTROLLER_WITHIN: Final = 1.5
DATABASE_WITHIN: Final = 2.0
ASTERISK_WITHIN: Final = 1.5
CLOCK_MAY_DIFFER: Final = 2.0


class Rung(StrEnum):
    """Who would serve a call now: the controller; the dialplan by itself, which rings all seats; nobody."""

    CONTROLLER = "controller"
    DIALPLAN = "dialplan"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not work; `code` is for programs and the key of its words."""

    code: str
    detail: str = ""

    @classmethod
    def read(cls, told: str) -> "Fault":
        """Of the controller's `code: detail`."""
        code, _, detail = told.partition(": ")
        return cls(code, detail)


@dataclass(frozen=True, slots=True)
class Condition:
    """One for each code, the controller's first."""

    rung: Rung
    faults: tuple[Fault, ...]

    @property
    def ready(self) -> bool:
        """Calls are handled as they should be; the dialplan alone neither calls back nor arranges rescue."""
        return self.rung is Rung.CONTROLLER

    def has(self, code: str) -> bool:
        return any(fault.code == code for fault in self.faults)


class Looking:
    """Looks when it is asked, at most once in a second."""

    def __init__(self, settings: Settings, secrets: Secrets, database: Database, controller: Controller) -> None:
        self._asterisk = f"http://127.0.0.1:{settings.ari_port}/ari/asterisk/ping"
        self._login = {"Authorization": aiohttp.encode_basic_auth(secrets.ari_user, secrets.ari_password)}
        self._line_out = settings.trunk_contact is not None
        self._database = database
        self._controller = controller
        self._fresh = Fresh(self._look, seconds=GOOD_FOR)

    async def now(self) -> Condition:
        return await self._fresh.get()

    async def _look(self) -> Condition:
        (rung, told), of_database = await asyncio.gather(self._calls(), self._records())
        faults = {fault.code: fault for fault in reversed((*told, *of_database))}
        return Condition(rung, tuple(reversed(faults.values())))

    async def _calls(self) -> tuple[Rung, tuple[Fault, ...]]:
        try:
            async with asyncio.timeout(CONTROLLER_WITHIN):
                ready, degraded = await self._controller.readiness()
        except (ControllerUnreachable, TimeoutError):
            waits = any(await self._controller.lives())
            faults: tuple[Fault, ...] = (Fault("stand_by" if waits else "controller"),)
        else:
            faults = tuple(map(Fault.read, degraded))
            if ready:
                return Rung.CONTROLLER, faults
        if await self._asterisk_answers():
            return Rung.DIALPLAN, faults
        known = any(fault.code == "asterisk" for fault in faults)
        return Rung.NOTHING, faults if known else (*faults, Fault("asterisk"))

    async def _asterisk_answers(self) -> bool:
        """Asked without the controller, which may be what is missing."""
        limit = aiohttp.ClientTimeout(total=ASTERISK_WITHIN)
        try:
            async with (
                aiohttp.ClientSession(headers=self._login, timeout=limit) as http,
                http.get(self._asterisk) as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def _records(self) -> tuple[Fault, ...]:
        try:
            async with asyncio.timeout(DATABASE_WITHIN), self._database.read() as session:
                cut_off = not self._line_out and await any_lives(session)
                found = (Fault("line_out"),) if cut_off else ()
                if self._database.is_sqlite:
                    await session.execute(text("SELECT 1"))
                    return found
                theirs: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
        except DatabaseUnavailable as away:
            return (Fault("database", str(away)),)
        except TimeoutError:
            return (Fault("database", f"no answer within {DATABASE_WITHIN:g} s"),)
        apart = (datetime.now(UTC) - theirs).total_seconds()
        return (*found, Fault("clock", f"{apart:+.1f} s")) if abs(apart) > CLOCK_MAY_DIFFER else found
