"""After a visit the elder is asked about it (S3.4, T5): the call is booked when the visit ends. What is said then
becomes the rating of the order (`follow_up_work.py`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind
from models.elders import SERVED, Elder
from models.follow_ups import FollowUp
from models.orders.work_orders import WorkOrder


async def book_follow_up(session: AsyncSession, order: WorkOrder, *, at: datetime, policy: Policy) -> None:
    """The visit ended at this moment. A call that is still owed because of the wish itself becomes the one about the
    visit: nobody is asked twice. Who is not served any more is not asked."""
    elder = None if order.elder_id is None else await session.get(Elder, order.elder_id)
    if elder is None or elder.status not in SERVED:
        return
    row = await _owed_to_the_call(session, order) or FollowUp(kind=FollowUpKind.LIFE_SERVICE, elder_id=elder.id)
    row.order_id, row.due_at = order.id, at + timedelta(days=policy.follow_up)
    session.add(row)
    await session.flush()


async def _owed_to_the_call(session: AsyncSession, order: WorkOrder) -> FollowUp | None:
    """The follow-up of the call in which the service was wished for, unless it is done or another order's."""
    if order.case_id is None:
        return None
    of_call = FollowUp.case_id == order.case_id, FollowUp.kind == FollowUpKind.LIFE_SERVICE
    free = FollowUp.done_at.is_(None), FollowUp.order_id.is_(None)
    found: FollowUp | None = await session.scalar(select(FollowUp).where(*of_call, *free))
    return found
