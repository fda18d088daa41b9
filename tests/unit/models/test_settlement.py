"""A month from its visits to its lock, and what becomes known afterwards: each thing is billed once, however often and
by however many it is reckoned; a locked month stays as it is, and the month after it says what has changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from ivr.vocabulary import Rating
from models.audit import AuditEntry
from models.database import Database
from models.elders import Elder, ElderChange, ElderStatus
from models.merging import merge
from models.orders import dispatching, rating
from models.orders.states import OrderState
from models.orders.visits import ActionKind
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, get_or_create
from models.queries.government_statement import statement_of_government
from models.queries.settlement import LineFilter, all_lines, list_months
from models.queries.statements import (
    list_elder_statements,
    list_supplier_statements,
    statement_of_elder,
    statement_of_supplier,
)
from models.register import FormRefused
from models.scope import EVERYWHERE, NOWHERE
from models.services.records import ServiceClassRule
from models.settlement.closing import correct, lock_month, settle_orders, version_of
from models.settlement.records import LineCause, SettlementLine
from models.settlement.running import Done, run
from models.settlement.shares import Parts
from models.versions import NoSuchRecord, VersionConflict

from .orders import PAGE, POLICY, World

pytestmark = pytest.mark.clause("X6", "Y2", "Y5")
MARCH, APRIL, BY = "2026-03", "2026-04", "user:1"
Found = list[tuple[str, str, int, int]]


async def _reckon(world: World, month: str) -> Done:
    return await run(world.db, month, policy=POLICY, by=BY, now=world.now)


async def _lines(world: World, month: str) -> Found:
    async with world.db.read() as session:
        query = select(SettlementLine).where(SettlementLine.month == month)
        rows = await session.scalars(query.order_by(SettlementLine.kind, SettlementLine.subject))
        return [(row.subject, str(row.cause), row.government, row.own) for row in rows]


async def _lock(world: World, month: str) -> None:
    async with world.db.write() as session:
        await lock_month(session, month, version=await version_of(session, month), by=BY, now=world.now)


async def _visit(world: World, number: int, *, minutes: int) -> None:
    await world.scan(number, ActionKind.START)
    world.now += timedelta(minutes=minutes)
    await world.scan(number, ActionKind.END)
    world.now += timedelta(minutes=30)


async def _redone(world: World, void: int) -> int:
    """The order that makes a void one good, visited."""
    async with world.db.write() as session:
        order = (await session.scalars(select(WorkOrder).where(WorkOrder.redo_of == void))).one()
        told = {"by": BY, "now": world.now}
        await dispatching.elder_called(session, order, version=order.version, **told)
        goes = world.workers[order.supplier_id or 0][0]
        await dispatching.appoint(session, order, goes, world.now, version=order.version, page=PAGE, **told)
    await _visit(world, order.id, minutes=60)
    return order.id


async def _settle(world: World) -> None:
    """The first elder is of class 2, the second of class 1; both signed long ago and live in one community."""
    async with world.db.write() as session:
        place = (await get_or_create(session, OrgKind.COMMUNITY, "演示社区")).id
        for number, its_class in zip(world.elders, (2, 1), strict=True):
            elder = await session.get_one(Elder, number)
            elder.service_class, elder.notice_signed_on, elder.org_unit_id = its_class, date(2026, 1, 5), place


async def test_each_thing_is_billed_once(world: World) -> None:
    await _settle(world)
    short, other = await world.appointed(), await world.appointed(1, firm=1)
    await _visit(world, short, minutes=20)
    await _visit(world, other, minutes=60)
    redo = await _redone(world, short)
    first, second = world.elders
    wanted = [
        (f"call:{first}:{MARCH}", "month", 1_000, 1_000),
        (f"call:{second}:{MARCH}", "month", 2_000, 0),
        (f"order:{other}", "month", 2_800, 0),
        (f"order:{redo}", "month", 1_400, 1_400),
    ]
    await asyncio.gather(_reckon(world, MARCH), _reckon(world, MARCH))
    assert await _lines(world, MARCH) == wanted
    assert await _reckon(world, MARCH) == Done()

    async with world.db.read() as session:
        page = await list_elder_statements(session, scope=EVERYWHERE, month=MARCH)
        told = [(row.elder, row.visits, row.call, row.home, row.government, row.own) for row in page.items]
        assert told == [(first, 1, 2_000, 2_800, 2_400, 2_400), (second, 1, 2_000, 2_800, 4_800, 0)]
        one = await statement_of_elder(session, first, MARCH, scope=EVERYWHERE)
        assert (one.call.amount, one.home.amount, one.total.own) == (2_000, 2_800, 2_400)
        assert [line.order for line in one.lines] == [None, redo]
        firm = world.firms[0]
        theirs = await statement_of_supplier(session, firm, MARCH, scope=EVERYWHERE)
        assert (theirs.total.visits, theirs.total.minutes, theirs.total.amount) == (1, 60, 2_800)
        assert [(row.worker, row.amount) for row in theirs.workers] == [(world.workers[firm][0], 2_800)]
        government = await statement_of_government(session, MARCH, scope=EVERYWHERE)
        assert (government.total.government, government.total.own) == (7_200, 2_400)
        mine = replace(NOWHERE, supplier=firm)
        seen = await statement_of_supplier(session, firm, MARCH, scope=mine)
        assert seen.total == replace(theirs.total, government=None, own=None)
        assert {(line.elder, line.elder_name, line.service_class) for line in seen.lines} == {(None, "", None)}
        assert [row.supplier for row in (await list_supplier_statements(session, scope=mine, month=MARCH)).items] == [
            firm
        ]
        with pytest.raises(NoSuchRecord):
            await statement_of_supplier(session, world.firms[1], MARCH, scope=mine)
        assert await all_lines(session, scope=NOWHERE, wanted=LineFilter(month=MARCH)) == ()


@pytest.mark.clause("S6")
async def test_an_open_month_follows_the_records(world: World) -> None:
    """A visit that turns out void leaves it and gives its part of the limit to another; the class of the day counts."""
    await _settle(world)
    policy = replace(POLICY, home_limit=4_000, call_fee=0)
    one, two = await world.appointed(1), await world.appointed(1, worker=1)
    await _visit(world, one, minutes=60)
    await _visit(world, two, minutes=60)
    async with world.db.write() as session:  # who becomes of class 3 tomorrow
        elder, later = await session.get_one(Elder, world.elders[1]), world.now + timedelta(days=1)
        elder.service_class = 3
        session.add(ElderChange(elder_id=elder.id, at=later, by=BY, field="service_class", old="1", new="3"))
    await run(world.db, MARCH, policy=policy, by=BY, now=world.now)
    assert (await _lines(world, MARCH))[2:] == [
        (f"order:{one}", "month", 2_800, 0),
        (f"order:{two}", "month", 1_200, 1_600),
    ]
    async with world.order(one) as (session, order):
        void = {"by": BY, "version": order.version, "now": world.now, "policy": POLICY}
        await dispatching.void_by_hand(session, order, why="无人在家", **void)
    assert await run(world.db, MARCH, policy=policy, by=BY, now=world.now) == Done(changed=1, removed=1)
    assert (await _lines(world, MARCH))[2:] == [(f"order:{two}", "month", 2_800, 0)]
    async with world.db.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == "settlement.line").order_by(AuditEntry.id)
        told = [(entry.record, entry.data["before"], entry.data["after"]) for entry in await session.scalars(query)]
    assert told == [(f"order:{one}", [2_800, 0], None), (f"order:{two}", [1_200, 1_600], [2_800, 0])]


@pytest_asyncio.fixture
async def anywhere(database_url: str) -> AsyncIterator[World]:
    """The world on either database: locks and triggers are their own."""
    db = Database(database_url)
    made = World(db)
    await made.settle()
    yield made
    await db.close()


async def test_a_locked_month_stays_and_the_next_one_corrects_it(anywhere: World) -> None:
    world = anywhere
    await _settle(world)
    first, second = world.elders
    counted, late = await world.appointed(), await world.appointed(1, worker=1)
    await world.scan(late, ActionKind.START)
    ended, world.now = world.now + timedelta(minutes=70), world.now + timedelta(minutes=5)
    await _visit(world, counted, minutes=60)
    async with world.order(counted) as (session, order):
        await rating.rate(session, order, Rating.SATISFIED, BY, policy=POLICY)
    with pytest.raises(FormRefused):  # not reckoned
        await _lock(world, MARCH)
    await _reckon(world, MARCH)
    async with world.db.write() as session:
        seen = await version_of(session, MARCH)
        with pytest.raises(VersionConflict):
            await lock_month(session, MARCH, version=seen + 1, by=BY, now=world.now)
    await _lock(world, MARCH)
    assert await settle_orders(world.db, by=BY) == 1
    assert await settle_orders(world.db, by=BY) == 0
    assert await world.state(counted) == OrderState.SETTLED
    before = await _lines(world, MARCH)
    for month in (MARCH, "2026-02", "2025-02"):
        with pytest.raises(FormRefused):
            await _reckon(world, month)
    for statement in (update(SettlementLine).values(own=1), delete(SettlementLine)):
        with pytest.raises(DBAPIError, match="locked"):
            async with world.db.write() as session:
                await session.execute(statement)

    # What becomes known in April: a phone that was offline, a visit that does not count, somebody who died in February.
    world.now = datetime(2026, 4, 7, 2, tzinfo=UTC)
    await world.scan(late, ActionKind.END, ago=world.now - ended)
    async with world.order(counted) as (session, order):
        void = {"by": BY, "version": order.version, "now": world.now, "policy": POLICY}
        await dispatching.void_by_hand(session, order, why="核查无效", **void)
        for elder in await session.scalars(select(Elder)):  # moved house
            lived, elder.org_unit_id = elder.org_unit_id, None
        dead = await session.get_one(Elder, second)
        dead.status, dead.status_since = ElderStatus.DIED, date(2026, 2, 20)
        session.add(ServiceClassRule(service_id=world.service, service_class=2, paid_percent=90))  # from now on
    corrections = [
        (f"call:{first}:{APRIL}", "month", 1_000, 1_000),
        (f"call:{second}:{MARCH}", "gone", -2_000, 0),
        (f"order:{counted}", "void", -1_400, -1_400),
        (f"order:{late}", "late", 2_800, 0),
    ]
    assert (await _reckon(world, APRIL)).added == len(corrections)
    assert sorted(await _lines(world, APRIL)) == sorted(corrections)
    assert await _reckon(world, APRIL) == Done()
    assert await _lines(world, MARCH) == before
    async with world.db.write() as session:
        line = (await session.scalars(select(SettlementLine).where(SettlementLine.subject == f"order:{late}"))).one()
        with pytest.raises(FormRefused):
            await correct(session, line.id, Parts(), reason="金额有误", by=BY, now=world.now)
        await correct(session, line.id, Parts(own=-300), reason="服务商同意减免", by=BY, now=world.now)
    assert await _reckon(world, APRIL) == Done()
    async with world.db.read() as session:
        paid = await statement_of_government(session, APRIL, scope=EVERYWHERE, org_unit=lived)
        assert (paid.total.government, paid.total.own) == (-3_400, -1_400)  # taken back where it was paid
        firm = await statement_of_supplier(session, world.firms[0], APRIL, scope=EVERYWHERE)
        assert (firm.total.visits, firm.total.amount) == (0, 2_500 - 2_800)
        assert {line.cause for line in firm.lines} == {LineCause.VOID, LineCause.LATE, LineCause.HAND}
    await _lock(world, APRIL)

    # And in May that the death was somebody else's.
    world.now = datetime(2026, 5, 7, 2, tzinfo=UTC)
    async with world.db.write() as session:
        alive = await session.get_one(Elder, second)
        alive.status, alive.status_since = ElderStatus.ACTIVE, None
    await _reckon(world, "2026-05")
    assert [line for line in await _lines(world, "2026-05") if line[1] != "month"] == [
        (f"call:{second}:{MARCH}", "back", 2_000, 0)
    ]
    async with world.db.read() as session:
        months = (await list_months(session, scope=EVERYWHERE)).items
    assert [(one.month, one.may_lock, one.locked_at is None) for one in months] == [
        ("2026-05", True, True),
        (APRIL, False, False),
        (MARCH, False, False),
    ]


async def test_one_void_visit_moves_the_shares_and_one_person_in_two_files_pays_once(world: World) -> None:
    """Both of a month that is locked: the visit that was above the limit comes below it, and of two files of one person
    the one whose call service was billed first stays."""
    await _settle(world)
    first, second = world.elders
    policy, number = replace(POLICY, home_limit=4_000), [await world.appointed(1), await world.appointed(1, worker=1)]
    for order in number:
        await _visit(world, order, minutes=60)
    await run(world.db, MARCH, policy=policy, by=BY, now=world.now)
    await _lock(world, MARCH)
    assert (await _lines(world, MARCH))[3] == (f"order:{number[1]}", "month", 1_200, 1_600)
    world.now = datetime(2026, 4, 7, 2, tzinfo=UTC)
    async with world.order(number[0]) as (session, order_row):
        void = {"by": BY, "version": order_row.version, "now": world.now, "policy": POLICY}
        await dispatching.void_by_hand(session, order_row, why="核查无效", **void)
    async with world.db.write() as session:
        versions = tuple([(await session.get_one(Elder, one)).version for one in (second, first)])
        told = {"take": frozenset[str](), "versions": versions, "by": BY, "area_code": "021"}
        await merge(session, second, first, **told)
    await run(world.db, APRIL, policy=replace(POLICY, home_limit=0), by=BY, now=world.now)  # new terms, from now on
    assert [line for line in await _lines(world, APRIL) if line[1] != "month"] == [
        (f"call:{second}:{MARCH}", "gone", -2_000, 0),
        (f"order:{number[0]}", "void", -2_800, 0),
        (f"order:{number[1]}", "share", 1_600, -1_600),
    ]
    assert await run(world.db, APRIL, policy=replace(POLICY, home_limit=0), by=BY, now=world.now) == Done()
    assert [line[0] for line in await _lines(world, APRIL) if line[1] == "month"] == [f"call:{second}:{APRIL}"]


async def test_a_death_that_was_later_than_told_is_billed_until_then(world: World) -> None:
    await _settle(world)
    _, second = world.elders
    for month, now, since in ((MARCH, 4, None), (APRIL, 5, date(2026, 2, 20)), ("2026-05", 6, date(2026, 3, 9))):
        world.now = datetime(2026, now, 7, 2, tzinfo=UTC)
        if since is not None:
            async with world.db.write() as session:
                dead = await session.get_one(Elder, second)
                dead.status, dead.status_since = ElderStatus.DIED, since
        await _reckon(world, month)
        await _lock(world, month)
    told = f"call:{second}:{MARCH}"
    assert [line for line in await _lines(world, APRIL) if line[1] != "month"] == [(told, "gone", -2_000, 0)]
    assert [line for line in await _lines(world, "2026-05") if line[1] != "month"] == [(told, "back", 2_000, 0)]
