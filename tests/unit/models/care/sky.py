"""Where sun and moon stand, by the series of Meeus, Astronomical Algorithms (chapters 25 and 49): the lunar calendar
worked out by its own definition (GB/T 33661), to hold the tables against. Good to about a quarter of an hour, so a day
counts as certain only when the moment is further than that from midnight in Peking."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from math import floor, radians, sin

PEKING = timedelta(hours=8)
CERTAIN = timedelta(minutes=25)
J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
DYNAMICAL = timedelta(seconds=65)  # how far its time is from ours, within a minute over these years


def longitude(at: datetime) -> float:
    """The sun's apparent longitude in degrees."""
    t = (at + DYNAMICAL - J2000) / timedelta(days=36525)
    mean = 280.46646 + 36000.76983 * t + 0.0003032 * t * t
    m = radians(357.52911 + 35999.05029 * t - 0.0001537 * t * t)
    centre = (1.914602 - 0.004817 * t) * sin(m) + (0.019993 - 0.000101 * t) * sin(2 * m) + 0.000289 * sin(3 * m)
    return (mean + centre - 0.00569 - 0.00478 * sin(radians(125.04 - 1934.136 * t))) % 360


def reaches(degrees: float, near: datetime) -> datetime:
    """When the sun reaches this longitude, near that moment."""
    at = near
    for _ in range(4):
        off = (degrees - longitude(at) + 180) % 360 - 180
        at += timedelta(days=off / 360 * 365.2422)
    return at


def new_moon(k: int) -> datetime:
    """The k-th new moon after the first of 2000."""
    t = k / 1236.85
    e = 1 - 0.002516 * t
    m = radians(2.5534 + 29.10535670 * k)
    n = radians(201.5643 + 385.81693528 * k + 0.0107582 * t * t)
    f = radians(160.7108 + 390.67050284 * k - 0.0016118 * t * t)
    days = 5.09766 + 29.530588861 * k + 0.00015437 * t * t
    days += -0.40720 * sin(n) + 0.17241 * e * sin(m) + 0.01608 * sin(2 * n) + 0.01039 * sin(2 * f)
    days += (
        0.00739 * e * sin(n - m) - 0.00514 * e * sin(n + m) + 0.00208 * e * e * sin(2 * m) - 0.00111 * sin(n - 2 * f)
    )
    days += (
        -0.00057 * sin(n + 2 * f) + 0.00056 * e * sin(2 * n + m) - 0.00042 * sin(3 * n) + 0.00042 * e * sin(m + 2 * f)
    )
    days += 0.00038 * e * sin(m - 2 * f) - 0.00024 * e * sin(2 * n - m)
    return J2000 + timedelta(days=days) - DYNAMICAL


def day_in_peking(at: datetime) -> date:
    return (at + PEKING).date()


def is_certain(at: datetime) -> bool:
    """That it is not so near to midnight that the series could put it into the day before or after."""
    return day_in_peking(at - CERTAIN) == day_in_peking(at + CERTAIN)


def solar_terms(year: int) -> list[tuple[datetime, int]]:
    """The moments of the 24 terms of this year in order, each with its place (0: minor cold, 285 degrees)."""
    first = datetime(year, 1, 5, 12, tzinfo=UTC)
    return [(reaches((285 + 15 * n) % 360, first + timedelta(days=15.218 * n)), n) for n in range(24)]


def months_between_solstices(year: int) -> list[tuple[date, int, bool, bool]]:
    """The lunar months from the one of last year's winter solstice to the one before this year's: first day, number,
    leap, and whether sun and moon leave no doubt about it."""
    winters = [reaches(270, datetime(y, 12, 21, 12, tzinfo=UTC)) for y in (year - 1, year)]
    k = floor((year - 2000) * 12.3685) - 20
    moons = [new_moon(k + n) for n in range(40)]
    starts = [day_in_peking(moon) for moon in moons]
    first, last = (max(n for n, start in enumerate(starts) if start <= day_in_peking(winter)) for winter in winters)
    before = datetime(year - 1, 12, 21, tzinfo=UTC)
    middles = [reaches(30 * n % 360, before + timedelta(days=30.44 * (n - 9))) for n in range(9, 22)]
    whole = all(map(is_certain, [*middles, *moons[first : last + 1]]))
    has_middle = [
        any(starts[n] <= day_in_peking(middle) < starts[n + 1] for middle in middles) for n in range(first, last)
    ]
    months, number, leap_left = [], 11, last - first == 13
    for at, middle in enumerate(has_middle):
        leap = leap_left and not middle and at > 0
        if at > 0 and not leap:
            number = number % 12 + 1
        leap_left = leap_left and not leap
        months.append((starts[first + at], number, leap, whole))
    return months
