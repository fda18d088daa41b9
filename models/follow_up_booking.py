"""Follow-ups that somebody books by hand (X2), beside those that calls, visits and the draw bring with them; and taking
back one that was booked so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import FollowUpKind
from models.audit import audit
from models.elders import SERVED
from models.follow_up_work import find
from models.follow_ups import FollowUp
from models.refusing import refuse
from models.register import find_elder
from models.scope import Scope
from models.versions import changing

FURTHEST: Final = timedelta(days=366)
BY_HAND: Final = (FollowUpKind.CARE, FollowUpKind.EMERGENCY, FollowUpKind.CONSULTATION, FollowUpKind.LIFE_SERVICE)


class OwedAnyway(Exception):
    """This follow-up is owed by a rule, or was worked on: it is written down what it brought, and it stays."""


async def book(
    session: AsyncSession, elder: int, kind: FollowUpKind, due_at: datetime, *, by: str, now: datetime, scope: Scope
) -> FollowUp:
    """A call that somebody wants to be made until `due_at`.

    Raises:
        NoSuchElder: there is none in `scope`.
        FormRefused: this kind is not booked by hand, the elder is not served, or the time is none.
    """
    file = await find_elder(session, elder, scope=scope)
    if file.status not in SERVED:
        refuse("elder", "该老人现不在服务中", "this person is not served now")
    if kind not in BY_HAND:
        refuse("kind", "此类回访由系统登记", "calls of this kind are booked by themselves")
    if not now < due_at <= now + FURTHEST:
        refuse("due_at", "时间应在今后一年内", "a time within the next year")
    row = FollowUp(elder_id=elder, kind=kind, booked_at=now, due_at=due_at)
    session.add(row)
    await session.flush()
    audit(session, by, "follow_up.book", f"follow_up:{row.id}", elder=elder, kind=kind)
    return row


async def take_back(session: AsyncSession, follow_up: int, *, version: int, by: str, scope: Scope) -> None:
    """It was booked by hand, and is not wanted any more.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        OwedAnyway: of a call, an order or a draw; or somebody was rung already.
    """
    async with changing(session, await find(session, follow_up, scope=scope), version=version) as row:
        by_hand = row.case_id is None and row.order_id is None and row.sample_day is None
        if not by_hand or row.tries or row.done_at is not None:
            raise OwedAnyway
        audit(session, by, "follow_up.take_back", f"follow_up:{follow_up}", elder=row.elder_id, kind=row.kind)
        await session.delete(row)
