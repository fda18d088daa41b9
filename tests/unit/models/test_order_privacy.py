"""What of an elder is shown to the supplier, to the worker and on the way back, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.orders import dispatching
from models.orders.drafting import choose
from models.orders.visits import ActionKind, Outcome
from models.queries.supplier_orders import history_for_supplier, orders_of_supplier, seen_by_supplier
from models.queries.work_orders import order_view
from models.queries.worker_day import day_of
from models.register import FormRefused
from models.scope import EVERYWHERE

from .orders import BEGIN, POLICY, World

START, END = ActionKind.START, ActionKind.END


@pytest.mark.clause("S14")
async def test_a_supplier_sees_the_elder_while_it_has_to_do_with_them_and_nothing_of_who_had_the_order_before(
    world: World,
) -> None:
    number, (before, firm) = await world.appointed(), world.firms
    shown = {}

    async def look(at: str) -> None:
        async with world.db.read() as session:
            view = seen_by_supplier(await order_view(session, number))
            listed = (await orders_of_supplier(session, firm)).items
        assert view.elder_name == (listed[0].elder_name if listed else "")
        shown[at] = (view.elder is not None, view.elder_name != "", "12000000001" in view.wish)

    assert await world.scan(number, START, code="") is Outcome.WRONG_CODE  # by the worker of the one before
    async with world.order(number) as (session, order):
        order.wish = "擦窗，打12000000001"
        await dispatching.decline(session, order, by="user:8", version=order.version, why="与老人有纠纷", now=world.now)
        version = order.version
        await dispatching.offer(
            session, order, firm, reason="", by="user:1", version=version, now=world.now, policy=POLICY
        )
    await look("offered")
    async with world.order(number) as (session, order):
        await dispatching.accept(session, order, by="user:9", version=order.version)
    await look("accepted")
    async with world.db.read() as session:
        theirs, of_before = [await history_for_supplier(session, number, one) for one in (firm, before)]
    assert [str(change.after) for change in theirs.changes] == ["offered", "accepted"]
    assert (list(theirs.actions), list(theirs.messages)) == ([], [])
    assert len(of_before.actions) == 1
    async with world.order(number) as (session, order):
        await dispatching.cancel(session, order, by="user:1", version=order.version, why="不需要了", now=world.now)
    await look("cancelled")
    nothing, all_of_it = (False, False, False), (True, True, True)
    assert shown == {"offered": nothing, "accepted": all_of_it, "cancelled": nothing}


@pytest.mark.clause("S14")
async def test_the_phone_has_the_elders_name_address_and_number_until_the_visit_is_over(world: World) -> None:
    number, worker = await world.appointed(), world.workers[world.firms[0]][0]
    shown = []
    async with world.order(number) as (_, order):
        order.wish = "擦窗，打12000000001"
    for kind in (START, END):
        await world.scan(number, kind)
        world.now += timedelta(minutes=60)
        async with world.db.read() as session:
            (one,) = await day_of(session, worker, BEGIN.astimezone().date(), lang="zh")
        shown.append((one.elder_name, one.phone, one.wish))
        assert (one.address, one.way_in) == ("", "") or kind is START
    assert shown == [("演示·老人1", "10000001", "擦窗，打12000000001"), ("", "", "擦窗，打120****0001")]


@pytest.mark.clause("S3.1")
async def test_a_wish_that_was_shown_masked_and_sent_back_keeps_its_number(world: World) -> None:
    number = await world.drafted()
    for told, kept in (
        ("打12000000001", "打12000000001"),
        ("打120****0001", "打12000000001"),  # as the page has shown it
        ("不打了", "不打了"),
    ):
        async with world.order(number) as (session, order):
            who = {"by": "user:1", "version": order.version, "scope": EVERYWHERE, "urgent": False}
            await choose(session, order, world.service, wish=told, **who)  # type: ignore[arg-type]
            assert order.wish == kept
    async with world.order(number) as (session, order):
        with pytest.raises(FormRefused, match="wish"):
            await choose(session, order, world.service, wish="打120****0009", **(who | {"version": order.version}))  # type: ignore[arg-type]
