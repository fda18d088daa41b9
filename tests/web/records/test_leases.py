"""Which controller is active, on record: however many would take the lease at once, one does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select, update

from models import leases
from models.base import utc_now
from models.database import Database
from models.leases import NOBODY, Candidate, ControllerRow


async def takes_if_free(database: Database, place: str) -> bool:
    me = Candidate(place=place, node="a", app=f"sos-{place}")
    async with database.write() as session:
        standing = await leases.beat(session, me)
        if standing.holder != NOBODY:
            return False
        await leases.take(session, me)
        return True


async def test_of_many_at_once_one_takes_it(db: Database) -> None:
    took = await asyncio.gather(*(takes_if_free(db, f"place-{number}") for number in range(8)))
    assert sum(took) == 1
    async with db.read() as session:
        assert await leases.holder(session, "a") == f"place-{took.index(True)}"
        assert await leases.holder(session, "another") == NOBODY


async def test_who_leaves_takes_nothing_from_another(db: Database) -> None:
    assert await takes_if_free(db, "one")
    async with db.write() as session:
        await leases.leave(session, Candidate(place="two", node="a"))
    async with db.read() as session:
        assert await leases.holder(session, "a") == "one"
    async with db.write() as session:
        await leases.leave(session, Candidate(place="one", node="a"))
    assert await takes_if_free(db, "two")


async def test_the_others_are_seen_and_those_long_gone_are_forgotten(db: Database) -> None:
    for place in ("one", "two"):
        await takes_if_free(db, place)
    me = Candidate(place="three", node="a", beat=5, linked=True)
    async with db.write() as session:
        standing = await leases.beat(session, me)
    assert [(one.place, one.app) for one in standing.others] == [("one", "sos-one"), ("two", "sos-two")]
    async with db.write() as session:
        long_ago = utc_now() - leases.FORGOTTEN_AFTER - timedelta(minutes=1)
        await session.execute(update(ControllerRow).where(ControllerRow.place == "two").values(seen_at=long_ago))
    async with db.write() as session:
        assert [one.place for one in (await leases.beat(session, me)).others] == ["one"]
        shown = (await session.scalars(select(ControllerRow).where(ControllerRow.place == "three"))).one()
        assert (shown.beat, shown.linked) == (5, True)
