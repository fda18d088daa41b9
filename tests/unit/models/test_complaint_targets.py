"""A complaint about a supplier, or about one of its orders, is known to the supplier's score at once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ivr.policy import Policy
from models.complaint_handling import NewComplaint, register, tell_whom
from models.complaint_rules import Person
from models.complaints import AboutKind, Complaint
from models.register import FormRefused
from models.scope import EVERYWHERE, NOWHERE
from models.suppliers.facts import facts_of
from models.suppliers.records import Supplier, SupplierOutcome, SupplierStatus

from .orders import BEGIN, POLICY, World

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
