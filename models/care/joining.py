"""What becomes of care calls when two files of one person are made one (`models/merging.py`)."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.care.calls import WAITING, CareCall
from models.care.wishes import CareWishes


async def move_care(session: AsyncSession, gone: int, keep: int) -> None:
    """The calls that were made are the other file's; those that wait are planned anew, so that nobody is rung twice.
    The wishes of the file that stays count, those of the other one only where it has none; who said stop in either of
    them is not rung."""
    both, mine = aliased(CareCall), CareCall.__table__.c
    same = select(both.id).where(
        both.elder_id == keep, both.plan_id == mine.plan_id, both.day == mine.day, both.slot == mine.slot
    )
    await session.execute(
        delete(CareCall).where(CareCall.elder_id == gone, CareCall.state.in_(WAITING) | same.exists())
    )
    await session.execute(update(CareCall).where(CareCall.elder_id == gone).values(elder_id=keep))
    theirs, ours = await session.get(CareWishes, gone), await session.get(CareWishes, keep)
    if theirs is None:
        return
    if ours is None:
        await session.execute(update(CareWishes).where(CareWishes.elder_id == gone).values(elder_id=keep))
        return
    ours.stopped_on = ours.stopped_on or theirs.stopped_on
    await session.delete(theirs)
    await session.flush()
