"""Scans that come while somebody else moves the order, and by clocks that are wrong."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database
from models.orders import dispatching
from models.orders.links import make_link, worker_of
from models.orders.visits import Action, ActionKind, Outcome, happened_at, take

from .orders import BEGIN, PAGE, POLICY, World

START, END = ActionKind.START, ActionKind.END


@pytest.mark.clause("T1", "T2")
async def test_no_visit_begins_before_its_order_was_sent_whatever_the_phones_clock_says(world: World) -> None:
    number = await world.appointed()
    world.now += timedelta(minutes=30)
    for ago in (timedelta(minutes=31), timedelta(days=365 * 56), timedelta(days=365 * 1990)):
        assert await world.scan(number, START, ago=ago) is Outcome.NOT_APPOINTED
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert happened_at(earliest, latest, world.now) < BEGIN
    assert await world.scan(number, START, ago=timedelta(minutes=30)) is Outcome.TAKEN


@pytest.mark.clause("T2")
async def test_a_scan_waits_for_who_moves_the_order_at_this_moment(postgres_url: str) -> None:
    db = Database(postgres_url)
    world = World(db)
    await world.settle()
    number, worker = await world.appointed(), world.workers[world.firms[0]][0]
    colleague = world.workers[world.firms[0]][1]
    async with world.order(number) as (session, order):
        token = await make_link(session, worker, visit_at=world.now, by="user:1", now=world.now)
        order.worker_id = colleague

    async def scan() -> Outcome:
        code = world.codes[world.elders[0]]
        told = Action("key-of-this", START, phone_at=world.now, sent_at=world.now, code=code)
        async with db.write() as session:
            who = await worker_of(session, token, world.now, lock=True)
            assert who is not None
            return await take(session, who, number, told, now=world.now, policy=POLICY)

    async with world.order(number) as (session, order):
        version, later = order.version, world.now + timedelta(minutes=5)
        order.wish = "擦窗、扫地"
        await session.flush()  # the order's row is held
        scanning = asyncio.create_task(scan())
        await _somebody_waits(session)
        who = {"by": "user:9", "version": version + 1, "now": world.now, "page": PAGE}
        await dispatching.appoint(session, order, worker, later, **who)  # type: ignore[arg-type]
    assert await scanning is Outcome.TAKEN
    assert await world.state(number) == "started"
    await db.close()


async def _somebody_waits(session: AsyncSession) -> None:
    """Until another connection waits for a lock."""
    async with asyncio.timeout(20):
        while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
