"""The end of a month: reckoned some days later, and again when it is locked, which is forgotten once (X6)."""

from __future__ import annotations

from datetime import date, timedelta
from unittest.mock import patch

from models import pace
from models.settlement.closing import lock_month, settle_orders, version_of
from models.settlement.running import Done, run

from .clock import moment
from .life import LEADER, Life
from .log import What

RECKONED = 3  # day of the month after
FORGOTTEN = 4  # in this month nothing is locked, and the next time two months are


async def look(life: Life, day: date) -> None:
    """Once a day; a run has transactions of its own."""
    last = day.replace(day=1) - timedelta(days=1)
    if last.year < day.year:
        return
    if day.day == RECKONED:
        life.unlocked.append(f"{last:%Y-%m}")
        life.clock.now = max(life.now, moment(day, 8.1))
        await _reckon(life, life.unlocked[-1])
    if day.day == RECKONED + 1 + 5 * day.month % 14 and day.month != FORGOTTEN:
        for month in life.unlocked:
            await _lock(life, month)
        life.unlocked.clear()


async def _reckon(life: Life, month: str) -> Done:
    with patch.object(pace, "RESTS", 0.0):  # nobody waits for the writer
        done = await run(life.db, month, policy=life.policy, by=LEADER, now=life.now)
    life.say(What.RECKONED, month=month)
    return done


async def _lock(life: Life, month: str) -> None:
    """Looked at, and locked; once more it would bring nothing new."""
    await _reckon(life, month)
    assert await _reckon(life, month) == Done()
    async with life.db.write() as session:
        version = await version_of(session, month)
        await lock_month(session, month, version=version, by=LEADER, now=life.now)
    life.say(What.LOCKED, month=month)
    await settle_orders(life.db, by=LEADER)
