"""Orders step by step: who is asked at which price, when the elder must be rung, what a scan is worth, who may look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import RATING_KEYS, CaseKind, CaseState, FollowUpKind, Rating
from models.audit import AuditEntry
from models.base import utc_now
from models.cases import CaseRow
from models.elders import Elder, ElderStatus
from models.follow_up_work import complete
from models.follow_ups import FollowUp
from models.orders import dispatching, rating
from models.orders.asking import book_follow_up
from models.orders.codes import grouped, plain_code, replace_code
from models.orders.links import GOOD_AFTER, make_link, note_reading, withdraw_links, worker_of
from models.orders.messages import NO_SITE, OrderMessage
from models.orders.redoing import make_void
from models.orders.states import IllegalStep, OrderState
from models.orders.visits import ActionKind, Outcome, VisitAction, VisitPhoto, add_photo, end_visit, happened_at
from models.orders.work_orders import OrderChange, WorkOrder, find_order, move
from models.queries.follow_ups import follow_ups_of_orders
from models.queries.supplier_orders import orders_of_supplier
from models.queries.work_orders import OVERDUE, count_overdue, list_orders, todays_orders
from models.register import FormRefused
from models.scope import EVERYWHERE
from models.suppliers.records import Supplier, SupplierOutcome, SupplierStatus, Worker
from models.versions import NoSuchRecord, VersionConflict

from .orders import BEGIN, PAGE, POLICY, World

BLANK: dict[str, Any] = {"caller": "", "dialled": "", "channel": "", "abandoned": False, "again_of": "", "note": ""}
START, END, NOTE = ActionKind.START, ActionKind.END, ActionKind.NOTE


@pytest.mark.clause("T1", "S3.3")
async def test_nobody_is_asked_above_the_limit_and_the_one_who_is_asked_hears_of_it(world: World) -> None:
    number, firm = await world.drafted(), world.firms[0]
    async with world.order(number) as (session, order):
        with pytest.raises(FormRefused, match="price"):
            await dispatching.offer(
                session, order, firm, price=3001, reason="", by="user:1", version=1, now=world.now, policy=POLICY
            )
    async with world.order(number) as (session, order):
        await dispatching.offer(
            session, order, firm, price=3000, reason="1. 评分92", by="user:1", version=1, now=world.now, policy=POLICY
        )
        assert (order.price, order.minimum_minutes, order.offer_reason) == (3000, 50, "1. 评分92")
        (message,) = await session.scalars(select(OrderMessage))
    assert (message.number, message.kind) == ("12000090001", "order_offered")
    assert not {"演示·老人1", "10000001"} & set(message.parameters.values())  # no elder's name or number by SMS


@pytest.mark.clause("H9")
async def test_who_was_suspended_since_takes_no_order_and_for_who_has_died_nobody_is_asked(world: World) -> None:
    number, firm = await world.drafted(), world.firms[0]
    async with world.order(number) as (session, order):
        await dispatching.offer(session, order, firm, reason="", by="user:1", version=1, now=world.now, policy=POLICY)
        (await session.get_one(Supplier, firm)).status = SupplierStatus.SUSPENDED
        await session.flush()
        with pytest.raises(FormRefused, match="supplier"):
            await dispatching.accept(session, order, by="user:9", version=order.version)
        await dispatching.withdraw(session, order, by="user:1", version=order.version, why="已暂停", now=world.now)
        (await session.get_one(Elder, world.elders[0])).status = ElderStatus.DIED
        await session.flush()
        version, other = order.version, world.firms[1]
        with pytest.raises(FormRefused, match="elder"):
            await dispatching.offer(
                session, order, other, reason="", by="user:1", version=version, now=world.now, policy=POLICY
            )
        assert order.state == "draft"


@pytest.mark.clause("H7")
async def test_how_soon_to_ring_and_how_late_is_punctual_are_the_policys(world: World) -> None:
    strict, lenient = Policy(order_call=10, order_punctual=0), Policy(order_punctual=30)
    number, firm = await world.drafted(1), world.firms[0]
    async with world.order(number) as (session, order):
        await dispatching.offer(session, order, firm, reason="", by="user:1", version=1, now=world.now, policy=strict)
        assert order.call_due_at == world.now + timedelta(minutes=10)
        (message,) = await session.scalars(select(OrderMessage))
    assert message.parameters["minutes"] == "10"
    for policy in (strict, lenient):
        number = await world.appointed()
        world.now += timedelta(minutes=20)
        assert await world.scan(number, START) == Outcome.TAKEN
        world.now += timedelta(minutes=51)
        assert await world.scan(number, END, policy=policy) == Outcome.TAKEN
        async with world.order(number) as (session, order):
            told = select(SupplierOutcome.punctual).where(SupplierOutcome.order_id == number)
            assert await session.scalar(told) is (policy is lenient)
            again = await make_void(session, order, by="user:1", now=world.now, policy=strict)
            assert again.call_due_at == world.now + timedelta(minutes=10)


@pytest.mark.clause("H7")
async def test_an_elder_who_was_not_rung_in_half_an_hour_is_overdue(world: World) -> None:
    number, firm = await world.drafted(), world.firms[0]
    long_ago = utc_now() - timedelta(minutes=31)
    for asked, late in ((utc_now() - timedelta(minutes=29), 0), (long_ago, 1)):
        async with world.order(number) as (session, order):
            version = order.version
            await dispatching.offer(
                session, order, firm, reason="", by="user:1", version=version, now=asked, policy=POLICY
            )
            assert order.call_due_at == asked + timedelta(minutes=30)
        async with world.db.read() as session:
            assert await count_overdue(session, scope=EVERYWHERE) == late
            assert await count_overdue(session, supplier=firm) == late
            assert len((await list_orders(session, scope=EVERYWHERE, state=OVERDUE)).items) == late
        if not late:
            async with world.order(number) as (session, order):
                await dispatching.withdraw(
                    session, order, by="user:1", version=order.version, why="改派", now=world.now
                )
    async with world.order(number) as (session, order):
        await dispatching.accept(session, order, by="user:9", version=order.version)
        assert await count_overdue(session, supplier=firm) == 1  # taking it is not ringing the elder
        await dispatching.elder_called(session, order, by="user:9", version=order.version, now=utc_now())
        assert await count_overdue(session, supplier=firm) == 0
    async with world.db.read() as session:
        last = (await session.scalars(select(OrderChange).order_by(OrderChange.id.desc()).limit(1))).one()
    assert (last.after, last.data["late"]) == ("elder_called", True)


@pytest.mark.clause("T4", "T8")
async def test_who_is_not_trained_on_that_day_is_not_sent(world: World) -> None:
    number, firm = await world.drafted(), world.firms[0]
    mine, other = world.workers[firm][0], world.workers[world.firms[1]][0]
    async with world.order(number) as (session, order):
        await dispatching.offer(session, order, firm, reason="", by="user:1", version=1, now=world.now, policy=POLICY)
        await dispatching.accept(session, order, by="user:9", version=order.version)
        with pytest.raises(IllegalStep):  # the elder is rung first
            await dispatching.appoint(
                session, order, mine, world.now, by="user:9", version=order.version, now=world.now, page=PAGE
            )
        await dispatching.elder_called(session, order, by="user:9", version=order.version, now=world.now)
        (await session.get_one(Worker, mine)).trained_until = date(2026, 3, 5)
    tomorrow = world.now + timedelta(days=1)
    for worker, at, field in (
        (other, tomorrow, "worker"),  # another firm's
        (mine, world.now + timedelta(days=9), "worker"),  # the training has run out by then
        (mine, world.now - timedelta(hours=2), "at"),
        (mine, world.now + timedelta(days=400), "at"),
    ):
        async with world.order(number) as (session, order):
            with pytest.raises(FormRefused, match=field):
                await dispatching.appoint(
                    session, order, worker, at, by="user:9", version=order.version, now=world.now, page=PAGE
                )
    async with world.order(number) as (session, order):
        await dispatching.appoint(
            session, order, mine, tomorrow, by="user:9", version=order.version, now=world.now, page=PAGE
        )
        sent = (await session.scalars(select(OrderMessage).order_by(OrderMessage.id.desc()))).first()
    assert sent is not None
    token = sent.parameters["link"].removeprefix(f"{PAGE}#")
    async with world.db.read() as session:
        found = await worker_of(session, token, world.now)
        assert (found.id if found else 0, sent.parameters_afterwards().get("link")) == (mine, None)


@pytest.mark.clause("T4", "T8")
async def test_who_was_to_go_is_told_when_the_visit_is_called_off(world: World) -> None:
    firm = world.firms[0]
    goes, other = world.workers[firm]
    first, second = await world.appointed(0, worker=0), await world.appointed(1, worker=0)
    given = {"by": "user:9", "now": world.now}
    async with world.order(first) as (session, order):
        at = world.now + timedelta(days=1)
        await dispatching.appoint(
            session, order, goes, at, version=order.version, page=PAGE, **given
        )  # another day only
        await dispatching.appoint(session, order, other, at, version=order.version, page=None, **given)
        await dispatching.cancel(session, order, version=order.version, why="不需要了", **given)
    async with world.order(second) as (session, order):
        await dispatching.decline(session, order, version=order.version, why="人手不足", **given)
    async with world.db.read() as session:
        sent = list(await session.scalars(select(OrderMessage).order_by(OrderMessage.id)))
        numbers = {worker: (await session.get_one(Worker, worker)).phone for worker in (goes, other)}
    told = [(one.order_id, one.number) for one in sent if one.kind == "visit_called_off"]
    assert told == [(first, numbers[goes]), (first, numbers[other]), (second, numbers[goes])]
    unsent = [one.problem for one in sent if one.kind == "visit_planned" and one.status == "skipped"]
    assert unsent == [NO_SITE], "nobody knew the address of the page"


@pytest.mark.clause("T8")
async def test_who_is_not_trained_any_more_cannot_begin(world: World) -> None:
    number = await world.appointed()
    async with world.order(number) as (session, order):
        worker = await session.get_one(Worker, order.worker_id)
        until, worker.trained_until = worker.trained_until, world.now.date() - timedelta(days=1)
    assert await world.scan(number, START) is Outcome.NOT_TRAINED
    async with world.db.write() as session:
        (await session.get_one(Worker, worker.id)).trained_until = until
    assert await world.scan(number, START) is Outcome.TAKEN


async def test_an_order_is_its_suppliers_only_while_it_has_it(world: World) -> None:
    number, firm = await world.drafted(), world.firms[0]
    async with world.order(number) as (session, order):
        await dispatching.offer(session, order, firm, reason="", by="user:1", version=1, now=world.now, policy=POLICY)
        assert (await find_order(session, number, supplier=firm)).id == number
        with pytest.raises(NoSuchRecord):
            await find_order(session, number, supplier=world.firms[1])
        with pytest.raises(FormRefused, match="why"):
            await dispatching.decline(session, order, by="user:9", version=order.version, why=" ", now=world.now)
        with pytest.raises(VersionConflict):
            await dispatching.accept(session, order, by="user:9", version=order.version - 1)
        await dispatching.decline(session, order, by="user:9", version=order.version, why="人手不足", now=world.now)
        with pytest.raises(NoSuchRecord):
            await find_order(session, number, supplier=firm)
        assert (await orders_of_supplier(session, firm)).items == ()


@pytest.mark.clause("T1", "T3")
@pytest.mark.parametrize(("minutes", "seconds", "state"), [(49, 59, "void"), (50, 0, "finished"), (90, 0, "finished")])
async def test_fifty_minutes_are_a_visit_and_less_is_done_again(
    world: World, minutes: int, seconds: int, state: str
) -> None:
    number = await world.appointed()
    assert await world.scan(number, START) is Outcome.TAKEN
    world.now += timedelta(minutes=minutes, seconds=seconds)
    short = state == "void"
    for _ in range(2):  # the answer to the first was lost
        assert await world.scan(number, END, key="the-end") is (Outcome.TOO_SHORT if short else Outcome.TAKEN)
    async with world.db.read() as session:
        orders = (await session.scalars(select(WorkOrder).order_by(WorkOrder.id))).all()
        outcome = await session.scalar(select(SupplierOutcome).where(SupplierOutcome.order_id == number))
    assert [order.state for order in orders] == (["void", "accepted"] if short else ["finished"])
    assert orders[0].minutes == minutes
    assert outcome is not None
    assert (outcome.void, outcome.punctual) == (short, True)
    if short:
        again = orders[1]
        assert (again.redo_of, again.supplier_id, again.price) == (number, orders[0].supplier_id, 2800)
        assert again.call_due_at == world.now + timedelta(minutes=30)
        assert (again.appointed_for, again.worker_id, again.minutes) == (None, None, None)


@pytest.mark.clause("T2", "Y1")
async def test_a_scan_counts_at_the_right_door_by_the_right_worker_in_the_right_order(world: World) -> None:
    first, second = await world.appointed(0), await world.appointed(1)
    colleague = world.workers[world.firms[0]][1]
    assert await world.scan(first, END) is Outcome.NOT_STARTED
    assert await world.scan(first, START, worker=colleague) is Outcome.NOT_YOURS
    assert await world.scan(first, START, code=world.codes[world.elders[1]]) is Outcome.WRONG_CODE
    typed = grouped(world.codes[world.elders[0]]).lower()
    assert plain_code(typed) == world.codes[world.elders[0]]
    assert await world.scan(first, START, code=typed) is Outcome.TAKEN
    assert await world.scan(first, START) is Outcome.NOT_APPOINTED  # it has begun
    assert await world.scan(second, START) is Outcome.ANOTHER_RUNS
    assert await world.scan(first, END, code="") is Outcome.WRONG_CODE
    world.now += timedelta(minutes=60)
    assert await world.scan(first, END) is Outcome.TAKEN
    world.now += timedelta(minutes=10)
    # Told now, but it happened while the worker was at the first door.
    assert await world.scan(second, START, ago=timedelta(minutes=11)) is Outcome.BEFORE_LAST_END
    assert await world.scan(second, START, ago=timedelta(minutes=9)) is Outcome.TAKEN
    assert await world.scan(second, END, ago=timedelta(minutes=30)) is Outcome.BEFORE_START
    async with world.db.write() as session:
        await replace_code(session, world.elders[1], by="user:1")
    world.now += timedelta(minutes=60)
    assert await world.scan(second, END) is Outcome.WRONG_CODE  # the card was replaced
    async with world.db.read() as session:
        kept = (await session.scalars(select(VisitAction).order_by(VisitAction.id))).all()
    assert [one.outcome for one in kept].count(Outcome.TAKEN) == 3
    assert len(kept) == 11  # what was refused is on record too; what was not theirs is not


@pytest.mark.clause("T2")
async def test_what_is_told_twice_counts_once_and_late_keeps_both_times(world: World) -> None:
    number = await world.appointed()
    ago = timedelta(hours=2)
    world.now += timedelta(hours=3)
    fast = timedelta(minutes=17)  # the phone's clock is wrong
    for _ in range(2):
        assert await world.scan(number, START, key="one-and-the-same", ago=ago, fast=fast) is Outcome.TAKEN
    assert await world.scan(number, END, key="the-other-one", ago=timedelta(hours=1), fast=fast) is Outcome.TAKEN
    assert await world.scan(number, END, key="the-other-one", ago=timedelta(hours=1)) is Outcome.TAKEN
    async with world.db.read() as session:
        order = await session.get_one(WorkOrder, number)
        start, end = (await session.scalars(select(VisitAction).order_by(VisitAction.id))).all()
        late = await session.scalars(select(OrderChange.data).where(OrderChange.after == "started"))
    assert (order.state, order.minutes) == ("finished", 60)
    assert (start.phone_at, start.at, start.received_at) == (world.now + fast - ago, world.now - ago, world.now)
    assert end.at - start.at == timedelta(hours=1)
    assert [data["told_late"] for data in late] == [True]
    assert happened_at(world.now, world.now - fast, world.now) == world.now  # never after it was told


@pytest.mark.clause("T7")
async def test_what_was_not_scanned_is_ended_by_hand_with_a_reason_by_the_same_rule(world: World) -> None:
    number = await world.appointed()
    await world.scan(number, START)
    begun, world.now = world.now, world.now + timedelta(hours=2)
    who = {"by": "user:1", "now": world.now, "policy": POLICY}
    async with world.order(number) as (session, order):
        for at, why in ((begun - timedelta(minutes=1), "手机没电"), (world.now, "")):
            with pytest.raises(FormRefused):
                await dispatching.end_by_hand(session, order, at, version=order.version, why=why, **who)  # type: ignore[arg-type]
        at = begun + timedelta(minutes=55)
        done = await dispatching.end_by_hand(session, order, at, version=order.version, why="手机没电", **who)  # type: ignore[arg-type]
        assert (done, order.minutes, order.state) == (Outcome.TAKEN, 55, "finished")
        again = await dispatching.void_by_hand(session, order, version=order.version, why="老人称未做", **who)  # type: ignore[arg-type]
        assert (order.state, again.redo_of) == ("void", number)


@pytest.mark.clause("H4")
async def test_the_elders_last_word_counts_and_reaches_the_score(world: World) -> None:
    number = await world.appointed()
    async with world.order(number) as (session, order):
        with pytest.raises(IllegalStep):
            await rating.rate(session, order, Rating.SATISFIED, "user:1", policy=POLICY)
    await world.scan(number, START)
    world.now += timedelta(minutes=60)
    await world.scan(number, END)
    async with world.order(number) as (session, order):
        for key in ("1", "3"):
            await rating.rate(session, order, RATING_KEYS[key], "elder:1", policy=POLICY)
        assert (order.state, order.grade, order.graded_by) == ("checked", Rating.DISSATISFIED, "elder:1")
        await rating.settle(session, order, by="user:1", month="2026-03")
        told = await session.scalar(select(SupplierOutcome.rating).where(SupplierOutcome.order_id == number))
    assert (order.state, told) == ("settled", Rating.DISSATISFIED)


@pytest.mark.clause("S14")
async def test_a_link_opens_its_workers_orders_until_it_runs_out_or_is_withdrawn(world: World) -> None:
    number, later = await world.appointed(), await world.appointed(1)
    worker = world.workers[world.firms[0]][0]
    async with world.order(later) as (session, order):
        order.appointed_for = BEGIN + timedelta(days=1)
        token = await make_link(session, worker, visit_at=world.now, by="user:1", now=world.now)
        today = BEGIN.astimezone().date()
        assert [one.id for one in await todays_orders(session, worker, today)] == [number]
        assert len(await todays_orders(session, worker, today + timedelta(days=1))) == 2  # what was not done, too
        for _ in range(2):
            await note_reading(session, token, worker, world.now)
    async with world.db.write() as session:
        assert await worker_of(session, token, world.now + GOOD_AFTER - timedelta(seconds=1)) is not None
        assert await worker_of(session, token, world.now + GOOD_AFTER) is None
        assert await worker_of(session, "somebody-elses-guess", world.now) is None
        reads = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "worker.orders_read"))).all()
        assert len(reads) == 1
        await withdraw_links(session, worker, by="user:1")
        assert await worker_of(session, token, world.now) is None


async def test_photos_are_the_workers_own_and_come_once(world: World) -> None:
    number = await world.appointed()
    firm = world.firms[0]

    def photo(key: str) -> VisitPhoto:
        return VisitPhoto(key=key, sha256="0" * 64, media_type="image/png", taken_at=BEGIN, received_at=BEGIN)

    async with world.db.write() as session:
        mine, colleague = [await session.get_one(Worker, one) for one in world.workers[firm]]
        assert not await add_photo(session, colleague, number, photo("k-0"))
        assert [await add_photo(session, mine, number, photo(f"k-{at // 2}")) for at in range(26)] == [True] * 24 + [
            False
        ] * 2
        assert len((await session.scalars(select(VisitPhoto))).all()) == 12


@pytest.mark.clause("S3.4", "H4", "T5")
async def test_the_elder_is_asked_two_days_after_the_visit_and_what_they_say_is_the_rating(world: World) -> None:
    number = await world.appointed()
    assert await world.scan(number, START) == Outcome.TAKEN
    world.now += timedelta(minutes=51)
    assert await world.scan(number, END) == Outcome.TAKEN
    async with world.db.write() as session:
        (owed,) = (await follow_ups_of_orders(session, [number]))[number]
        assert (owed.kind, owed.elder, owed.due_at) == ("life_service", world.elders[0], world.now + timedelta(days=2))
        said = {"by": "user:7", "done": True, "result": "没擦干净", "note": "", "policy": POLICY}
        await complete(session, owed.id, version=owed.version, satisfaction="dissatisfied", **said)
        order = await session.get_one(WorkOrder, number)
        assert (order.state, order.grade, order.graded_by) == ("checked", "dissatisfied", "user:7")
        (outcome,) = await session.scalars(select(SupplierOutcome))
        assert outcome.rating is Rating.DISSATISFIED
    async with world.order(number) as (session, order):
        again = await make_void(session, order, by="user:1", now=world.now, policy=POLICY)
        assert again.id not in await follow_ups_of_orders(session, [again.id])  # nothing was done yet
        (asked,) = (await follow_ups_of_orders(session, [number]))[number]
        await complete(session, asked.id, version=asked.version, satisfaction="satisfied", **said)
        assert order.grade is Rating.DISSATISFIED  # a void order has none to be changed


async def test_a_call_that_is_owed_for_the_wish_is_the_one_about_the_visit(world: World) -> None:
    number = await world.appointed()
    async with world.order(number) as (session, order):
        session.add(CaseRow(id="c-1", last_seq=1, kind=CaseKind.SOS, state=CaseState.CLOSED, opened_at=BEGIN, **BLANK))
        await session.flush()
        order.case_id = "c-1"
        session.add(FollowUp(kind=FollowUpKind.LIFE_SERVICE, case_id="c-1", due_at=BEGIN))
        await _visited(world, session, order)
        (owed,) = await session.scalars(select(FollowUp))
        assert (owed.order_id, owed.due_at) == (number, BEGIN + timedelta(days=2, minutes=60))
        second = await session.get_one(Elder, world.elders[0])
        second.status = ElderStatus.DIED
        await book_follow_up(session, order, at=BEGIN, policy=POLICY)
        assert owed.due_at == BEGIN + timedelta(days=2, minutes=60)  # nobody is owed a call who has died


async def _visited(world: World, session: AsyncSession, order: WorkOrder) -> None:
    """From the door to the end, an hour later."""
    move(session, order, OrderState.STARTED, by="user:1")
    order.started_at = BEGIN
    await end_visit(session, order, BEGIN + timedelta(minutes=60), by="user:1", now=world.now, policy=POLICY)
