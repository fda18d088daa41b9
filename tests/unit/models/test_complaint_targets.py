"""A complaint about a supplier, or about one of its orders, is known to the supplier's score at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from ivr.policy import Policy
from models.base import utc_now
from models.complaint_handling import NewComplaint, register, tell_whom
from models.complaint_rules import Person
from models.complaints import AboutKind, Complaint
from models.orders import dispatching
from models.orders.visits import ActionKind, Outcome
from models.register import FormRefused
from models.scope import EVERYWHERE, NOWHERE
from models.suppliers.facts import facts_of
from models.suppliers.records import Supplier, SupplierOutcome, SupplierStatus

from .orders import BEGIN, PAGE, POLICY, World

LEAD = Person(id=7, seat=None, roles=frozenset({"lead"}))
TWICE = Policy(suspend_row=1)  # the second complaint in a row is one too many


async def _complaints(world: World, supplier: int) -> int:
    async with world.db.read() as session:
        facts = await facts_of(session, since=BEGIN, suppliers=[supplier])
        return facts[supplier].complaints


async def _take(world: World, **given: object) -> Complaint:
    async with world.db.write() as session:
        new = NewComplaint("没有来", complainant="演示·家属", **given)  # type: ignore[arg-type]
        return await register(session, new, by="user:7", policy=TWICE)


@pytest.mark.clause("H9", "H8")
async def test_the_order_says_which_supplier_and_the_second_complaint_suspends_it(world: World) -> None:
    firm, other = world.firms
    numbers = [await world.appointed(elder) for elder in (0, 1)]
    first = await _take(world, order=numbers[0])
    assert (first.about_kind, first.about_id, first.elder_id) == ("supplier", str(firm), world.elders[0])
    await _take(world, order=numbers[0], about_kind=AboutKind.SUPPLIER)  # the same order once more
    assert await _complaints(world, firm) == 1
    second = await _take(world, order=numbers[1])
    async with world.db.read() as session:
        assert (await session.get_one(Supplier, firm)).status is SupplierStatus.SUSPENDED
        assert (await session.get_one(Supplier, other)).status is SupplierStatus.ACTIVE
        rows = await session.scalars(select(SupplierOutcome.order_id).order_by(SupplierOutcome.id))
        assert list(rows) == numbers
    async with world.db.write() as session:  # it was the other firm's worker after all
        row = await tell_whom(
            session, second.id, version=second.version, about_kind=AboutKind.SUPPLIER, about_id=str(other), by=LEAD,
            policy=POLICY,
        )  # fmt: skip
        assert row.order_id == numbers[1]
    assert (await _complaints(world, firm), await _complaints(world, other)) == (1, 1)
    async with world.db.write() as session:
        version = (await session.get_one(Complaint, second.id)).version
        await tell_whom(
            session, second.id, version=version, about_kind=AboutKind.OTHER, about_id="", by=LEAD, policy=POLICY
        )
    assert (await _complaints(world, firm), await _complaints(world, other)) == (1, 0)


async def test_who_is_not_there_or_not_in_sight_is_not_complained_about(world: World) -> None:
    number = await world.appointed(0)
    for given, field in (
        ({"about_kind": AboutKind.SUPPLIER, "about_id": "99"}, "about_id"),
        ({"about_kind": AboutKind.SUPPLIER, "about_id": "演示送餐"}, "about_id"),
        ({"about_kind": AboutKind.USER, "about_id": "²"}, "about_id"),
        ({"order": 99}, "order"),
        ({"order": number, "elder": world.elders[1]}, "order"),
    ):
        with pytest.raises(FormRefused, match=field):
            await _take(world, **given)
    async with world.db.write() as session:
        new = NewComplaint("没有来", complainant="演示", about_kind=AboutKind.SUPPLIER, about_id=str(world.firms[0]))
        with pytest.raises(FormRefused, match="about_id"):
            await register(session, new, by="user:7", policy=POLICY, scope=NOWHERE)
        nobody = NewComplaint("没有来", complainant="演示", about_kind=AboutKind.SUPPLIER)
        row = await register(session, nobody, by="user:7", policy=POLICY, scope=EVERYWHERE)
        assert (row.about_kind, row.about_id) == ("supplier", "")  # nobody could say which one
        assert list(await session.scalars(select(SupplierOutcome))) == []


@pytest.mark.clause("H9")
async def test_a_complaint_stays_with_the_firm_that_gave_the_order_back(world: World) -> None:
    firm, other = world.firms
    number = await world.appointed(0)
    await _take(world, order=number)  # nobody has come
    async with world.order(number) as (session, order):
        await dispatching.decline(session, order, by="user:9", version=order.version, why="人手不足", now=utc_now())
        by, now = "user:1", world.now
        await dispatching.offer(session, order, other, reason="", by=by, version=order.version, now=now, policy=POLICY)
        await dispatching.accept(session, order, by=by, version=order.version)
        await dispatching.elder_called(session, order, by=by, version=order.version, now=now)
        worker, version = world.workers[other][0], order.version
        await dispatching.appoint(session, order, worker, now, by=by, version=version, now=now, page=PAGE)
    assert await world.scan(number, ActionKind.START) is Outcome.TAKEN
    world.now += timedelta(minutes=51)
    assert await world.scan(number, ActionKind.END) is Outcome.TAKEN
    async with world.db.read() as session:
        facts = await facts_of(session, since=BEGIN - timedelta(days=1))
    assert (facts[firm].orders, facts[firm].complaints) == (0, 1)
    assert (facts[other].orders, facts[other].complaints) == (1, 0)


@pytest.mark.clause("H9")
async def test_an_order_counts_as_complained_about_while_one_of_its_complaints_stands(world: World) -> None:
    firm = world.firms[0]
    number = await world.appointed(0)
    both = [await _take(world, order=number) for _ in range(2)]
    for complaint, left in zip(both, (1, 0), strict=True):
        async with world.db.write() as session:
            await tell_whom(
                session, complaint.id, version=complaint.version, about_kind=AboutKind.OTHER, about_id="", by=LEAD,
                policy=POLICY,
            )  # fmt: skip
        assert await _complaints(world, firm) == left
    async with world.db.read() as session:  # it is not over: nothing has gone well yet
        assert list(await session.scalars(select(SupplierOutcome))) == []
