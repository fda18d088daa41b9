"""When care calls are planned ahead and closed as missed. The plan lives in the database (`models/care/filling.py`);
the scheduler only says "look now", so it may say so twice, or be away for a day."""

from datetime import datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from models.base import utc_now
from models.care.asking import book_questions
from models.care.calls import close_late
from models.care.filling import hours_of
from models.care.halting import is_halted
from models.care.remembering import Remembered, fill_changed
from models.database import Database
from models.pace import Pace
from web.logs import log
from web.policy_now import PolicyNow
from web.repeating import one_round

FIRST_AFTER: Final = timedelta(seconds=45)  # of the start, when pages are served
LOOK_EVERY: Final = timedelta(minutes=5)


class CareClock:
    """`start` and `stop` are the application's."""

    def __init__(self, database: Database, policy: PolicyNow) -> None:
        self._database = database
        self._policy = policy
        self._known = Remembered()
        self._scheduler = AsyncIOScheduler()

    def start(self) -> None:
        """One look at a time; one that is late is made all the same, several are made once."""
        self._scheduler.add_job(
            self._round,
            "interval",
            seconds=LOOK_EVERY.total_seconds(),
            next_run_time=utc_now() + FIRST_AFTER,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=1,
        )
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)

    async def look(self, now: datetime) -> tuple[int, int]:
        """Plan ahead, close what is too late: how many calls of each."""
        policy = await self._policy.read()
        hours = hours_of(policy)
        pace = Pace(rests=self._database.is_sqlite)
        written = await fill_changed(self._database, self._known, now=now, hours=hours, pace=pace)
        written += await book_questions(self._database, now=now, policy=policy, pace=pace)
        async with self._database.read() as session:
            halted = await is_halted(session)
        closed = await close_late(self._database, at=now, halted=halted, pace=pace)
        return written, closed

    async def _round(self) -> None:
        await one_round(self._told_look, failure="care calls cannot be planned")

    async def _told_look(self) -> None:
        written, closed = await self.look(utc_now())
        if written or closed:
            log.info("care_planned", written=written, closed=closed)
