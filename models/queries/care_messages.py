"""What a care call is about to say, and who is to be asked when nobody answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.care.vocabulary import CareQuestion
from ivr.case import ElderFile
from models.care.bulletins import CareBulletin
from models.care.calls import WAITING, CareCall
from models.care.filling import question_about
from models.care.planning import CareKind
from models.care.plans import CarePlan
from models.care.recordings import RECORDED
from models.follow_ups import FollowUp
from models.queries.register import file_of


@dataclass(frozen=True, slots=True)
class CareMessage:
    """`text`: what the plan says, and for weather what the bulletin says; may be empty. `must_answer`: somebody has
    promised to look after an elder who does not answer. `latest`: no try begins after it; `question`:
    what is asked. `recording`: what the plan `plan` has in place of the text, as in `CarePlan`."""

    kind: CareKind
    text: str
    must_answer: bool
    latest: datetime
    file: ElderFile
    question: CareQuestion
    plan: int = 0
    recording: str = ""


async def care_message(session: AsyncSession, call: int) -> CareMessage | None:
    """None: the call or its elder is no more."""
    of_plan = (CarePlan.text, CarePlan.must_answer, CarePlan.recording)
    found = (
        await session.execute(
            select(CareCall, *of_plan, CareBulletin.text, FollowUp)
            .outerjoin(CarePlan, CarePlan.id == CareCall.plan_id)
            .outerjoin(CareBulletin, CareBulletin.id == CareCall.bulletin_id)
            .outerjoin(FollowUp, FollowUp.id == CareCall.follow_up_id)
            .where(CareCall.id == call)
        )
    ).one_or_none()
    if found is None:
        return None
    row, text, must_answer, recording, bulletin, follow_up = found
    file = await file_of(session, row.elder_id)
    if file is None:
        return None
    words = "。".join(part.strip() for part in (bulletin, text) if part and part.strip())
    asked = question_about(follow_up)
    own = recording if recording and row.kind in RECORDED else ""
    return CareMessage(row.kind, words, bool(must_answer), row.latest_at, file, asked, row.plan_id or 0, own)


async def care_calls_due(session: AsyncSession, now: datetime, *, most: int) -> int:
    """How many calls could be made now, counted up to `most`."""
    waits = (CareCall.state.in_(WAITING), CareCall.due_at <= now, CareCall.latest_at > now)
    return len((await session.scalars(select(CareCall.id).where(*waits).limit(most))).all())
