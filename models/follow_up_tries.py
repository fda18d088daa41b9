"""A follow-up call that nobody picks up is tried again, each time at another hour of the day; after so many tries as
the policy allows it is closed as not reached, with its tries on record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.audit import audit
from models.base import utc_now
from models.complaint_handling import user_of
from models.complaints import Satisfaction
from models.follow_up_work import check_caller, find, tell_complaint
from models.follow_ups import Ended, FollowUp, FollowUpTry, TryResult
from models.refusing import refuse
from models.scope import EVERYWHERE, Scope
from models.versions import changing

FIRST_HOUR, LAST_HOUR = 9, 19  # nobody is rung to be asked something before 9:00 or from 20:00 on
HOURS: Final = range(FIRST_HOUR, LAST_HOUR + 1)


def next_try(now: datetime, tried: Collection[datetime], pause: timedelta) -> datetime:
    """When to ring again: `pause` from now at the earliest, at an hour of the day (here) at which nobody was tried yet.
    Where all hours were tried, at any of them."""
    used = {at.astimezone().hour for at in tried}
    free = set(HOURS) - used or set(HOURS)
    at = (now + pause).astimezone()
    if at.hour not in free:
        at = at.replace(minute=0, second=0, microsecond=0)
        while at.hour not in free:
            at = (at.astimezone(UTC) + timedelta(hours=1)).astimezone()
    return at.astimezone(UTC)


async def nobody_answered(
    session: AsyncSession,
    follow_up: int,
    result: TryResult,
    *,
    version: int,
    by: str,
    policy: Policy,
    scope: Scope = EVERYWHERE,
) -> FollowUp:
    """Put on record that a call came to nothing, and say when the next one is due or that there is none.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: it is done already, or whoever rang is complained about.
    """
    async with changing(session, await find(session, follow_up, scope=scope), version=version) as row:
        if row.done_at is not None:
            refuse("result", "回访已结束", "it is done already")
        await check_caller(session, row, user_of(by))
        now = utc_now()
        tried = select(FollowUpTry.at).where(FollowUpTry.follow_up_id == follow_up)
        times = [*await session.scalars(tried), now]
        session.add(FollowUpTry(follow_up_id=follow_up, at=now, by=by, result=result))
        row.tries = len(times)
        if row.tries >= policy.follow_up_tries:
            row.done_at, row.done_by, row.next_try_at, row.ended = now, by, None, Ended.NOT_REACHED
            await tell_complaint(session, row, Satisfaction.NOT_SAID, by=by)
            audit(session, by, "follow_up.not_reached", f"follow_up:{follow_up}", elder=row.elder_id, tries=row.tries)
        else:
            row.next_try_at = next_try(now, times, timedelta(hours=policy.follow_up_pause))
            audit(session, by, "follow_up.try", f"follow_up:{follow_up}", elder=row.elder_id, result=result)
    return row
