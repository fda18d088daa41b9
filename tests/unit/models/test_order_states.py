"""Whatever is done to orders, in whatever sequence: only steps of the table happen, each is on record, what is refused
changes nothing, a void order has one new one, and nobody is at two doors at once."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from ivr.vocabulary import Rating
from models.database import Database
from models.orders import dispatching, rating
from models.orders.states import OVER, SUCCESSORS, IllegalStep, OrderState, check_step
from models.orders.visits import ActionKind
from models.orders.work_orders import OrderChange, WorkOrder
from models.register import FormRefused

from .orders import PAGE, POLICY, World


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_the_table_names_every_state_and_leads_to_an_end_from_each() -> None:
    assert set(SUCCESSORS) == set(OrderState)
    assert {OrderState.SETTLED, OrderState.VOID, OrderState.CANCELLED} == OVER
    for state in OrderState:
        reached, new = {state}, {state}
        while new := {after for one in new for after in SUCCESSORS[one]} - reached:
            reached |= new
        assert reached & OVER, state


@pytest.mark.parametrize("state", OrderState)
def test_what_is_not_in_the_table_is_refused_by_name(state: OrderState) -> None:
    for after in OrderState:
        if after in SUCCESSORS[state]:
            check_step(state, after)
        else:
            with pytest.raises(IllegalStep, match=f"an order that is {state} cannot become {after}"):
                check_step(state, after)


@pytest.mark.clause("T2", "T3", "S3.3")
def test_any_sequence_of_steps_keeps_the_rules(sqlite_url: str, loop: asyncio.Runner) -> None:
    db = Database(sqlite_url)
    world = World(db)
    loop.run(world.settle())

    class Orders(_Orders):
        runner, place = loop, world

    fast = settings(
        max_examples=10,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )
    run_state_machine_as_test(Orders, settings=fast)
    loop.run(db.close())


_pick, _minutes = st.integers(0, 7), st.integers(0, 70)


class _Orders(RuleBasedStateMachine):
    runner: asyncio.Runner
    place: World

    @initialize(far=st.booleans())
    def two_orders(self, far: bool) -> None:
        """Of the same worker today, or drafts; and nothing of the run before."""
        self.runner.run(self._clear())
        make = self.place.appointed if far else self.place.drafted
        self.numbers = [self.runner.run(make(elder)) for elder in (0, 1)]

    async def _clear(self) -> None:
        async with self.place.db.write() as session:
            for order in await session.scalars(select(WorkOrder)):
                await session.delete(order)

    def _try(self, pick: int, step: Any, **given: Any) -> None:
        """Do this with one of the orders; when it is refused nothing may have changed."""
        number = self.numbers[pick % len(self.numbers)]
        self.runner.run(self._done(number, step, given))

    async def _done(self, number: int, step: Any, given: dict[str, Any]) -> None:
        before = await self._told()
        try:
            async with self.place.order(number) as (session, order):
                arguments = {name: value(order) if callable(value) else value for name, value in given.items()}
                answer: Awaitable[object] = step(session, order, **arguments)
                await answer
        except (IllegalStep, FormRefused):
            assert await self._told() == before
        self.numbers = [one.id for one, _ in await self._told_orders()]

    async def _told_orders(self) -> list[tuple[WorkOrder, list[OrderChange]]]:
        async with self.place.db.read() as session:
            orders = list(await session.scalars(select(WorkOrder).order_by(WorkOrder.id)))
            changes = list(await session.scalars(select(OrderChange).order_by(OrderChange.id)))
        return [(order, [change for change in changes if change.order_id == order.id]) for order in orders]

    async def _told(self) -> list[tuple[int, int, str, int]]:
        return [(order.id, order.version, order.state, len(all_)) for order, all_ in await self._told_orders()]

    def _by(self, **more: Any) -> dict[str, Any]:
        return {"by": "user:1", "version": lambda order: order.version, **more}

    @rule(pick=_pick, firm=st.integers(0, 1), price=st.sampled_from([None, 0, 3000, 3001]))
    def offer(self, pick: int, firm: int, price: int | None) -> None:
        place = self.place
        given = self._by(supplier=place.firms[firm], price=price, reason="评分", now=place.now, policy=POLICY)
        self._try(pick, dispatching.offer, **given)

    @rule(pick=_pick)
    def accept(self, pick: int) -> None:
        self._try(pick, dispatching.accept, **self._by())

    @rule(pick=_pick, why=st.sampled_from(["", "忙不过来"]))
    def decline(self, pick: int, why: str) -> None:
        self._try(pick, dispatching.decline, **self._by(why=why, now=self.place.now))

    @rule(pick=_pick)
    def withdraw(self, pick: int) -> None:
        self._try(pick, dispatching.withdraw, **self._by(why="改派", now=self.place.now))

    @rule(pick=_pick)
    def elder_called(self, pick: int) -> None:
        self._try(pick, dispatching.elder_called, **self._by(now=self.place.now))

    @rule(pick=_pick, firm=st.integers(0, 1), worker=st.integers(0, 1))
    def appoint(self, pick: int, firm: int, worker: int) -> None:
        place = self.place
        goes = place.workers[place.firms[firm]][worker]
        self._try(pick, dispatching.appoint, **self._by(worker=goes, at=place.now, now=place.now, page=PAGE))

    @rule(pick=_pick)
    def go_on(self, pick: int) -> None:
        """The next usual step, whatever it is: so that runs get far."""
        state = self.runner.run(self.place.state(self.numbers[pick % len(self.numbers)]))
        usual = {"draft": self.offer, "declined": self.offer, "elder_called": self.appoint}
        if state in usual:
            more = {"price": None} if state != "elder_called" else {"worker": 0}
            usual[state](pick=pick, firm=0, **more)
        elif state in ("offered", "accepted"):
            (self.accept if state == "offered" else self.elder_called)(pick=pick)
        elif state in ("appointed", "started"):
            self.scan(pick=pick, kind=ActionKind.START if state == "appointed" else ActionKind.END, ago=0)

    @rule(pick=_pick, kind=st.sampled_from(ActionKind), ago=st.integers(0, 15))
    def scan(self, pick: int, kind: ActionKind, ago: int) -> None:
        number = self.numbers[pick % len(self.numbers)]
        if self.runner.run(self._has_worker(number)):
            self.runner.run(self.place.scan(number, kind, ago=timedelta(minutes=ago)))
            self.numbers = [one.id for one, _ in self.runner.run(self._told_orders())]

    async def _has_worker(self, number: int) -> bool:
        async with self.place.db.read() as session:
            return (await session.get_one(WorkOrder, number)).worker_id is not None

    @rule(pick=_pick)
    def end_by_hand(self, pick: int) -> None:
        given = self._by(at=self.place.now, why="手机没电", now=self.place.now, policy=POLICY)
        self._try(pick, dispatching.end_by_hand, **given)

    @rule(pick=_pick)
    def void_by_hand(self, pick: int) -> None:
        self._try(pick, dispatching.void_by_hand, **self._by(why="老人称未做", now=self.place.now, policy=POLICY))

    @rule(pick=_pick)
    def cancel(self, pick: int) -> None:
        self._try(pick, dispatching.cancel, **self._by(why="不需要了", now=self.place.now))

    @rule(pick=_pick, grade=st.sampled_from(Rating))
    def rate(self, pick: int, grade: Rating) -> None:
        self._try(pick, rating.rate, grade=grade, by="user:1", policy=POLICY)

    @rule(pick=_pick)
    def settle(self, pick: int) -> None:
        self._try(pick, rating.settle, by="user:1", month="2026-03")

    @rule(minutes=_minutes)
    def time_goes_by(self, minutes: int) -> None:
        self.place.now += timedelta(minutes=minutes)

    @invariant()
    def every_step_is_on_record_and_in_the_table(self) -> None:
        orders = self.runner.run(self._told_orders())
        for order, changes in orders:
            steps = [(change.before, change.after) for change in changes]
            assert steps[0][0] is None
            assert steps[-1][1] == order.state
            for (_, left), (before, after) in itertools.pairwise(steps):
                assert left == before
                assert after in SUCCESSORS[before]
            assert all(change.by and change.at for change in changes)
            redone = [other for other, _ in orders if other.redo_of == order.id]
            assert len(redone) == (order.state == OrderState.VOID)
            if order.state in (OrderState.FINISHED, OrderState.CHECKED, OrderState.SETTLED):
                assert (order.minutes or 0) >= order.minimum_minutes == 50
        self._nobody_is_at_two_doors([order for order, _ in orders if order.started_at])

    def _nobody_is_at_two_doors(self, visits: list[WorkOrder]) -> None:
        for worker in {visit.worker_id for visit in visits}:
            # One that the office has declared void while it ran has no end, and keeps nobody from anywhere.
            counts = [visit for visit in visits if visit.finished_at or visit.state != OrderState.VOID]
            theirs = [visit for visit in counts if visit.worker_id == worker]
            # of two that began in the same moment the one that is over came first
            mine = sorted(theirs, key=lambda visit: (str(visit.started_at), visit.finished_at is None))
            for first, second in itertools.pairwise(mine):
                end = first.finished_at
                assert end is not None
                assert second.started_at is None or end <= second.started_at
