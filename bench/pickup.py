"""Pick-up and the first ring of a seat: our controller beside a bare dialplan that does Answer() and Dial().

Same Asterisk, same callers, same kind of telephones, in one run: blocks of calls at 40 a second, in turn through the
controller (recording, claim, look-up, journal, a free seat) and through two lines of dialplan. Times are taken from the
caller's INVITE to its 200 OK and to the INVITE at the seat.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.house import House, house
from drill.sip_load import Call
from home.asterisk import SeatLine
from home.settings import Settings
from models import demo_district
from models.database import Database, upgrade
from models.seats import SeatState, add_seat, list_seats, set_seat_state

RATE = 40.0  # calls a second
BLOCK = 80  # calls in one block
ROUNDS = 5  # blocks of each way
WARM_UP = 20  # calls of each way that are not counted
TARGET_MS = 10.0  # the controller's 99th percentile above the bare dialplan's
SEATS = 90  # more than a block has calls: nobody puts down before the block is over, so every call needs a seat
_OURS, _BARE = "8001", "8101"  # the first seat of each way
_PAUSE = 1.0
# A number that leads into the bare dialplan: 777 and the seat. With `i`, as our callers send no sound, and a plain
# Answer() would wait half a second for it before it dials.
_DIALPLAN = "\n[from-trunk](+)\nexten => _777XXXX,1,Answer(,i)\n same => n,Dial(PJSIP/${EXTEN:3},30)\n"


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of one way; `failed` calls were not picked up, or no seat rang for them."""

    way: str
    calls: int
    failed: int
    pickup_p50: float
    pickup_p99: float
    ring_p50: float
    ring_p99: float


async def run(*, rounds: int = ROUNDS, block: int = BLOCK, rate: float = RATE) -> list[Figure]:
    """Start a platform of our own without web, measure, stop it. Returns the controller's figure, then the bare one."""
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        async with _platform(Path(folder)) as load:
            ours, bare = _numbers("96890"), _numbers(*(f"777{_seat(_BARE, n)}" for n in range(SEATS)))
            await load.block(ours, WARM_UP, rate)
            await load.block(bare, WARM_UP, rate)
            calls: dict[str, list[Call]] = {"controller": [], "bare dialplan": []}
            for _ in range(rounds):
                calls["controller"] += await load.block(ours, block, rate)
                calls["bare dialplan"] += await load.block(bare, block, rate)
    return [_figure(way, made) for way, made in calls.items()]


def markdown(figures: Sequence[Figure]) -> str:
    """The figures as a table, and whether the target is met."""
    ours, bare = figures
    ratios = " | ".join(f"{one / other:.2f}" for one, other in zip(_times(ours), _times(bare), strict=True))
    verdict = f"{'met' if met(figures) else 'MISSED'} ({ours.pickup_p99 - bare.pickup_p99:+.1f} ms)"
    lines = [
        "| way | calls | failed | pick-up p50 ms | pick-up p99 ms | seat rings p50 ms | seat rings p99 ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(_row(figure) for figure in figures),
        f"| ratio | | | {ratios} |",
        "",
        f"Target: pick-up at p99 within {TARGET_MS:.0f} ms of the bare dialplan at {RATE:.0f} calls/s; {verdict}.",
    ]
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    cells = " | ".join(f"{time:.1f}" for time in _times(figure))
    return f"| {figure.way} | {figure.calls} | {figure.failed} | {cells} |"


def _times(figure: Figure) -> tuple[float, float, float, float]:
    return figure.pickup_p50, figure.pickup_p99, figure.ring_p50, figure.ring_p99


def met(figures: Sequence[Figure]) -> bool:
    """No call failed, and the controller's pick-up is within the target."""
    ours, bare = figures
    return not ours.failed and not bare.failed and ours.pickup_p99 - bare.pickup_p99 <= TARGET_MS


@dataclass(slots=True)
class _Load:
    house: House
    lines: Callable[[], str]

    async def block(self, number: Callable[[], str], count: int, rate: float) -> list[Call]:
        """`count` calls at `rate` a second; returns when all have ended and an agent has closed their cases."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as group:
            made = []
            for index in range(count):
                await asyncio.sleep(max(0.0, begun + index / rate - loop.time()))
                made.append(group.create_task(self.house.callers.call(number(), caller=self.lines())))
        calls = [task.result() for task in made]
        # An elder who puts down unheard is rung back, so somebody takes the call first.
        self.house.seats.answer_all()
        await asyncio.sleep(_PAUSE)
        await self.house.close_cases()
        for call in calls:
            self.house.callers.hang_up(call)
        await _until_seats_are_ready(self.house)
        await asyncio.sleep(_PAUSE)
        return calls


@asynccontextmanager
async def _platform(home: Path) -> AsyncIterator[_Load]:
    more = {"YJT_POLICY__WRAP_UP": "0"}
    async with house(home, records=_records, dialplan=_DIALPLAN, settings=more) as made:
        await _until_seats_are_ready(made)
        yield _Load(made, _numbers(*(f"0211000{number:04d}" for number in range(1, demo_district.ELDERS + 1))))


async def _records(settings: Settings) -> list[SeatLine]:
    """The demo district, so that every caller has a file, and two sets of seats: one ready, one for the bare way."""
    await upgrade(settings.database_url)
    db = Database(settings.database_url)
    try:
        await demo_district.make(db, area_code=settings.area_code)
        async with db.write() as session:
            for number in range(SEATS):
                await add_seat(session, _seat(_OURS, number), name="bench")
                await add_seat(session, _seat(_BARE, number), name="bench")
                await set_seat_state(session, _seat(_OURS, number), SeatState.READY)
        async with db.read() as session:
            seats = await list_seats(session)
    finally:
        await db.close()
    return [SeatLine(seat.extension, seat.sip_password, seat.name) for seat in seats if len(seat.extension) == 4]


async def _until_seats_are_ready(made: House) -> None:
    """The controller has no case, and knows every telephone of its seats as free."""
    async with asyncio.timeout(30):
        while True:
            state = await made.read("/state")
            if sum(seat["state"] == "ready" for seat in state["seats"]) >= SEATS and not state["cases"]:
                return
            await asyncio.sleep(0.2)


def _figure(way: str, calls: Sequence[Call]) -> Figure:
    whole = [call for call in calls if call.picked_up and call.rang]
    pickups = [1000 * (call.picked_up - call.sent) for call in whole if call.picked_up]
    rings = [1000 * (call.rang - call.sent) for call in whole if call.rang]
    return Figure(way, len(calls), len(calls) - len(whole), *_p50_p99(pickups), *_p50_p99(rings))


def _p50_p99(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return float("nan"), float("nan")
    return statistics.median(values), statistics.quantiles(values, n=100)[98]


def _numbers(*numbers: str) -> Callable[[], str]:
    """Each of them in turn, for ever."""
    turn = itertools.cycle(numbers)
    return lambda: next(turn)


def _seat(first: str, number: int) -> str:
    return str(int(first) + number)
