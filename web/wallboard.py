"""What hangs on the wall: figures of this moment from the mirror, figures of today from the records. Counts only: no
name, no number, no address passes through here, so that whoever walks by may look.

The records are asked every few seconds for all walls together. While they are away what was found last stays, with its
time.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from home.failures import where_it_failed
from ivr.vocabulary import CaseKind
from models.base import utc_now
from models.database import Database, DatabaseUnavailable
from models.queries.answering import Answer, Bin, Share, answers, bins, share
from models.queries.places import Overview, elders_by_unit, overview
from web.controller.mirror import Mirror
from web.controller.shapes import LiveCase, SeatState, SeatView
from web.fresh import Fresh
from web.logs import log

GOOD_FOR: Final = 5.0  # seconds for which the records' figures are good
REGISTER_GOOD_FOR: Final = 300.0
WITHIN: Final = 4.0
PATIENCE: Final = (
    0.5  # for new figures, while there are older ones: seats and waiting calls do not wait for the records
)
SHOWN_SECONDS: Final = (10, 15, 60)
AGES: Final = (5, 15, 60)  # minutes that end the columns of open cases; the last has no end
SEAT_STATES: Final[tuple[SeatState, ...]] = ("ready", "reserved", "talking", "wrap_up", "paused", "offline", "disabled")
SEATS_SHOWN: Final = 8  # of one state, those that have been in it longest; the others are counted
PARTS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Today:
    """What stood on record at `taken_at`. `bins` are those of the whole day, from midnight here to midnight."""

    taken_at: datetime
    alarms: int
    shares: tuple[Share, ...]
    bins: tuple[Bin, ...]
    overview: Overview


@dataclass(frozen=True, slots=True)
class Waiting:
    """Calls without an agent; `since`: when the first of them began to wait."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SeatGroup:
    """The seats of one state, those that have been in it longest first."""

    state: SeatState
    seats: tuple[SeatView, ...]

    @property
    def shown(self) -> tuple[SeatView, ...]:
        return self.seats[:SEATS_SHOWN]


@dataclass(frozen=True, slots=True)
class OpenRow:
    """The open cases of one kind, in a count for each column of `AGES` and one for what is older."""

    kind: str
    counts: tuple[int, ...]


class Wallboard:
    """Asks the records for all walls; `today` is None until they could be read once."""

    def __init__(self, database: Database, *, good_for: float = GOOD_FOR) -> None:
        self._database = database
        self._last: Today | None = None
        self._fresh = Fresh(self._read, seconds=good_for)
        self._elders: Counter[int | None] = Counter()
        self._count_at = 0.0  # loop time from which on the register is counted again

    async def today(self) -> Today | None:
        """The latest figures that could be had; their age is in them."""
        try:
            async with asyncio.timeout(WITHIN if self._last is None else PATIENCE):
                self._last = await self._fresh.get()
        except (DatabaseUnavailable, TimeoutError) as error:
            log.warning("wallboard_without_records", **where_it_failed(error))
        return self._last

    async def _read(self) -> Today:
        now = utc_now()
        begins, ends = day_around(now)
        clock = asyncio.get_running_loop().time()
        async with asyncio.timeout(WITHIN), self._database.read() as session:
            if clock >= self._count_at:
                self._elders = await elders_by_unit(session)
                self._count_at = clock + REGISTER_GOOD_FOR
            alarms = await answers(session, since=begins, until=ends)
            places = await overview(session, since=begins, elders=self._elders)
        return today_of(alarms, places, now)


def day_around(at: datetime) -> tuple[datetime, datetime]:
    """Midnight before and after this moment, by the clock of this place; 23 or 25 hours where clocks are put back."""
    here = at.astimezone().date()
    begins, ends = (datetime.combine(day, time.min).astimezone() for day in (here, here + timedelta(days=1)))
    return begins, ends


def today_of(alarms: Sequence[Answer], places: Overview, at: datetime) -> Today:
    begins, ends = day_around(at)
    shares = tuple(share(alarms, seconds, at) for seconds in SHOWN_SECONDS)
    return Today(at, len(alarms), shares, tuple(bins(alarms, since=begins, until=ends)), places)


def waiting(mirror: Mirror) -> Waiting:
    since = [at for case in mirror.cases.values() if (at := case.extras.waiting_since) is not None]
    return Waiting(len(since), min(since, default=None))


def seat_groups(mirror: Mirror) -> list[SeatGroup]:
    """Every state, also those in which there is no seat."""
    oldest_first = sorted(mirror.seats.values(), key=lambda seat: (seat.since is None, seat.since, seat.extension))
    return [SeatGroup(state, tuple(s for s in oldest_first if s.state == state)) for state in SEAT_STATES]


def open_cases(mirror: Mirror, at: datetime) -> list[OpenRow]:
    """Every kind, also those of which none is open."""
    tally = Counter((case.view.kind, _age_column(case, at)) for case in mirror.cases.values())
    columns = range(len(AGES) + 1)
    return [OpenRow(str(kind), tuple(tally[str(kind), column] for column in columns)) for kind in CaseKind]


def _age_column(case: LiveCase, at: datetime) -> int:
    minutes = 0.0 if case.view.opened_at is None else (at - case.view.opened_at).total_seconds() / 60
    return sum(minutes >= limit for limit in AGES)
