"""Which plans of care calls have a recording of their own, and which one. The sound: `home/plan_recordings.py`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.care.planning import PLANNED, CareKind
from models.care.plans import CarePlan, find_plan
from models.register import FormRefused
from models.scope import EVERYWHERE, Scope
from models.versions import changing

RECORDED: Final = frozenset(PLANNED) - {CareKind.WEATHER}  # a bulletin says something else each time


async def find_recorded(session: AsyncSession, plan: int, *, scope: Scope = EVERYWHERE) -> CarePlan:
    """A plan that may have a recording. Raises NoSuchRecord; FormRefused: it tells another text each time."""
    row = await find_plan(session, plan, scope=scope)
    if row.kind not in RECORDED:
        raise FormRefused.of("sound", "天气计划播报通知的内容，不用录音", "a plan of the weather tells each bulletin")
    return row


async def set_recording(session: AsyncSession, row: CarePlan, digest: str, *, by: str) -> None:
    """What is played in place of the text from the next call on; empty: nothing."""
    if row.recording == digest:
        return
    before = {"recording": row.recording}
    async with changing(session, row, version=None):
        row.recording = digest
    action = "care_plan.record" if digest else "care_plan.default"
    audit(session, by, action, f"care_plan:{row.id}", elder=row.elder_id, before=before, after={"recording": digest})


async def recorded_for(session: AsyncSession, elder: int) -> list[int]:
    """The plans for this elder alone that have a recording."""
    found = select(CarePlan.id).where(CarePlan.elder_id == elder, CarePlan.recording != "")
    return list(await session.scalars(found))
