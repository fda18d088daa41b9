"""Calls that are owed: which are late, what came of each, whom the daily draw has found (S3.4, T5)."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.follow_ups import FollowUp
from models.queries.follow_ups import count_overdue, list_follow_ups
from models.scope import EVERYWHERE
from models.visit_samples import VisitSample
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount

EVERYTHING = 1_000_000  # rows


async def overdue(session: AsyncSession, life: Life, recount: Recount) -> None:
    late = {number for number, call in recount.calls.of.items() if call.done is None and call.due < life.now}
    page = await list_follow_ups(session, scope=EVERYWHERE, state=None, overdue=True, limit=EVERYTHING)
    assert {one.id for one in page.items} == late
    assert await count_overdue(session, scope=EVERYWHERE) == len(late)


async def results(session: AsyncSession, life: Life, recount: Recount) -> None:
    page = await list_follow_ups(session, scope=EVERYWHERE, state=None, limit=EVERYTHING)
    assert {one.id for one in page.items} == recount.calls.of.keys()
    for one in page.items:
        call = recount.calls.of[one.id]
        shown = (one.order, one.elder, one.due_at, one.tries, one.done_at, str(one.ended or ""), one.satisfaction)
        wanted = (call.order, call.elder, call.due, len(call.tried), call.done, call.ended, call.said)
        assert shown == wanted, f"follow-up {one.id}"
        if call.done is None:
            assert one.next_try_at == call.again, f"follow-up {one.id}"


async def samples(session: AsyncSession, life: Life, recount: Recount) -> None:
    """The same elders as were drawn again, at most so many a day, nobody twice."""
    wanted = {day: elders for day, elders in recount.calls.drawn.items() if elders}
    shown: dict[object, dict[int, int]] = {}
    for row in await session.scalars(select(FollowUp).where(FollowUp.sample_day.is_not(None))):
        shown.setdefault(row.sample_day, {})[row.elder_id or 0] = row.order_id or 0
    assert shown == wanted
    assert set(await session.scalars(select(VisitSample.day))) == recount.calls.drawn.keys()
    assert max((len(elders) for elders in shown.values()), default=0) <= life.log.sample
    assert max(Counter(elder for elders in shown.values() for elder in elders).values(), default=0) <= 1
