"""What the end of a care call leads to, in the transaction that writes it down: a grade that was pressed goes to the
follow-up and the order that it is about; family that wishes to know hears that the elder has answered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import RATING_KEYS
from models.care.calls import CareCall, CareState, Outcome, end
from models.care.texting import tell_family
from models.follow_up_work import said_by_key


async def end_call(
    session: AsyncSession, call: int, outcome: Outcome, *, caller: str, at: datetime, policy: Policy
) -> bool:
    """`calls.end`, and what follows from it. False, and nothing follows: it has ended before, or is another's.

    Raises:
        ValueError: that state is no result.
    """
    if not await end(session, call, outcome, caller=caller, at=at):
        return False
    row = await session.get_one(CareCall, call, populate_existing=True)
    if row.follow_up_id is not None:
        if (grade := RATING_KEYS.get(row.answer)) is not None:
            await said_by_key(session, row.follow_up_id, grade, at=at, policy=policy)
    elif row.state is CareState.REACHED:
        await tell_family(session, row, at=at)
    return True
