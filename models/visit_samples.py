"""Which elders are asked about their home services, each day a number of them (T5): at random, so that nobody can be
chosen or spared, and so that anybody can draw the same again. No elder twice within a year.

Everybody who could be drawn is ranked by the SHA-256 of `KEY:day:number of the file`; the first of that row are drawn.
The key is no secret; who could be drawn stands on record with the day, so the row can be made again years later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind
from models.audit import audit
from models.base import Base, PlainJson, utc_now
from models.database import Database
from models.elders import SERVED, Elder, is_whole
from models.follow_ups import FollowUp
from models.orders.states import DONE
from models.orders.work_orders import WorkOrder
from models.refusing import refuse

KEY: Final = "yijiantong-home-visits"
YEAR: Final = timedelta(days=366)  # so that nobody is drawn twice in a calendar year either, a leap year included
RECENT: Final = timedelta(days=30)  # somebody whose last order is older hardly remembers it


class VisitSample(Base):
    """One day's drawing: how many were wanted, and the files of all who could be drawn, in order."""

    __tablename__ = "visit_samples"

    day: Mapped[date] = mapped_column(primary_key=True)
    wanted: Mapped[int]
    candidates: Mapped[list[int]] = mapped_column(PlainJson())
    drawn_at: Mapped[datetime] = mapped_column(default=utc_now)
    drawn_by: Mapped[str]


def seed_of(day: date) -> str:
    """What the number of a file is put after, with a colon, before the hash is taken."""
    return f"{KEY}:{day.isoformat()}"


def drawn(day: date, candidates: Iterable[int], wanted: int) -> list[int]:
    """Those of the candidates who are drawn on this day, in the order in which they are; each counts once."""
    seed = seed_of(day)
    return sorted(set(candidates), key=lambda elder: hashlib.sha256(f"{seed}:{elder}".encode()).digest())[:wanted]


async def draw(database: Database, day: date, *, policy: Policy, by: str) -> int:
    """Draw for this day and book the calls, due as any follow-up; how many. A district's orders of a month are read
    before anything is written: nobody else could write meanwhile.

    Raises:
        FormRefused: it was done for this day.
    """
    async with database.read() as session:
        orders = await _candidates(session, day)
    async with database.write() as session:
        return len(await _book(session, day, orders, policy=policy, by=by))


async def _book(
    session: AsyncSession, day: date, orders: Mapping[int, int], *, policy: Policy, by: str
) -> Sequence[FollowUp]:
    wanted = int(policy.visit_sample)
    session.add(VisitSample(day=day, wanted=wanted, candidates=sorted(orders), drawn_by=by))
    try:
        await session.flush()
    except IntegrityError:
        refuse("day", "当日已抽样", "it was done for this day")
    now = utc_now()
    booked = [
        FollowUp(
            kind=FollowUpKind.VISIT,
            elder_id=elder,
            order_id=orders[elder],
            booked_at=now,
            due_at=now + timedelta(days=policy.follow_up),
            sample_day=day,
        )
        for elder in drawn(day, orders, wanted)
    ]
    session.add_all(booked)
    await session.flush()
    audit(session, by, "visit_sample.draw", f"visit_sample:{day}", candidates=len(orders), drawn=len(booked))
    return booked


async def _candidates(session: AsyncSession, day: date) -> dict[int, int]:
    """Elder to the last home service that they had: everybody whom we serve, but for those of this year's drawings."""
    end = datetime.combine(day, time.max).astimezone()
    last = select(WorkOrder.elder_id, func.max(WorkOrder.id)).join(Elder, Elder.id == WorkOrder.elder_id)
    last = last.where(WorkOrder.drafted_at > end - RECENT, WorkOrder.drafted_at <= end, WorkOrder.state.in_(DONE))
    last = last.where(Elder.status.in_(SERVED), is_whole()).group_by(WorkOrder.elder_id)
    near = (FollowUp.sample_day > day - YEAR, FollowUp.sample_day < day + YEAR)
    taken = set(await session.scalars(select(FollowUp.elder_id).where(*near)))
    return {elder: order for elder, order in await session.execute(last) if elder is not None and elder not in taken}
