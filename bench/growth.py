"""What grows with the calls that are up, and with the elders on file: pick-up, look-up, processor and memory.

One platform, one run. So many callers wait without music (with it the processor of a small machine would be full of
music alone: its price for each line stands beside the table), then as many probes call as tell the pick-up. Elders are
put on file between two rounds of probes.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.capacity import one_call, percentiles
from bench.house import House, house
from drill.sip_load import Call
from drill.storm.gauges import memory, seconds_of_cpu
from home.asterisk import SeatLine
from home.asterisk_process import AsteriskProcess
from home.settings import Settings
from models import demo_crowd
from models.database import Database, upgrade

LINES = (10, 100, 300, 1000)  # calls that are up
ELDERS = (1_000, 10_000, 50_000, 200_000)  # on file
PROBES = 60
PROBE_RATE = 10.0  # a second
_DIALLED = "96890"
_COMES_UP = 20.0  # calls a second that come up to wait
_WATCHED = 5.0  # seconds in which the price of a line that waits is taken
_TARGET = 3.0  # times the first figure, at most
_STRIDE = 7919  # a prime: no elder twice
_MS = 5.0  # below this a pick-up is not told apart


@dataclass(frozen=True, slots=True)
class Up:
    """So many lines were up: pick-up of probes in ms, seconds of processor in a second, MB."""

    lines: int
    failed: int
    pickup_p50: float
    pickup_p99: float
    controller: float
    asterisk: float
    controller_mb: float
    asterisk_mb: float


@dataclass(frozen=True, slots=True)
class OnFile:
    """So many elders were on file: pick-up of probes, and the time until a caller was known, in ms."""

    elders: int
    failed: int
    pickup_p50: float
    pickup_p99: float
    lookup_p50: float
    lookup_p99: float


@dataclass(frozen=True, slots=True)
class Growth:
    up: tuple[Up, ...]
    on_file: tuple[OnFile, ...]


async def run(*, lines: Sequence[int] = LINES, elders: Sequence[int] = ELDERS) -> Growth:
    """Start a platform of our own, measure, stop it."""
    more = {"YJT_RTP_PORTS": "16000-21999", "YJT_POLICY__COMFORT_EVERY": "60", "YJT_POLICY__OVERFLOW_CONTACTS": "600"}
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        async with house(Path(folder), records=_records, settings=more, prepare=_without_music) as made:
            callers = _callers()
            await _probe(made, callers)  # warm
            on_file = [await _with_elders(made, count) for count in elders]
            up = [figure async for figure in _with_lines(made, lines, callers)]
            return Growth(tuple(up), tuple(on_file))


def markdown(growth: Growth) -> str:
    """Both tables, and whether what grows stays within its bounds."""
    up, on_file = growth.up, growth.on_file
    heads = "calls up|failed|pick-up p50 ms|pick-up p99 ms|controller cores|Asterisk cores|controller MB|Asterisk MB"
    rows = [
        *_head(heads),
        *(
            f"| {f.lines} | {f.failed} | {f.pickup_p50:.1f} | {f.pickup_p99:.1f} | {f.controller:.2f} | "
            f"{f.asterisk:.2f} | {f.controller_mb:.0f} | {f.asterisk_mb:.0f} |"
            for f in up
        ),
        "",
        *_head("elders on file|failed|pick-up p50 ms|pick-up p99 ms|caller known p50 ms|caller known p99 ms"),
        *(
            f"| {f.elders} | {f.failed} | {f.pickup_p50:.1f} | {f.pickup_p99:.1f} | {f.lookup_p50:.1f} | "
            f"{f.lookup_p99:.1f} |"
            for f in on_file
        ),
        "",
        f"From {up[0].lines} to {up[-1].lines} calls up the median pick-up grows {_up(growth):.1f} times.",
        f"From {on_file[0].elders} to {on_file[-1].elders} elders until one is known: {_known(growth):.1f} times.",
        f"Target: at most {_TARGET:.0f} times each; {'met' if met(growth) else 'MISSED'}.",
    ]
    return "\n".join(rows)


def _head(names: str) -> list[str]:
    columns = names.split("|")
    return [f"| {' | '.join(columns)} |", f"|{'---:|' * len(columns)}"]


def met(growth: Growth) -> bool:
    """Nothing fails, and neither calls nor elders make the next call noticeably slower."""
    failed = sum(figure.failed for figure in growth.up) + sum(figure.failed for figure in growth.on_file)
    return not failed and _up(growth) <= _TARGET and _known(growth) <= _TARGET


def _up(growth: Growth) -> float:
    return growth.up[-1].pickup_p50 / max(_MS, growth.up[0].pickup_p50)


def _known(growth: Growth) -> float:
    return growth.on_file[-1].lookup_p50 / growth.on_file[0].lookup_p50


# --- measuring ------------------------------------------------------------------------------------------------------


async def _with_lines(made: House, levels: Sequence[int], callers: Iterator[str]) -> AsyncIterator[Up]:
    """More and more callers wait; at each level the price of waiting, then probes."""
    waiting: list[Call] = []
    for level in levels:
        while len(waiting) < level:
            waiting.append(await made.callers.answered(_DIALLED, caller=next(callers)))
            await asyncio.sleep(1 / _COMES_UP)
        before = {name: seconds_of_cpu(pid) for name, pid in made.pids.items()}
        await asyncio.sleep(_WATCHED)
        cores = {name: (seconds_of_cpu(pid) - before[name]) / _WATCHED for name, pid in made.pids.items()}
        mb = {name: memory(pid) for name, pid in made.pids.items()}
        calls = await _probe(made, callers)
        failed = sum(call.picked_up is None for call in (*calls, *waiting))
        yield Up(
            level, failed, *percentiles(calls), cores["controller"], cores["asterisk"], mb["controller"], mb["asterisk"]
        )
    for call in waiting:
        made.callers.hang_up(call)
    await made.empty(within=180)


async def _with_elders(made: House, count: int) -> OnFile:
    await _put_on_file(made.settings, count)
    calls = await _probe(made, _spread(count))
    known = [_until_known(case) for case in (await made.read("/state"))["cases"]]
    await made.empty()
    times = [1000 * seconds for seconds in known if seconds is not None]
    failed = sum(call.picked_up is None for call in calls) + sum(seconds is None for seconds in known)
    return OnFile(count, failed, *percentiles(calls), statistics.median(times), statistics.quantiles(times, n=100)[98])


def _until_known(case: dict[str, Any]) -> float | None:
    """Seconds from the arrival of the call until the register had told who it is."""
    at = {entry["event"]: datetime.fromisoformat(entry["at"]) for entry in case["timeline"]}
    if "caller_identified" not in at:
        return None
    return (at["caller_identified"] - at["call_arrived"]).total_seconds()


async def _probe(made: House, callers: Iterator[str]) -> list[Call]:
    """Calls that come beside whatever is up, and end at once."""
    async with asyncio.TaskGroup() as group:
        tasks = []
        for _ in range(PROBES):
            tasks.append(group.create_task(one_call(made, _DIALLED, next(callers), stays=0.5)))
            await asyncio.sleep(1 / PROBE_RATE)
    return [task.result() for task in tasks]


def _callers() -> Iterator[str]:
    """Each calls once: who calls again within minutes has a case already."""
    return (f"021{demo_crowd.line_of(n)}" for n in itertools.count(1))


def _spread(count: int) -> Iterator[str]:
    """Callers from everywhere in the register."""
    return (f"021{demo_crowd.line_of(1 + n * _STRIDE % count)}" for n in itertools.count(1))


async def _records(settings: Settings) -> list[SeatLine]:
    await upgrade(settings.database_url)
    await _put_on_file(settings, ELDERS[0])
    return []


async def _put_on_file(settings: Settings, count: int) -> None:
    db = Database(settings.database_url)
    try:
        await demo_crowd.add(db, count, area_code=settings.area_code)
    finally:
        await db.close()


def _without_music(process: AsteriskProcess) -> None:
    """Waiting callers hear prompts only."""
    process.etc.joinpath("musiconhold.conf").write_text("[general]\n", encoding="utf-8")
