"""Alarms beside care calls: from an elder's INVITE to the INVITE at a seat, with no care call and with twenty that
speak, in turn in one run; and how many care calls an hour are carried out beside a few alarms, with what that costs.

The homes that are rung pick up, send no sound and put down when they are told to. In the first part they listen on; in
the second each puts down after twenty seconds, which is how long a care call takes that is answered with a key.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.homes import Homes
from bench.house import House, house
from drill.sip_load import Call
from drill.storm.gauges import seconds_of_cpu
from home.asterisk import SeatLine
from home.settings import Settings
from models import demo_district
from models.base import local_today, utc_now
from models.care.calls import RESULTS, CareCall
from models.care.halting import halt_now, set_halted
from models.care.planning import CareKind
from models.care.plans import PlanForm, create_plan
from models.care.wishes import CareWishes
from models.database import Database, upgrade
from models.elders import Elder
from models.seats import SeatState, add_seat, list_seats, set_seat_state

RUNNING = 20  # care calls at the same time
ROUNDS = 4
BLOCK = 20  # alarms of each way in a round
BETWEEN = 0.25  # seconds from one to the next
SEATS = 40
SLOTS = 6  # care calls that wait for each elder
LISTENS = 20.0  # seconds until a home puts down
SUSTAINED = 60.0  # seconds
ALARM_EVERY = 10.0
AN_HOUR = 1000  # care calls
TARGET_MS = 20.0  # what care calls may add to the 99th percentile
_WITHIN = 60.0
_FIRST_SEAT = 8001
POLICY = {
    "YJT_POLICY__WRAP_UP": "0",
    "YJT_POLICY__CARE_AT_ONCE": str(RUNNING),
    "YJT_POLICY__CARE_PER_SEAT": "100",
    "YJT_POLICY__CARE_STARTS": "2",
    "YJT_POLICY__CARE_TRIES": "1",
    "YJT_POLICY__CARE_REPEATS": "0",
    "YJT_POLICY__CARE_ANSWER": "60",
    "YJT_POLICY__TRUNK_LINES": "500",
}


@dataclass(frozen=True, slots=True)
class Way:
    """`running`: the fewest care calls that went on during any block; times in milliseconds."""

    name: str
    alarms: int
    failed: int
    running: int
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Sustained:
    """`controller` and `asterisk`: share of one core; `slowest`: ms until a seat rang, of the alarms meanwhile."""

    an_hour: float
    alarms: int
    slowest: float
    controller: float
    asterisk: float


@dataclass(frozen=True, slots=True)
class Figures:
    alone: Way
    beside: Way
    sustained: Sustained


async def run(
    *, rounds: int = ROUNDS, block: int = BLOCK, running: int = RUNNING, seconds: float = SUSTAINED
) -> Figures:
    """Start a platform of our own without web, measure, stop it."""
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        settings = {**POLICY, "YJT_POLICY__CARE_AT_ONCE": str(running)}
        async with house(Path(folder), records=_records, settings=settings) as made:
            measured = _Measured(made, Homes(made.callers), running)
            try:
                alone, beside = list[Call](), list[Call]()
                fewest = running
                for _ in range(rounds):
                    await measured.no_care_calls()
                    alone += (await measured.alarms(block))[0]
                    await measured.care_calls()
                    calls, there = await measured.alarms(block)
                    beside += calls
                    fewest = min(fewest, there)
                await measured.no_care_calls()
                sustained = await measured.sustained(seconds)
            finally:
                await measured.database.close()
    return Figures(_way("no care call", alone, 0), _way(f"{running} care calls speak", beside, fewest), sustained)


def markdown(figures: Figures) -> str:
    """The figures as tables, and whether the targets are met."""
    alone, beside, lasting = figures.alone, figures.beside, figures.sustained
    verdict = f"{'met' if met(figures) else 'MISSED'} ({beside.p99 - alone.p99:+.1f} ms)"
    costs = f"{lasting.controller:.1%} | {lasting.asterisk:.1%}"
    lines = [
        "| alarms, while | alarms | failed | care calls there | seat rings p50 ms | seat rings p99 ms |",
        "|---|---:|---:|---:|---:|---:|",
        *(f"| {w.name} | {w.alarms} | {w.failed} | {w.running} | {w.p50:.1f} | {w.p99:.1f} |" for w in (alone, beside)),
        f"| ratio | | | | {beside.p50 / alone.p50:.2f} | {beside.p99 / alone.p99:.2f} |",
        "",
        "| care calls an hour | alarms meanwhile | slowest ring ms | controller, of a core | Asterisk, of a core |",
        "|---:|---:|---:|---:|---:|",
        f"| {lasting.an_hour:.0f} | {lasting.alarms} | {lasting.slowest:.1f} | {costs} |",
        "",
        f"Target: care calls add at most {TARGET_MS:.0f} ms at p99, and {AN_HOUR} an hour go out; {verdict}.",
    ]
    return "\n".join(lines)


def met(figures: Figures) -> bool:
    """No alarm was lost, none waited longer for care calls, and an hour is long enough for a thousand of them."""
    lost = figures.alone.failed + figures.beside.failed
    return (
        not lost
        and figures.beside.running > 0
        and figures.beside.p99 - figures.alone.p99 <= TARGET_MS
        and figures.sustained.an_hour >= AN_HOUR
    )


def _way(name: str, calls: Sequence[Call], running: int) -> Way:
    rings = [1000 * (call.rang - call.sent) for call in calls if call.rang]
    p50, p99 = (statistics.median(rings), statistics.quantiles(rings, n=100)[98]) if len(rings) > 1 else (0.0, 0.0)
    return Way(name, len(calls), len(calls) - len(rings), running, p50, p99)


class _Measured:
    def __init__(self, made: House, homes: Homes, running: int) -> None:
        self._house = made
        self._homes = homes
        self._running = running
        self._lines: Iterator[str] = itertools.cycle(
            f"0211000{number:04d}" for number in range(demo_district.ELDERS // 2 + 1, demo_district.ELDERS + 1)
        )
        self.database = Database(made.settings.database_url)

    async def no_care_calls(self) -> None:
        await self._halt(True)
        self._homes.listens = None
        await self._until(0)

    async def care_calls(self) -> None:
        await self._halt(False)
        await self._until(self._running)

    async def alarms(self, count: int) -> tuple[list[Call], int]:
        """One after the other, each with a seat of its own; and how many care calls were left at the end."""
        calls = []
        for _ in range(count):
            calls.append(await self._house.callers.call("96890", caller=next(self._lines)))
            await asyncio.sleep(BETWEEN)
        there = (await self._house.read("/load"))["care_calls"]
        await self._end(calls)
        return calls, there

    async def sustained(self, seconds: float) -> Sustained:
        """Care calls as fast as the policy lets them, and an alarm now and then that an agent takes and closes."""
        self._homes.listens = LISTENS
        await self._halt(False)
        await self._until(self._running)
        pids = self._house.pids
        before, done, begun = {name: seconds_of_cpu(pid) for name, pid in pids.items()}, await self._done(), time.time()
        calls = []
        while time.time() - begun < seconds:
            calls.append(await self._house.callers.call("96890", caller=next(self._lines)))
            await self._end(calls[-1:])
            await asyncio.sleep(ALARM_EVERY)
        passed = time.time() - begun
        spent = {name: (seconds_of_cpu(pid) - before[name]) / passed for name, pid in pids.items()}
        made = await self._done() - done
        rings = [1000 * (call.rang - call.sent) if call.rang else float("inf") for call in calls]
        return Sustained(
            made * 3600 / passed, len(calls), max(rings, default=0.0), spent["controller"], spent["asterisk"]
        )

    async def _end(self, calls: Sequence[Call]) -> None:
        self._house.seats.answer_all()
        await asyncio.sleep(0.5)
        await self._house.close_cases()
        for call in calls:
            self._house.callers.hang_up(call)
        async with asyncio.timeout(_WITHIN):
            while await self._ready() < SEATS:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def _ready(self) -> int:
        seats = (await self._house.read("/seats"))["seats"]
        return sum(seat["state"] == "ready" for seat in seats)

    async def _until(self, count: int) -> None:
        async with asyncio.timeout(_WITHIN):
            while (await self._house.read("/load"))["care_calls"] != count:
                if not count:
                    self._homes.put_all_down()
                await asyncio.sleep(0.2)

    async def _halt(self, halted: bool) -> None:
        async with self.database.write() as session:
            await set_halted(session, halted, version=(await halt_now(session)).version, by="bench")

    async def _done(self) -> int:
        async with self.database.read() as session:
            ended = select(func.count()).select_from(CareCall).where(CareCall.state.in_(RESULTS))
            return await session.scalar(ended) or 0


async def _records(settings: Settings) -> list[SeatLine]:
    """The demo district: one half is due for care calls, the other raises alarms; every seat is ready."""
    await upgrade(settings.database_url)
    db = Database(settings.database_url)
    try:
        await demo_district.make(db, area_code=settings.area_code)
        async with db.write() as session:
            for number in range(SEATS):
                await add_seat(session, str(_FIRST_SEAT + number), name="bench")
                await set_seat_state(session, str(_FIRST_SEAT + number), SeatState.READY)
            await _due(session)
        async with db.read() as session:
            seats = await list_seats(session)
    finally:
        await db.close()
    return [SeatLine(seat.extension, seat.sip_password, seat.name) for seat in seats if len(seat.extension) == 4]


async def _due(session: AsyncSession) -> None:
    """More calls than are made, for each elder of the one half."""
    now, today = utc_now(), local_today()
    plan = await create_plan(session, PlanForm(CareKind.REGULAR, "bench", today, ("09:00",)), by="bench")
    elders = list(await session.scalars(select(Elder.id).order_by(Elder.id).limit(demo_district.ELDERS // 2)))
    await session.execute(delete(CareCall))
    await session.execute(delete(CareWishes))
    session.add_all(CareWishes(elder_id=elder, consent_on=today, consent_by="bench") for elder in elders)
    latest = now + timedelta(hours=6)
    for slot in range(SLOTS):
        for elder in elders:
            session.add(
                CareCall(
                    plan_id=plan.id,
                    elder_id=elder,
                    day=today,
                    slot=slot,
                    kind=CareKind.REGULAR,
                    due_at=now,
                    latest_at=latest,
                )
            )
