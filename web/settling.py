"""Reckoning the month that is over by itself (Y3), once a day from the day of the policy on, until somebody locks it.
The rules are those of `models/settlement/`; here is only the clock, and what a page and the API do alike."""

from datetime import datetime
from typing import Final

from models.base import utc_now
from models.database import Database
from models.house_policy import Fixed, policy_in_force
from models.months import month_of
from models.register import FormRefused
from models.settlement.closing import lock_month, settle_orders
from models.settlement.months import month_before
from models.settlement.records import SettlementMonth
from models.settlement.running import Done, run
from web.logs import log
from web.repeating import again_and_again

EVERY: Final = 1800.0
SYSTEM: Final = "system"


async def settle_months(database: Database, fixed: Fixed) -> None:
    """For ever: the month before, as soon as it is due."""

    async def look() -> None:
        if (done := await settle_if_due(database, fixed, now=utc_now())) is not None:
            log.info("month_settled", added=done.added, changed=done.changed, removed=done.removed)
        if count := await settle_orders(database, by=SYSTEM):  # what a restart has left over after a lock
            log.info("orders_settled", count=count)

    await again_and_again(look, every=EVERY, failure="months cannot be settled")


async def settle_if_due(database: Database, fixed: Fixed, *, now: datetime) -> Done | None:
    """What was done; None: it is too early, was done today, or the month is locked."""
    local, month = now.astimezone(), month_before(month_of(now))
    async with database.read() as session:
        policy = await policy_in_force(session, fixed)
        row = await session.get(SettlementMonth, month)
    if local.day < policy.settle_day:
        return None
    if row is not None and row.run_at is not None and row.run_at.astimezone().date() >= local.date():
        return None
    try:
        return await run(database, month, policy=policy, by=SYSTEM, now=now)
    except FormRefused:
        return None  # it is locked


async def settle_and_lock(database: Database, fixed: Fixed, month: str, *, version: int, by: str) -> None:
    """Reckoned once more, so that nothing is left out that is known by now; then locked, if the figures are still those
    that were looked at.

    Raises:
        FormRefused, VersionConflict: as in `closing.lock_month`.
    """
    await settle_now(database, fixed, month, by=by)
    async with database.write() as session:
        await lock_month(session, month, version=version, by=by, now=utc_now())
    await settle_orders(database, by=by)


async def settle_now(database: Database, fixed: Fixed, month: str, *, by: str) -> Done:
    """Raises FormRefused: as in `running.run`."""
    async with database.read() as session:
        policy = await policy_in_force(session, fixed)
    return await run(database, month, policy=policy, by=by, now=utc_now())
