"""Who is calling: the register asked by CLI, with a deadline. Never an error: whoever is not found in time is served as
an unknown caller (X5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from ivr.events import CallerIdentified, CallerUnknown
from models.database import Database, DatabaseUnavailable
from models.phone_numbers import canonical, national
from models.queries.register import find_files, find_files_of_device

log = structlog.get_logger(__name__)


class Register:
    """`in_hours` tells whether the communities' seats are staffed at this moment (H2)."""

    def __init__(
        self, database: Database, *, area_code: str, now: Callable[[], datetime], in_hours: Callable[[], bool]
    ) -> None:
        self._database = database
        self._area_code = area_code
        self._now = now
        self._in_hours = in_hours

    async def identify(self, caller: str, timeout: float, *, device: str = "") -> CallerIdentified | CallerUnknown:
        """`caller` is the CLI in any form that carriers send; without one, whose `device` it is."""
        try:
            async with asyncio.timeout(timeout), self._database.read() as session:
                find, what = (find_files, caller) if caller or not device else (find_files_of_device, device)
                files = await find(session, what, self._area_code)
        except TimeoutError:
            return self._unknown(f"the register did not answer within {timeout:g} s")
        except DatabaseUnavailable as away:
            return self._unknown(str(away))
        if not files:
            return self._unknown(f"this {'number' if caller or not device else 'device'} is not on file")
        file, *others = files
        return CallerIdentified(
            at=self._now(), actor="system", file=file, others=tuple(others), in_hours=self._in_hours()
        )

    def _unknown(self, reason: str) -> CallerUnknown:
        return CallerUnknown(at=self._now(), actor="system", reason=reason)

    def tidy(self, caller: str) -> str:
        """The CLI as we would dial it, where that can be told; else as it came."""
        return national(canonical(caller, self._area_code)) if caller else ""
