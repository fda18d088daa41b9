"""Which month may be reckoned: none that is locked, and none before it. A month as quality counts it, `2026-10`."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.months import is_month, this_month
from models.refusing import refuse
from models.settlement.records import SettlementMonth
from models.settlement.shares import Terms
from models.upsert import insert_or_ignore


def month_before(month: str, count: int = 1) -> str:
    return _moved(month, -count)


def month_after(month: str) -> str:
    return _moved(month, 1)


def _moved(month: str, by: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{number // 12:04}-{number % 12 + 1:02}"


async def locked_through(session: AsyncSession) -> str | None:
    """The last month that is locked: so are all before it."""
    locked = select(func.max(SettlementMonth.month)).where(SettlementMonth.locked_at.is_not(None))
    return await session.scalar(locked)


async def latest_month(session: AsyncSession) -> str:
    """The last one that was reckoned; the last that is over, where none was."""
    return await session.scalar(select(func.max(SettlementMonth.month))) or month_before(this_month())


async def held(session: AsyncSession, month: str, *, terms: Terms | None = None) -> SettlementMonth:
    """The row of an open month, held until the transaction ends: nobody locks it meanwhile, and no run writes. With
    `terms` it is made when there is none, and reckoned by these from now on.

    Raises:
        FormRefused: it is locked, lies before one that is, or is yet to come.
    """
    if not is_month(month) or month > this_month():
        refuse("month", "月份不存在或尚未开始", "no such month, or it is yet to come")
    if terms is not None:
        row = {"month": month, **_columns(terms), "run_by": "", "locked_by": ""}
        await insert_or_ignore(session, SettlementMonth, [row])
    wanted = select(SettlementMonth).where(SettlementMonth.month == month).with_for_update()
    found = await session.scalar(wanted.execution_options(populate_existing=True))
    through = await locked_through(session)
    if through is not None and month <= through:
        refuse("month", "该月已锁定，只能在以后的月份更正", "this month is locked: a later month corrects it")
    if found is None:
        refuse("month", "该月尚未结算", "this month was not reckoned yet")
    if terms is not None and found.terms != terms:
        for name, value in _columns(terms).items():
            setattr(found, name, value)
        await session.flush()
    return found


def _columns(terms: Terms) -> dict[str, int]:
    return {"call_fee": terms.call_fee, "call_paid": terms.call_paid, "home_limit": terms.home_limit}
