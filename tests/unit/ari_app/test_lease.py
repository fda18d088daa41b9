"""Which controller is active: the rule by itself, then two of them with one database, one frozen, or deaf."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.lease import Lease, LeaseLost, Sightings, Verdict, judge
from models import leases
from models.database import Database
from models.leases import NOBODY, Candidate, Standing

RUNS_OUT, PATIENCE = 3.0, 3.0
ME = Candidate(place="here:controller", node="a", app="sos-a-1", beat=1, linked=True)
OTHER = Candidate(place="here:stand-by", node="a", app="sos-a-2", beat=7, linked=True)


def sightings(*others: Candidate, silent_for: float, now: float) -> Sightings:
    """Who has shown no new beat for so long."""
    seen = Sightings(RUNS_OUT)
    seen.look(Standing(NOBODY, others), now - silent_for)
    return seen


def test_one_new_beat_may_be_older_than_the_moment_since_which_we_ask() -> None:
    """It was shown just before its controller froze, and we have looked just now."""
    seen = Sightings(RUNS_OUT)
    seen.look(Standing(OTHER.place, (OTHER,)), 10.0)
    seen.look(Standing(OTHER.place, (replace(OTHER, beat=8),)), 12.0)
    assert not seen.beat_after(OTHER.place, 11.0)
    seen.look(Standing(OTHER.place, (replace(OTHER, beat=8),)), 13.0)
    assert not seen.beat_after(OTHER.place, 11.0)
    seen.look(Standing(OTHER.place, (replace(OTHER, beat=9),)), 14.0)
    assert seen.beat_after(OTHER.place, 11.0)


def verdict(
    holder: str,
    *others: Candidate,
    me: Candidate = ME,
    held: bool = False,
    silent_for: float = 0.0,
    deaf_for: float = 0.0,
) -> Verdict:
    seen = sightings(*others, silent_for=silent_for, now=100.0)
    standing = Standing(holder, others)
    return judge(me, standing, seen, held=held, deaf_for=deaf_for, patience=PATIENCE, now=100.0)


def test_the_first_one_takes_what_nobody_holds() -> None:
    assert verdict(NOBODY) is Verdict.TAKE


def test_whoever_holds_it_and_lives_is_left_alone() -> None:
    assert verdict(OTHER.place, OTHER) is Verdict.WAIT


def test_a_holder_who_shows_no_new_beat_is_relieved() -> None:
    assert verdict(OTHER.place, OTHER, silent_for=RUNS_OUT) is Verdict.TAKE


def test_a_holder_of_whom_nobody_has_heard_is_relieved() -> None:
    assert verdict("a machine that was taken away") is Verdict.TAKE


def test_one_without_a_link_leaves_it_to_one_that_has_one() -> None:
    deaf = replace(ME, linked=False)
    assert verdict(NOBODY, OTHER, me=deaf) is Verdict.WAIT
    assert verdict(NOBODY, replace(OTHER, linked=False), me=deaf) is Verdict.TAKE
    assert verdict(NOBODY, OTHER, me=deaf, silent_for=RUNS_OUT) is Verdict.TAKE


def test_the_active_one_gives_way_when_it_is_deaf_and_the_other_is_not() -> None:
    deaf = replace(ME, linked=False)
    assert verdict(ME.place, OTHER, me=deaf, held=True, deaf_for=PATIENCE + 1) is Verdict.GIVE_UP
    assert verdict(ME.place, OTHER, me=deaf, held=True, deaf_for=PATIENCE - 1) is Verdict.HOLD
    assert verdict(ME.place, replace(OTHER, linked=False), me=deaf, held=True, deaf_for=99) is Verdict.HOLD


def test_one_who_comes_back_in_the_place_of_the_holder_is_the_holder() -> None:
    assert verdict(ME.place, OTHER) is Verdict.HOLD


@given(
    holder=st.sampled_from([ME.place, OTHER.place, NOBODY]),
    held=st.booleans(),
    linked=st.booleans(),
    other_linked=st.booleans(),
    silent_for=st.floats(0, 10),
    deaf_for=st.floats(0, 10),
)
def test_never_are_both_active(
    holder: str, held: bool, linked: bool, other_linked: bool, silent_for: float, deaf_for: float
) -> None:
    """Who does not hold it goes on only by taking it, never from one who lives; who held it and does not, stops."""
    other = replace(OTHER, linked=other_linked)
    me = replace(ME, linked=linked)
    what = verdict(holder, other, me=me, held=held, silent_for=silent_for, deaf_for=deaf_for)
    if holder == OTHER.place and silent_for < RUNS_OUT:
        assert what is (Verdict.LOST if held else Verdict.WAIT)
    if held and holder != ME.place:
        assert what is Verdict.LOST
    if what is Verdict.TAKE:
        assert not held


def test_silence_while_we_could_not_look_is_nobodys_fault() -> None:
    seen = sightings(OTHER, silent_for=10, now=100.0)
    assert not seen.lives(OTHER.place, 100.0)
    seen.forget()
    seen.look(Standing(OTHER.place, (OTHER,)), 100.0)
    assert seen.lives(OTHER.place, 100.0)


# --- with a database ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Clock:
    """A clock for one controller, which a test may move."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


@dataclass(slots=True)
class Pair:
    first: Lease
    second: Lease
    clock: Clock  # of the first
    link: dict[str, bool]


@pytest.fixture
async def pair(sqlite_url: str) -> AsyncIterator[Pair]:
    databases = [Database(sqlite_url), Database(sqlite_url)]
    clock, link = Clock(), {"first": True, "second": True}

    def made(name: str, database: Database, clock: Callable[[], float] | None) -> Lease:
        me = Candidate(place=name, node="a")
        return Lease(
            database,
            me,
            linked=lambda: link[name],
            beat_every=0.05,
            runs_out=1.0,
            patience=0.3,
            clock=clock,
        )

    yield Pair(made("first", databases[0], clock), made("second", databases[1], None), clock, link)
    for database in databases:
        await database.close()


async def soon(work: asyncio.Future[None]) -> None:
    await asyncio.wait_for(work, 10)


async def ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_second_takes_over_when_the_first_beats_no_more(pair: Pair) -> None:
    await soon(asyncio.ensure_future(pair.first.until_ours()))
    keeping = asyncio.create_task(pair.first.keep())
    waiting = asyncio.create_task(pair.second.until_ours())
    for _ in range(5):
        await pair.second.next_beat()
    assert not waiting.done()
    await ended(keeping)
    await soon(waiting)
    assert pair.second.standing.holder == "second"
    assert (pair.first.taken_from, pair.second.taken_from) == (NOBODY, "first")


async def test_it_takes_over_at_once_when_the_first_leaves(pair: Pair) -> None:
    await pair.first.until_ours()
    waiting = asyncio.create_task(pair.second.until_ours())
    await pair.second.next_beat()
    await pair.first.leave()
    await soon(waiting)
    assert pair.second.taken_from == NOBODY


async def test_one_that_was_frozen_commands_and_writes_nothing_once_the_other_has_taken_over(pair: Pair) -> None:
    await pair.first.until_ours()
    keeping = asyncio.create_task(pair.first.keep())
    await pair.first.next_beat()
    await pair.first.interlock()
    async with pair.second._database.write() as session:
        await leases.take(session, pair.second.me)
    pair.clock.ahead = 60  # it wakes up
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(pair.first.interlock(), 10)
    with pytest.raises(LeaseLost):
        async with pair.first._database.write() as session:
            await pair.first.fence(session)
    await soon(keeping)
    assert pair.first.lost


async def test_one_that_was_frozen_goes_on_when_nobody_has_taken_over(pair: Pair) -> None:
    await pair.first.until_ours()
    keeping = asyncio.create_task(pair.first.keep())
    await pair.first.next_beat()
    pair.clock.ahead = 60
    await asyncio.wait_for(pair.first.interlock(), 10)
    async with pair.first._database.write() as session:
        await pair.first.fence(session)
    await ended(keeping)
    assert not pair.first.lost


async def test_a_deaf_one_gives_way_to_one_that_hears(pair: Pair) -> None:
    await pair.first.until_ours()
    keeping = asyncio.create_task(pair.first.keep())
    waiting = asyncio.create_task(pair.second.until_ours())
    await pair.second.next_beat()
    pair.link["first"] = False
    await soon(keeping)
    async with pair.first._database.write() as session:
        await pair.first.fence(session)  # what it knows can still be written
    assert not waiting.done()
    await pair.first.leave()
    await soon(waiting)


async def test_a_database_that_takes_nothing_for_so_long_is_told(pair: Pair, sqlite_url: str) -> None:
    """Somebody may have stopped in the middle of writing."""
    told = asyncio.Event()

    async def blocked() -> None:
        told.set()

    await pair.first.until_ours()
    database = Database(sqlite_url, busy_timeout=0.1)
    lease = Lease(
        database,
        Candidate(place="third", node="a"),
        linked=lambda: True,
        beat_every=0.05,
        runs_out=0.3,
        patience=0.3,
        blocked=blocked,
    )
    waiting = asyncio.create_task(lease.until_ours())
    async with pair.first._database.write():
        await asyncio.wait_for(told.wait(), 10)
    await ended(waiting)
    await database.close()


async def test_one_whose_beat_waits_for_the_database_is_not_deaf(pair: Pair, sqlite_url: str) -> None:
    """In a storm the journal has the database for itself for a while."""
    await pair.first.until_ours()
    await pair.second._beat(held=False)
    await pair.first._beat(held=True)
    busy = Database(sqlite_url)
    async with busy.write():
        beat = asyncio.create_task(pair.first._beat(held=True))
        await asyncio.sleep(0)  # it has looked at its clock, and waits
        pair.clock.ahead += 0.9
    assert await beat is Verdict.HOLD
    await busy.close()


async def test_the_others_learn_where_calls_are_handed_to(pair: Pair) -> None:
    await pair.first.until_ours()
    pair.first.working_as("sos-a-first")
    keeping = asyncio.create_task(pair.first.keep())
    waiting = asyncio.create_task(pair.second.until_ours())
    await pair.second.next_beat()
    moment = asyncio.get_running_loop().time()
    assert pair.second.well_since(moment) == ""
    while not pair.second.well_since(moment):
        await asyncio.wait_for(pair.second.next_beat(), 10)
    assert pair.second.well_since(moment) == "sos-a-first"
    await ended(keeping, waiting)
