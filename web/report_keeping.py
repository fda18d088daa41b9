"""Keeping the counts of days that are over, and looking again whether they are right. What may be kept, and when it is
not true any more, is told by `models/reports/keeping.py`; here is only the clock."""

import asyncio
import time
from typing import Final

from models.base import local_today
from models.database import Database
from models.reports.keeping import keep, longest_kept, missing, renew_basis
from web.logs import log
from web.repeating import again_and_again

EVERY: Final = 300.0
MOST: Final = 400  # days of one round
FIRST: Final = 90.0  # after the start, when pages are served


async def keep_reports(database: Database) -> None:
    """For ever: keep what is over, a day at a time, and count again the day that was counted longest ago."""

    async def look() -> None:
        await keep_what_is_over(database)

    await again_and_again(look, every=EVERY, first=FIRST, failure="counts of reports cannot be kept")


async def keep_what_is_over(database: Database, *, most: int = MOST) -> int:
    """How many days were kept for the first time."""
    await renew_basis(database)
    async with database.read() as session:
        days, oldest = await missing(session, today=local_today()), await longest_kept(session)
    done = 0
    for day in days[:most]:
        began = time.monotonic()
        done += await keep(database, day) is not None
        await asyncio.sleep(time.monotonic() - began)  # half of the time is for others
    if oldest is not None and await keep(database, oldest):
        log.warning("report_day_differed", day=f"{oldest}")  # nobody had told of a change: what was shown was wrong
    return done
