"""What is due for an elder on a day: pure, from plans, wishes and bulletins. No database, no clock.

The same input gives the same calls with the same keys (plan, elder, day, slot), however often and by whomever it is
asked: that is what makes a call happen once (S5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from models.care.calendar import Birthday, CareDay, care_day

_DAY: Final = 24 * 60


class CareKind(StrEnum):
    REGULAR = "regular"
    BIRTHDAY = "birthday"
    FESTIVAL = "festival"
    SOLAR_TERM = "solar_term"
    WEATHER = "weather"
    FAMILY = "family"
    MEDICINE = "medicine"
    CHECK_UP = "check_up"
    SATISFACTION = "satisfaction"  # of no plan: booked after a service or a consultation (`asking.py`)


class Weather(StrEnum):
    HEAT = "heat"
    COLD = "cold"
    TYPHOON = "typhoon"
    STORM = "storm"
    SNOW = "snow"
    SMOG = "smog"


class CareReason(StrEnum):
    """Why a call did not go out, or not at its time."""

    NO_ANSWER = "no_answer"  # it will be tried again

    TOO_LATE = "too_late"
    NO_HOURS = "no_hours"  # the elder's rests leave no time for it
    HALTED = "halted"
    NO_CONSENT = "no_consent"
    NO_NUMBER = "no_number"
    AWAY = "away"
    GONE = "gone"
    PLAN_ENDED = "plan_ended"
    ASKED_ALREADY = "asked_already"  # an agent was faster, or is at it
    SWITCHED_OFF = "switched_off"
    LINES_BUSY = "lines_busy"
    EMERGENCY = "emergency"
    BROKE_OFF = "broke_off"  # the controller went away in the middle of the call


PLANNED: Final = tuple(kind for kind in CareKind if kind is not CareKind.SATISFACTION)  # what a plan may be of
# What was asked for at a certain time by somebody who knows the elder: the house's hours do not move it.
AT_THEIR_TIME: Final = frozenset({CareKind.FAMILY, CareKind.MEDICINE})
# How late a call may still be made, in minutes; what is not here may be made until the hours of that day are over.
GRACE: Final = {CareKind.REGULAR: 240, CareKind.FAMILY: 60, CareKind.MEDICINE: 30, CareKind.CHECK_UP: 240}


@dataclass(frozen=True, slots=True)
class Hours:
    """When care calls are made at all, in minutes of the local day."""

    opens: int = 8 * 60
    closes: int = 20 * 60


@dataclass(frozen=True, slots=True)
class Plan:
    """`elder`: for this one alone; else for all of these places (None: all) and of this class (None: any). `on` are
    weekdays (`1` is Monday; none: each day), festivals, terms, kinds of weather, or dates, as the kind has it. `since`:
    what was due before is not this plan's."""

    id: int
    kind: CareKind
    times: tuple[time, ...]
    on: frozenset[str]
    starts_on: date
    ends_on: date | None
    since: datetime
    elder: int | None = None
    units: frozenset[int] | None = None
    service_class: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """`rests`: when the elder is not to be rung, from and to in minutes; a rest may go over midnight."""

    id: int
    unit: int | None = None
    service_class: int = 3
    birthday: Birthday | None = None
    rests: tuple[tuple[int, int], ...] = ()
    away_until: date | None = None


@dataclass(frozen=True, slots=True)
class Bulletin:
    """Weather of an area (None: everywhere) on these days."""

    id: int
    kind: Weather
    starts_on: date
    ends_on: date
    issued_at: datetime
    units: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One call. From `at` on it may be made, not after `latest`; `problem`: it cannot be made at all."""

    plan: int
    kind: CareKind
    elder: int
    day: date
    slot: int
    at: datetime
    latest: datetime
    bulletin: int | None = None
    problem: CareReason | None = None


def due_on(
    day: date, person: Person, plans: Iterable[Plan], bulletins: Sequence[Bulletin] = (), *, hours: Hours
) -> Iterator[Due]:
    """The calls of one elder on one day. Raises ValueError: the tables of the calendar do not know this day."""
    if person.away_until is not None and day <= person.away_until:
        return
    known = care_day(day)
    for plan in plans:
        if not (covers(plan, person) and is_in_force(plan, day)):
            continue
        if plan.kind is CareKind.WEATHER:
            yield from _of_weather(day, person, plan, bulletins, hours)
        elif person.birthday in known.birthdays if plan.kind is CareKind.BIRTHDAY else falls_on(plan, known):
            for place, at in enumerate(plan.times):
                # A reminder that is put to another time is another one; all else is said once, whenever that is.
                slot = minute_of(at) if plan.kind in AT_THEIR_TIME else place
                if moment(day, minute_of(at)) >= plan.since:
                    yield _due(day, person, plan, slot, minute_of(at), hours)


def covers(plan: Plan, person: Person) -> bool:
    if plan.elder is not None:
        return plan.elder == person.id
    return (plan.units is None or person.unit in plan.units) and plan.service_class in (None, person.service_class)


def is_in_force(plan: Plan, day: date) -> bool:
    return plan.starts_on <= day and (plan.ends_on is None or day <= plan.ends_on)


def falls_on(plan: Plan, day: CareDay) -> bool:
    """Whether the plan has calls on this day, whoever the elder is; birthdays and weather are told elsewhere."""
    match plan.kind:
        case CareKind.REGULAR | CareKind.FAMILY | CareKind.MEDICINE:
            return not plan.on or str(day.day.isoweekday()) in plan.on
        case CareKind.FESTIVAL:
            return not plan.on.isdisjoint(day.festivals)
        case CareKind.SOLAR_TERM:
            return day.term in plan.on
        case CareKind.CHECK_UP:
            return day.day.isoformat() in plan.on
        case CareKind.BIRTHDAY | CareKind.WEATHER | CareKind.SATISFACTION:
            return False


def upcoming(
    person: Person, plans: Sequence[Plan], bulletins: Sequence[Bulletin] = (), *, first: date, days: int, hours: Hours
) -> Iterator[Due]:
    """All calls of an elder in so many days, the next one first."""
    mine = [plan for plan in plans if covers(plan, person)]
    for ahead in range(days):
        yield from sorted(
            due_on(first + timedelta(days=ahead), person, mine, bulletins, hours=hours), key=lambda due: due.at
        )


def announces(bulletin: Bulletin, day: date) -> bool:
    """Whether this is the day to tell of it: its first one, or the one on which it was issued when that is later."""
    return day == max(bulletin.starts_on, bulletin.issued_at.astimezone().date()) and day <= bulletin.ends_on


def _of_weather(day: date, person: Person, plan: Plan, bulletins: Sequence[Bulletin], hours: Hours) -> Iterator[Due]:
    for bulletin in bulletins:
        here = bulletin.units is None or person.unit in bulletin.units
        if here and bulletin.kind in plan.on and announces(bulletin, day):
            issued = bulletin.issued_at.astimezone()
            planned = minute_of(plan.times[0])
            at = max(planned, minute_of(issued.time()) + 1) if issued.date() == day else planned
            if moment(day, at) >= plan.since:
                yield _due(day, person, plan, bulletin.id, at, hours, bulletin=bulletin.id)


def _due(
    day: date, person: Person, plan: Plan, slot: int, planned: int, hours: Hours, *, bulletin: int | None = None
) -> Due:
    opens, closes = (0, _DAY) if plan.kind in AT_THEIR_TIME else (hours.opens, hours.closes)
    start = max(planned, opens)  # what is planned before the house opens has its grace from then on
    latest = min(closes, start + GRACE.get(plan.kind, _DAY))
    at, problem = first_allowed(start, person.rests), None
    if at is None or at >= latest:
        at = latest = planned
        problem = CareReason.NO_HOURS
    return Due(plan.id, plan.kind, person.id, day, slot, moment(day, at), moment(day, latest), bulletin, problem)


def first_allowed(minute: int, rests: Iterable[tuple[int, int]]) -> int | None:
    """The first minute of the day from this one on that is in no rest; None: there is none before midnight."""
    spans = [
        span for begins, ends in rests for span in ([(begins, ends)] if begins <= ends else [(begins, _DAY), (0, ends)])
    ]
    for begins, ends in sorted(spans):
        if begins <= minute < ends:
            minute = ends
    return minute if minute < _DAY else None


def minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


@lru_cache(maxsize=8192)
def moment(day: date, minute: int) -> datetime:
    """This minute of the local day; 1440 is its end."""
    return datetime.combine(day + timedelta(days=minute // _DAY), time(minute % _DAY // 60, minute % 60)).astimezone()
