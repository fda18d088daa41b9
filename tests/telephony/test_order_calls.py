"""An urgent order on real Asterisk: the first supplier hears the offer and presses 2, the next one is rung and presses
1, and the order is theirs (S3.2, S3.3)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from drill.behaviour import accepts, declines
from drill.ear import Ear
from home.programs import Program
from ivr.policy import Policy
from models.base import utc_now
from models.elders import Elder
from models.orders import dispatching
from models.orders.drafting import draft
from models.orders.order_calls import OrderCall
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.scope import EVERYWHERE
from tests.firms import admit, cleaning

from .house import House, grandmother, open_house

BUSY, TAKES = "12000000301", "12000000302"


async def sent_to_the_first(house: House) -> tuple[int, int]:
    """An urgent order, offered by somebody at the centre; the order, and the firm that is asked next."""
    async with house.database.write() as session:
        place = await get_or_create(session, OrgKind.COMMUNITY, "演示社区")
        elder = (await session.scalars(select(Elder))).one()
        elder.org_unit_id = place.id
        first = await admit(session, "演示·甲", place, phone=BUSY, price=2_000)
        second = await admit(session, "演示·乙", place, phone=TAKES, price=2_500)
        now, service = utc_now(), (await cleaning(session)).id
        order = await draft(session, elder.id, service, "擦窗", urgent=True, by="user:1", now=now, scope=EVERYWHERE)
        await dispatching.offer(
            session, order, first, reason="1.", by="user:1", version=order.version, now=now, policy=Policy()
        )
        return order.id, second


async def taken(house: House, number: int, within: float = 40.0) -> WorkOrder:
    async with asyncio.timeout(within):
        while True:  # another task writes it, and has no event for us
            async with house.database.read() as session:
                order = await session.get_one(WorkOrder, number)
            if order.state == "accepted":
                return order
            await asyncio.sleep(0.1)


@pytest.mark.clause("S3.2", "S3.3", "H10")
async def test_the_first_presses_2_and_the_next_one_1(tmp_path: Path, asterisk_program: Program) -> None:
    async with open_house(tmp_path, asterisk_program, elders=[grandmother()], seats=()) as house:
        first = house.town.relative(BUSY, declines(ring=0.3, listen=10), name="the first firm")
        second = house.town.relative(TAKES, accepts("", ring=0.3, listen=2), name="the second firm")
        number, firm = await sent_to_the_first(house)
        order = await taken(house, number)
        assert order.supplier_id == firm
        async with house.database.read() as session:
            calls = list(await session.scalars(select(OrderCall).order_by(OrderCall.id)))
        assert [(call.number, call.state, call.key) for call in calls] == [
            (BUSY, "declined", "2"),
            (TAKES, "accepted", "1"),
        ]
        await second.lines[0].ended(within=15)  # after the last words
        ear = Ear.of_the_town()
        heard = await asyncio.to_thread(ear.listen, first.lines[0].ear)
        assert heard.prompt("order_offer") > 0.8, str(heard)
        assert heard.prompt("order_keys") > 0.8, str(heard)
        assert sum(one.seconds for one in heard.of("unknown")) > 1, str(heard)  # the service, which no prompt says
        heard = await asyncio.to_thread(ear.listen, second.lines[0].ear)
        assert heard.prompt("order_accepted") > 0.8, str(heard)
        assert (len(first.lines), len(second.lines)) == (1, 1)
        await house.nothing_is_left()
