"""A report of the demo district that was signed off: that of last month, with whatever is on record of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.house_policy import Fixed, office_hours
from models.queries.reports import report
from models.reports.periods import PeriodKind, of_day
from models.reports.records import SignedReport
from models.reports.signing import sign
from models.scope import EVERYWHERE


async def make(session: AsyncSession) -> None:
    """Once: where one was signed off already, nothing is added."""
    if await session.scalar(select(SignedReport.id).limit(1)) is not None:
        return
    month = of_day(PeriodKind.MONTH, local_today()).before
    office = await office_hours(session, Fixed({}))
    made = await report(session, None, month, scope=EVERYWHERE, office=office)
    await sign(session, made, by="demo", remark="演示")
