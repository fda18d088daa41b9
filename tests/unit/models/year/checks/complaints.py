"""Complaints: which are late, where each stands and how high up (H8)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.complaints import count_complaints, list_complaints
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount

EVERYTHING = 1_000_000  # rows


async def late(session: AsyncSession, life: Life, recount: Recount) -> None:
    expected, office = recount.complaints.late(life.now), life.office
    page = await list_complaints(session, scope=EVERYWHERE, office=office, late=True, limit=EVERYTHING)
    assert {one.id for one in page.items} == expected
    assert await count_complaints(session, scope=EVERYWHERE, office=office, late=True) == len(expected)


async def levels(session: AsyncSession, life: Life, recount: Recount) -> None:
    page = await list_complaints(session, scope=EVERYWHERE, office=life.office, limit=EVERYTHING)
    shown = {one.id: (str(one.state), one.level, one.opened_at) for one in page.items}
    assert shown == {number: (one.state, one.level, one.since) for number, one in recount.complaints.of.items()}
    marked = {one.id for one in page.items if one.late}
    assert marked == recount.complaints.late(life.now)
