"""How many calls a second: our controller beside a bare dialplan that answers, says the welcome and plays music.

Same Asterisk, same callers, same sound, same recording, in one run: at each rate a block of calls through each way in
turn, upward until a block fails. Each caller hangs up a second after the answer. Processor time is what each process
had more of during a block, for each of its calls.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.house import House, house
from drill.sip_load import Call
from drill.storm.gauges import seconds_of_cpu
from home.asterisk import SeatLine
from home.settings import Settings
from models import demo_crowd
from models.database import Database, upgrade

RATES = (20.0, 40.0, 60.0, 80.0, 100.0, 130.0, 160.0, 200.0, 250.0, 300.0)  # calls a second
SECONDS = 4.0  # of each block
BOUND_MS = 100.0  # pick-up at the 99th percentile: nobody waits for the answer
TARGET = 20.0  # calls a second of the storm, to be sustained by the controller
ELDERS = 2_000
OURS, BARE = "controller", "bare dialplan"
_NUMBERS = {OURS: "96890", BARE: "7770000"}
# As much as our way does for the caller's ear: recording, answer, the welcome, music.
_DIALPLAN = """
[from-trunk](+)
exten => 7770000,1,MixMonitor(${RECORDINGS}/${UNIQUEID}.wav)
 same => n,Answer(,i)
 same => n,Playback(${PROMPTS}/welcome)
 same => n,MusicOnHold(default,600)
"""
_STAYS = 1.0
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One way at one rate: `failed` calls were not answered; ms of pick-up, and of processor for each call."""

    way: str
    rate: float
    calls: int
    failed: int
    pickup_p50: float
    pickup_p99: float
    controller: float
    asterisk: float

    @property
    def sustained(self) -> bool:
        return not self.failed and self.pickup_p99 <= BOUND_MS


async def run(*, rates: Sequence[float] = RATES, seconds: float = SECONDS) -> list[Figure]:
    """Start a platform of our own, measure each way until it does not keep up any more, stop it."""
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        more = {"YJT_RTP_PORTS": "16000-21999"}
        async with house(Path(folder), records=_records, dialplan=_DIALPLAN, settings=more) as made:
            lines = itertools.cycle(f"021{demo_crowd.line_of(n)}" for n in range(1, ELDERS + 1))
            for way in (OURS, BARE):
                await _block(made, way, 10.0, 2.0, lines)
            figures: list[Figure] = []
            going = [OURS, BARE]
            for rate in rates:
                for way in tuple(going):
                    figure = await _block(made, way, rate, seconds, lines)
                    if not figure.sustained:  # the machine may have been busy with something else: once more
                        figure = await _block(made, way, rate, seconds, lines)
                    figures.append(figure)
                    if not figure.sustained:
                        going.remove(way)
            return figures


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table, and whether the target is met."""
    ours, bare = best(figures, OURS), best(figures, BARE)
    sustained = (
        f"controller {ours:.0f} calls/s, bare dialplan {bare:.0f} calls/s, ratio {ours / bare if bare else 0:.2f}"
    )
    lines = [
        "| calls/s | way | failed | pick-up p50 ms | pick-up p99 ms | controller ms/call | Asterisk ms/call |",
        "|---:|---|---:|---:|---:|---:|---:|",
        *(
            f"| {f.rate:.0f} | {f.way} | {f.failed} | {f.pickup_p50:.1f} | {f.pickup_p99:.1f} | "
            f"{f.controller:.1f} | {f.asterisk:.1f} |"
            for f in figures
        ),
        "",
        f"Sustained (nothing fails, pick-up p99 within {BOUND_MS:.0f} ms): {sustained}.",
        "",
        f"Target: the controller sustains the {TARGET:.0f} calls/s of a storm; {'met' if met(figures) else 'MISSED'}.",
    ]
    return "\n".join(lines)


def best(figures: Sequence[Figure], way: str) -> float:
    """The highest rate that this way has sustained."""
    return max((figure.rate for figure in figures if figure.way == way and figure.sustained), default=0.0)


def met(figures: Sequence[Figure]) -> bool:
    return best(figures, OURS) >= TARGET


def percentiles(calls: Sequence[Call]) -> tuple[float, float]:
    """Milliseconds of pick-up at the median and at the 99th percentile, of those that were answered."""
    times = [1000 * (call.picked_up - call.sent) for call in calls if call.picked_up]
    if len(times) < 2:
        return float("nan"), float("nan")
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


async def _block(made: House, way: str, rate: float, seconds: float, lines: itertools.cycle[str]) -> Figure:
    """Calls at this rate; returns when they and their cases are gone."""
    before = {name: seconds_of_cpu(pid) for name, pid in made.pids.items()}
    loop = asyncio.get_running_loop()
    begun, count = loop.time(), round(rate * seconds)
    async with asyncio.TaskGroup() as group:
        tasks = []
        for index in range(count):
            await asyncio.sleep(max(0.0, begun + index / rate - loop.time()))
            tasks.append(group.create_task(one_call(made, _NUMBERS[way], next(lines), stays=_STAYS)))
    calls = [task.result() for task in tasks]
    spent = {name: 1000 * (seconds_of_cpu(pid) - before[name]) / count for name, pid in made.pids.items()}
    await made.empty()
    await asyncio.sleep(_PAUSE)
    failed = sum(call.picked_up is None for call in calls)
    return Figure(way, rate, count, failed, *percentiles(calls), spent["controller"], spent["asterisk"])


async def one_call(made: House, number: str, caller: str, *, stays: float) -> Call:
    """A caller who hangs up so many seconds after the answer, or gives up when there is none."""
    call = await made.callers.answered(number, caller=caller)
    await asyncio.sleep(stays)
    made.callers.hang_up(call)
    return call


async def _records(settings: Settings) -> list[SeatLine]:
    """Elders who call, and no seat: who waits is what is measured."""
    await upgrade(settings.database_url)
    db = Database(settings.database_url)
    try:
        await demo_crowd.add(db, ELDERS, area_code=settings.area_code)
    finally:
        await db.close()
    return []
