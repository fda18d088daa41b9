"""Seats that are needed, by day of the week and quarter of an hour, from the calls that there were. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from ivr.policy import Policy
from models.staffing.erlang import at_work, in_time, on_the_roster, people_for
from models.staffing.shifts import DAYS, QUARTERS

QUARTER: Final = 900.0  # seconds
TALK_A_DAY: Final = 3 * 3600.0  # seconds that an agent talks in a day by the norm of S10


@dataclass(frozen=True, slots=True)
class Bin:
    """A quarter of an hour in which calls came. `answered` of them took `seconds` of agents' time in all."""

    begins_at: datetime
    calls: int
    answered: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Target:
    """`share` of the calls answered `within` seconds; `shrinkage` of the time lost; `wrap_up` seconds after each call;
    `least` people at work at any time."""

    share: float
    within: float
    shrinkage: float
    wrap_up: float
    least: int

    @classmethod
    def of(cls, policy: Policy) -> Target:
        return cls(
            share=policy.staffing_share / 100,
            within=policy.staffing_within,
            shrinkage=policy.staffing_shrinkage / 100,
            wrap_up=policy.wrap_up,
            least=int(policy.staffing_least),
        )


@dataclass(frozen=True, slots=True)
class Volume:
    """What the calls of some whole weeks have been. `calls`: how many come in a quarter on average; `handling`: seconds
    of agents' time for each, without wrap-up; `talk`: seconds of it in an average day."""

    weeks: int
    total: int
    calls: tuple[tuple[float, ...], ...]
    handling: float
    talk: float


@dataclass(frozen=True, slots=True)
class Quarter:
    """One quarter of an hour of the week. `at_work` are needed at work, `needed` on the roster, `planned` are there;
    `in_time`: the share that those who are planned answer in time, None where nobody calls."""

    weekday: int
    number: int
    calls: float
    at_work: int
    needed: int
    planned: int
    in_time: float | None

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.planned)

    @property
    def begins(self) -> str:
        return f"{self.number // 4:02}:{self.number % 4 * 15:02}"


def weeks_before(day: date, weeks: int) -> tuple[date, date]:
    """The first day of so many whole weeks, and the day after the last: all are over before `day`."""
    ends = day - timedelta(days=day.weekday())
    return ends - timedelta(weeks=weeks), ends


def volume(bins: Iterable[Bin], *, weeks: int) -> Volume:
    """Of the calls of so many whole weeks, each counted by the local time of its coming."""
    counts = [[0] * QUARTERS for _ in range(DAYS)]
    answered, seconds = 0, 0.0
    for one in bins:
        local = one.begins_at.astimezone()
        counts[local.weekday()][local.hour * 4 + local.minute // 15] += one.calls
        answered += one.answered
        seconds += one.seconds
    mean = tuple(tuple(count / weeks for count in day) for day in counts)
    total = sum(map(sum, counts))
    return Volume(weeks, total, mean, seconds / answered if answered else 0.0, seconds / (weeks * DAYS))


def quarters(found: Volume, planned: Sequence[Sequence[int]], target: Target) -> list[Quarter]:
    """All 672 of the week. Takes a tenth of a second: call it in a thread."""
    return [
        _quarter(found, planned[day][number], target, day, number) for day in range(DAYS) for number in range(QUARTERS)
    ]


def agents_by_norm(found: Volume) -> float:
    """How many agents an average day takes when each talks as long as the norm says (S10)."""
    return found.talk / TALK_A_DAY


def _quarter(found: Volume, planned: int, target: Target, day: int, number: int) -> Quarter:
    calls, handling = found.calls[day][number], found.handling + target.wrap_up
    people = people_for(calls, handling, share=target.share, within=target.within, over=QUARTER, least=target.least)
    there = at_work(planned, target.shrinkage)
    served = in_time(there, calls, handling, within=target.within, over=QUARTER) if calls and there else 0.0
    return Quarter(
        weekday=day,
        number=number,
        calls=calls,
        at_work=people,
        needed=on_the_roster(people, target.shrinkage),
        planned=planned,
        in_time=served if calls else None,
    )
