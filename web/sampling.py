"""Drawing each day's visits by itself (T5), once the day's work has begun. The rule is that of
`models/visit_samples.py`; here is only the clock."""

from datetime import datetime
from typing import Final

from models.base import utc_now
from models.database import Database
from models.house_policy import Fixed, policy_in_force
from models.register import FormRefused
from models.visit_samples import VisitSample, draw
from web.logs import log
from web.repeating import again_and_again

EVERY: Final = 600.0
SYSTEM: Final = "system"


async def draw_visits(database: Database, fixed: Fixed) -> None:
    """For ever: draw for the day as soon as it is due."""

    async def look() -> None:
        if (drawn := await draw_if_due(database, fixed, now=utc_now())) is not None:
            log.info("visits_drawn", count=drawn)

    await again_and_again(look, every=EVERY, failure="visits cannot be drawn")


async def draw_if_due(database: Database, fixed: Fixed, *, now: datetime) -> int | None:
    """How many were drawn; None: it is too early, none are wanted, or it was done."""
    local = now.astimezone()
    async with database.read() as session:
        policy = await policy_in_force(session, fixed)
        if local.hour < policy.office_from or not policy.visit_sample:
            return None
        if await session.get(VisitSample, local.date()) is not None:
            return None
    try:
        return await draw(database, local.date(), policy=policy, by=SYSTEM)
    except FormRefused:
        return None  # somebody was quicker
