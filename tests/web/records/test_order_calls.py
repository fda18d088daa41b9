"""Urgent orders offered by telephone, where two may be at the same order: what a key does, once, and who is asked next
(S3.2, S3.3, H10)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from ivr.offer_call import OfferResult
from ivr.policy import Policy
from models.base import utc_now
from models.database import Database
from models.elders import Elder
from models.orders import by_telephone, dispatching, order_calls
from models.orders.drafting import draft
from models.orders.order_calls import ClaimedOffer, OrderCall
from models.orders.states import IllegalStep, OrderState
from models.orders.work_orders import OrderChange, WorkOrder
from models.org import OrgKind, get_or_create
from models.queries.work_orders import count_overdue, order_view
from models.scope import EVERYWHERE
from models.suppliers.records import Supplier
from models.versions import VersionConflict
from tests.firms import admit, cleaning

pytestmark = pytest.mark.clause("S3.2", "S3.3", "H10")
POLICY = Policy(offer_tries=2, offer_pause=2)
NOW = utc_now()
_minutes = count()


def later() -> datetime:
    """Nothing happens at the same moment as something else."""
    return NOW + timedelta(minutes=3 * next(_minutes))


@dataclass
class Town:
    """Two firms, the first of them asked first, and an urgent order that was sent to it."""

    db: Database
    firms: tuple[int, int]
    order: int

    async def claim(self, caller: str = "ours") -> ClaimedOffer | None:
        async with self.db.write() as session:
            return await order_calls.claim(session, now=later(), caller=caller)

    async def rung(self) -> int:
        call = await self.claim()
        assert call is not None
        async with self.db.write() as session:
            assert await order_calls.dialled(session, call.id, caller="ours", at=later())
        return call.id

    async def press(self, call: int, key: str) -> OfferResult:
        async with self.db.write() as session:
            return await by_telephone.answered(session, call, key, caller="ours", now=later(), policy=POLICY)

    async def silence(self, call: int) -> None:
        async with self.db.write() as session:
            await by_telephone.not_answered(session, call, caller="ours", now=later(), policy=POLICY)

    async def calls(self) -> list[tuple[int, str, int, str]]:
        async with self.db.read() as session:
            rows = await session.scalars(select(OrderCall).order_by(OrderCall.id))
            return [(row.supplier_id, str(row.state), row.tries, row.key) for row in rows]

    async def whose(self) -> tuple[str, int | None]:
        async with self.db.read() as session:
            order = await session.get_one(WorkOrder, self.order)
            return str(order.state), order.supplier_id


async def settle(db: Database, *, urgent: bool = True) -> Town:
    async with db.write() as session:
        place = await get_or_create(session, OrgKind.COMMUNITY, "演示社区")
        elder = Elder(name="演示·王奶奶", home_phone="02110000001", org_unit_id=place.id)
        session.add(elder)
        first = await admit(session, "演示·甲", place, phone="12000000301", price=2_000)
        second = await admit(session, "演示·乙", place, phone="12000000302", price=2_500)
        service = (await cleaning(session)).id
        order = await draft(session, elder.id, service, "擦窗", urgent=urgent, by="user:1", now=NOW, scope=EVERYWHERE)
        now = later()
        await dispatching.offer(
            session, order, first, reason="1.", by="user:1", version=order.version, now=now, policy=POLICY
        )
        return Town(db, (first, second), order.id)


async def test_key_1_takes_the_order_once_and_no_two_ring_for_it(db: Database) -> None:
    town = await settle(db)
    call = await town.claim()
    assert call is not None
    assert (call.number, call.place) == ("12000000301", "演示社区")
    assert "居室保洁" in call.service_zh
    assert await town.claim("another") is None
    assert await town.press(call.id, "1") is OfferResult.ACCEPTED
    assert await town.press(call.id, "1") is OfferResult.ACCEPTED  # the database had not told us that it took it
    assert await town.whose() == ("accepted", town.firms[0])
    async with db.read() as session:
        steps = list(await session.scalars(select(OrderChange).where(OrderChange.after == OrderState.ACCEPTED)))
    assert [step.by for step in steps] == [f"supplier:{town.firms[0]}"]
    assert await town.calls() == [(town.firms[0], "accepted", 0, "1")]


async def test_2_brings_the_next_one_and_when_nobody_is_left_somebody_at_the_centre_is_told(db: Database) -> None:
    town = await settle(db)
    first, second = town.firms
    assert await town.press(await town.rung(), "2") is OfferResult.DECLINED
    assert await town.whose() == ("offered", second)
    await town.silence(await town.rung())
    assert await town.whose() == ("offered", second)
    async with db.write() as session:
        assert await order_calls.claim(session, now=NOW, caller="ours") is None  # there is a pause between two tries
        assert await count_overdue(session, scope=EVERYWHERE) == 0
    await town.silence(await town.rung())
    assert await town.whose() == ("draft", None)
    assert await town.calls() == [(first, "declined", 1, "2"), (second, "no_answer", 2, "")]
    async with db.read() as session:
        assert await count_overdue(session, scope=EVERYWHERE) == 1
        assert (await order_view(session, town.order)).untaken


async def test_page_and_telephone_at_the_same_time_are_one_answer(db: Database) -> None:
    town = await settle(db)
    call = await town.rung()

    async def on_the_page(version: int) -> str:
        try:
            async with db.write() as session:
                order = await session.get_one(WorkOrder, town.order)
                await dispatching.accept(session, order, by="user:9", version=version)
                return "taken"
        except (VersionConflict, IllegalStep):
            return "somebody was faster"

    async with db.read() as session:
        version = (await session.get_one(WorkOrder, town.order)).version
    both = await asyncio.gather(on_the_page(version), town.press(call, "1"))
    assert both in (["taken", OfferResult.SETTLED], ["somebody was faster", OfferResult.ACCEPTED])
    assert await town.whose() == ("accepted", town.firms[0])


async def test_what_was_taken_back_is_not_rung_and_who_is_on_the_line_hears_that_it_is_settled(db: Database) -> None:
    town = await settle(db)
    call = await town.rung()
    async with db.write() as session:
        order = await session.get_one(WorkOrder, town.order)
        await dispatching.withdraw(session, order, by="user:1", version=order.version, why="撤回", now=later())
        await dispatching.offer(
            session, order, town.firms[1], reason="2.", by="user:1", version=order.version, now=later(), policy=POLICY
        )
    assert await town.press(call, "1") is OfferResult.SETTLED
    assert await town.whose() == ("offered", town.firms[1])
    async with db.write() as session:
        order = await session.get_one(WorkOrder, town.order)
        await dispatching.accept(session, order, by="user:9", version=order.version)
    assert await town.claim() is None
    assert [state for _, state, _, _ in await town.calls()] == ["settled", "settled"]


async def test_what_an_alarm_breaks_off_does_not_count_and_a_dead_controller_leaves_nothing(db: Database) -> None:
    town = await settle(db)
    call = await town.rung()
    async with db.write() as session:
        await order_calls.put_off(session, call, caller="ours", now=later())
    assert await town.calls() == [(town.firms[0], "due", 0, "")]
    await town.rung()
    async with db.write() as session:
        assert await order_calls.take_from_others(session, caller="new", now=later()) == 1
    assert await town.press(call, "1") is OfferResult.SETTLED  # it is not ours any more
    assert await town.claim("new") is not None


async def test_only_urgent_orders_are_rung_about_and_who_has_no_telephone_is_told_otherwise(db: Database) -> None:
    town = await settle(db, urgent=False)
    assert await town.calls() == []
    async with db.write() as session:
        firm = await session.get_one(Supplier, town.firms[1])
        firm.phone = "110"  # a person's number is meant, never a service
        order = await session.get_one(WorkOrder, town.order)
        order.urgent = True
        await dispatching.withdraw(session, order, by="user:1", version=order.version, why="撤回", now=later())
        await dispatching.offer(
            session, order, firm.id, reason="2.", by="user:1", version=order.version, now=later(), policy=POLICY
        )
    assert await town.calls() == [(town.firms[1], "no_number", 0, "")]
    assert await town.claim() is None
