"""The platform's Asterisk, as far as a page changes what it reads: seats and duty phones. Its files are written anew
and read again by a reload, which leaves calls and registrations as they are.

Also for the command line, so that both say the same to Asterisk.
"""

import asyncio
from enum import StrEnum

from home.asterisk import AsteriskError, Change, SeatLine, platform_asterisk, render_platform
from home.asterisk_render import RenderError
from home.programs import ProgramMissing, find
from home.secrets import Secrets
from home.settings import Settings
from models.database import Database
from models.house_policy import Fixed, duty_phones_of
from models.live_settings import current
from models.seats import list_seats
from web.logs import log


class Told(StrEnum):
    """What became of telling Asterisk."""

    DONE = "done"
    LATER = "later"  # it does not run in this home: it reads its files when it starts
    FAILED = "failed"  # the files are not as they should be, or it does not answer


async def seat_lines(db: Database) -> list[SeatLine]:
    """Every seat as Asterisk has to know it."""
    async with db.read() as session:
        seats = await list_seats(session)
    return [SeatLine(seat.extension, seat.sip_password, seat.name, seat.active) for seat in seats]


async def render_exchange(settings: Settings, db: Database, *, write: bool = True) -> list[Change]:
    """Asterisk's files from settings, secrets and records; returns what changed."""
    secrets = Secrets.load_or_create(settings.home)
    seats = await seat_lines(db)
    async with db.read() as session:
        duty_phones = duty_phones_of(Fixed.of(settings), await current(session))

    def work() -> list[Change]:
        program = find("asterisk", settings)
        return render_platform(settings, secrets, seats, program=program, duty_phones=duty_phones, write=write)

    return await asyncio.to_thread(work)


async def reload(settings: Settings) -> None:
    """Have the running Asterisk read seats and dialplan again. Raises AsteriskError, ProgramMissing."""
    asterisk = platform_asterisk(settings, await asyncio.to_thread(find, "asterisk", settings))
    await asterisk.cli("module reload res_pjsip.so")
    await asterisk.cli("dialplan reload")


class Exchange:
    """For the web process: one change after the other."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._one_at_a_time = asyncio.Lock()
        self._owed = False  # the files were written, and Asterisk has not read them

    @property
    def running(self) -> bool:
        return (self._settings.home / "asterisk" / "run" / "asterisk.ctl").exists()

    async def tell(self) -> Told:
        """Let Asterisk know what stands in the records now; why not is in the log."""
        if not self.running:
            return Told.LATER
        async with self._one_at_a_time:
            try:
                self._owed = bool(await render_exchange(self._settings, self._database)) or self._owed
                if self._owed:
                    await reload(self._settings)
                self._owed = False
            except (AsteriskError, RenderError, ProgramMissing, OSError) as problem:
                log.error("exchange_not_told", reason=type(problem).__name__)
                return Told.FAILED
        return Told.DONE
