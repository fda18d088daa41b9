"""Orders: who waits for a call, where each stands, whose and how long it was."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.work_orders import OVERDUE, count_overdue, list_orders, overdue_orders
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount

EVERYTHING = 1_000_000  # rows


async def overdue(session: AsyncSession, life: Life, recount: Recount) -> None:
    expected = [one.number for one in recount.orders.overdue(life.now)]
    shown = await overdue_orders(session, scope=EVERYWHERE, limit=EVERYTHING)
    assert [one.id for one in shown] == expected
    assert await count_overdue(session, scope=EVERYWHERE) == len(expected)
    listed = (await list_orders(session, scope=EVERYWHERE, state=OVERDUE, limit=EVERYTHING)).items
    assert [one.id for one in listed] == sorted(expected, reverse=True)
    for firm in life.log.firms:
        mine = [one for one in recount.orders.overdue(life.now) if one.supplier == firm]
        assert await count_overdue(session, supplier=firm) == len(mine)


async def every_one(session: AsyncSession, life: Life, recount: Recount) -> None:
    shown = (await list_orders(session, scope=EVERYWHERE, limit=EVERYTHING)).items
    assert {one.id for one in shown} == recount.orders.of.keys()
    for one in shown:
        story = recount.orders.of[one.id]
        house = (one.state, one.elder, one.service, one.supplier, one.price, one.worker, one.minutes, one.redo_of)
        counted = (
            story.state,
            story.elder,
            story.service,
            story.supplier or None,
            story.fen or None,
            story.worker or None,
            story.minutes,
            story.redo_of or None,
        )
        assert house == counted, f"order {one.id}"
        times = (one.call_due_at, one.appointed_for, one.started_at, one.finished_at, str(one.grade or ""))
        assert times == (story.call_due, story.appointed, story.started, story.ended, story.grade), f"order {one.id}"
