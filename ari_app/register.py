"""Who is calling: the register asked by CLI, with a deadline, or its snapshot while the database is away or slow. Never
an error: whoever is not found in time is served as an unknown caller (X5)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from dialplan.agi.snapshot import SnapshotProblem, device_key
from dialplan.agi.snapshot import find as find_in_snapshot
from ivr.case import ElderFile
from ivr.events import CallerIdentified, CallerUnknown
from models.database import Database, DatabaseUnavailable
from models.phone_numbers import canonical, national
from models.queries.register import file_of, find_files, find_files_of_device

log = structlog.get_logger(__name__)


SNAPSHOT_TAKES = 0.3  # seconds of the deadline that are kept for the snapshot
NOBODY, NOBODYS_NUMBER = 0, "000000"


async def warm_up(database: Database) -> None:
    """Ask for nobody's file: the first alarm after our start finds the connection open and the statements made, which
    takes longer than the look-up itself."""
    try:
        async with database.read() as session:
            await find_files(session, NOBODYS_NUMBER, "")
            await file_of(session, NOBODY)
    except DatabaseUnavailable as away:
        log.info("the register cannot be asked yet", reason=str(away))


class Register:
    """`in_hours` tells whether the communities' seats are staffed at this moment (H2). `snapshot`: the file that counts
    while the database does not answer."""

    def __init__(
        self,
        database: Database,
        *,
        snapshot: Path,
        area_code: str,
        now: Callable[[], datetime],
        in_hours: Callable[[], bool],
    ) -> None:
        self._database = database
        self._snapshot = snapshot
        self._area_code = area_code
        self._now = now
        self._in_hours = in_hours

    async def identify(self, caller: str, timeout: float, *, device: str = "") -> CallerIdentified | CallerUnknown:
        """`caller` is the CLI in any form that carriers send; without one, whose `device` it is."""
        deadline = asyncio.get_running_loop().time() + timeout
        files: Sequence[ElderFile] = ()
        try:
            async with asyncio.timeout(timeout - min(SNAPSHOT_TAKES, timeout / 2)), self._database.read() as session:
                find, what = (find_files, caller) if caller or not device else (find_files_of_device, device)
                files = await find(session, what, self._area_code)
        except (TimeoutError, DatabaseUnavailable) as away:
            reason = str(away) or f"the register did not answer within {timeout:g} s"
            try:
                async with asyncio.timeout_at(deadline):
                    files = await self._last_known(caller, device)
            except TimeoutError:
                return self._unknown(reason)
            except SnapshotProblem as problem:
                log.warning("the register's snapshot cannot be read", reason=str(problem))
            if not files:
                return self._unknown(reason)
            log.warning("a caller was found in the snapshot", reason=reason)
        if not files:
            return self._unknown(f"this {'number' if caller or not device else 'device'} is not on file")
        file, *others = files
        return CallerIdentified(
            at=self._now(), actor="system", file=file, others=tuple(others), in_hours=self._in_hours()
        )

    async def _last_known(self, caller: str, device: str) -> Sequence[ElderFile]:
        """Raises SnapshotProblem."""
        keys = [] if caller or not device else [device_key(device)]
        keys.append(canonical(caller or device, self._area_code))
        return (await asyncio.to_thread(find_in_snapshot, self._snapshot, filter(None, keys))).files

    def _unknown(self, reason: str) -> CallerUnknown:
        return CallerUnknown(at=self._now(), actor="system", reason=reason)

    def tidy(self, caller: str) -> str:
        """The CLI as we would dial it, where that can be told; else as it came."""
        return national(canonical(caller, self._area_code)) if caller else ""
