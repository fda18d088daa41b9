"""The end of a month: locked by somebody who has looked at its figures, its orders settled; and what somebody decides
afterwards by hand, as a line of the month that is open."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.database import Database
from models.months import this_month
from models.orders.dispatching import needed
from models.orders.rating import settle
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.pace import Pace
from models.refusing import refuse
from models.settlement.months import held, latest_month, locked_through, month_after
from models.settlement.records import LineCause, SettlementLine, SettlementMonth
from models.settlement.shares import Parts
from models.versions import NoSuchRecord, VersionConflict, fingerprint

MOST: Final = 10_000_000  # fen: what is more is a typing mistake


async def figures(session: AsyncSession, month: str) -> tuple[int, int, int]:
    """Lines, fen of the government, fen of the elders: of all places."""
    line = SettlementLine
    sums = select(func.count(line.id), func.sum(line.government), func.sum(line.own)).where(line.month == month)
    lines, government, own = (await session.execute(sums)).one()
    return lines, int(government or 0), int(own or 0)


async def version_of(session: AsyncSession, month: str) -> int:
    """The version of a month: another one whenever its figures are others."""
    return fingerprint(month, *await figures(session, month))


async def lock_month(session: AsyncSession, month: str, *, version: int, by: str, now: datetime) -> SettlementMonth:
    """From now on nothing of it changes. `version`: the figures that were looked at.

    Raises:
        FormRefused: it is not over, was not reckoned, is locked, or the month before it is not (field `month`).
        VersionConflict: the figures are others now.
    """
    row = await held(session, month)
    if month >= this_month():
        refuse("month", "本月尚未结束，不能锁定", "this month is not over")
    if row.run_at is None:
        refuse("month", "该月尚未结算", "this month was not reckoned yet")
    earlier = select(SettlementMonth.month).where(SettlementMonth.month < month, SettlementMonth.locked_at.is_(None))
    through = await locked_through(session)
    if await session.scalar(earlier.limit(1)) is not None or (through is not None and month_after(through) != month):
        refuse("month", "请先锁定更早的月份", "lock the months before it first")
    current = await version_of(session, month)
    if current != version:
        raise VersionConflict(current)
    row.locked_at, row.locked_by = now, by
    lines, government, own = await figures(session, month)
    audit(session, by, "settlement.lock", f"settlement:{month}", lines=lines, government=government, own=own)
    await session.flush()
    return row


async def settle_orders(database: Database, *, by: str) -> int:
    """Orders that stand in a locked month and were checked are settled; how many. May be done again at any time."""
    through = SettlementMonth.locked_at.is_not(None)
    wanted = (
        select(WorkOrder.id, SettlementLine.month)
        .join(SettlementLine, SettlementLine.order_id == WorkOrder.id)
        .join(SettlementMonth, SettlementMonth.month == SettlementLine.month)
        .where(through, WorkOrder.state == OrderState.CHECKED)
    )
    async with database.read() as session:
        rows = await session.execute(wanted.order_by(SettlementLine.month.desc()))
        owed = {row.id: row.month for row in rows}  # the first month of each counts
    pace, left, count = Pace(rests=database.is_sqlite), sorted(owed), 0
    while left:
        some, left = left[: pace.size], left[pace.size :]
        begun = time.monotonic()
        async with database.write() as session:
            held_orders = select(WorkOrder).where(WorkOrder.id.in_(some), WorkOrder.state == OrderState.CHECKED)
            for order in await session.scalars(held_orders.with_for_update()):
                await settle(session, order, by=by, month=owed[order.id])
                count += 1
        await pace.took(time.monotonic() - begun, len(some))
    return count


async def correct(session: AsyncSession, line_id: int, parts: Parts, *, reason: str, by: str, now: datetime) -> int:
    """Somebody decides that a line should come to so much more or less; the id of the new line, which stands in the
    month that is open.

    Raises:
        NoSuchRecord: there is no such line.
        FormRefused: no reason, no amount or too much of one; or no month is open.
    """
    line = await session.get(SettlementLine, line_id)
    if line is None:
        raise NoSuchRecord
    if not parts or max(abs(parts.government), abs(parts.own)) > MOST:
        refuse("amount", "请填写更正金额，单项不超过10万元", "an amount, at most 100 000 yuan each")
    why = needed(reason)
    through = await locked_through(session)
    month = await latest_month(session) if through is None else month_after(through)
    await held(session, month)
    beginning = f"hand:{line.id}:"
    before = select(func.count(SettlementLine.id)).where(SettlementLine.subject.startswith(beginning, autoescape=True))
    new = SettlementLine(
        month=month,
        subject=f"{beginning}{(await session.scalar(before) or 0) + 1}",
        of_month=line.of_month,
        kind=line.kind,
        cause=LineCause.HAND,
        order_id=line.order_id,
        elder_id=line.elder_id,
        org_unit_id=line.org_unit_id,
        supplier_id=line.supplier_id,
        worker_id=line.worker_id,
        service_class=line.service_class,
        percent=line.percent,
        government=parts.government,
        own=parts.own,
        reason=why,
        made_at=now,
        made_by=by,
    )
    session.add(new)
    await session.flush()
    told = {"month": month, "after": [parts.government, parts.own], "of": line.subject}
    audit(session, by, "settlement.correct", f"settlement_line:{new.id}", elder=line.elder_id, **told)
    return new.id
