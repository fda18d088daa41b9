"""What follows when an elder moves away or dies: nobody rings them any more to ask how they are. Calls from their line
are served all the same (`queries/register.py`)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit_each
from models.base import utc_now
from models.elders import GONE, ElderStatus
from models.follow_ups import Ended, FollowUp

# What stands as the result of a follow-up that is not owed any more; by it, it is found again when that was a mistake.
STOPPED: Final = {
    ElderStatus.DIED: "老人已去世, 不再回访 / the elder has died",
    ElderStatus.MOVED: "老人已迁出, 不再回访 / the elder has moved away",
}


async def follow_status(session: AsyncSession, elder_id: int, status: ElderStatus, *, by: str) -> None:
    """End the follow-ups that are owed to who is gone; owe them again when the elder is served after all."""
    ended = FollowUp.result.in_(STOPPED.values())
    mine = update(FollowUp).where(FollowUp.elder_id == elder_id).values(version=FollowUp.version + 1)
    if status in GONE:
        stop = mine.where(FollowUp.done_at.is_(None))
        stop = stop.values(done_at=utc_now(), done_by=by, ended=Ended.STOPPED, result=STOPPED[status], satisfaction="")
        action = "follow_up.stopped"
    else:
        stop = mine.where(ended).values(done_at=None, done_by="", ended=None, result="")
        action = "follow_up.reopen"
    changed = await session.scalars(stop.returning(FollowUp.id))
    audit_each(session, by, action, [f"follow_up:{number}" for number in changed], elder=elder_id)
