"""The days that care calls keep: festivals, solar terms, birthdays by the solar or the lunar calendar.

Lunar days and solar terms come from borax, whose tables end in 2100. No plan, no database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from borax.calendars.lunardate import LCalendars, LunarDate

_ONE_DAY: Final = timedelta(days=1)


class Festival(StrEnum):
    NEW_YEAR = "new_year"
    SPRING = "spring"
    LANTERN = "lantern"
    WOMENS_DAY = "womens_day"
    LABOUR_DAY = "labour_day"
    DRAGON_BOAT = "dragon_boat"
    MID_AUTUMN = "mid_autumn"
    DOUBLE_NINTH = "double_ninth"
    NATIONAL_DAY = "national_day"
    LABA = "laba"
    NEW_YEARS_EVE = "new_years_eve"


_LUNAR: Final = {
    (1, 1): Festival.SPRING,
    (1, 15): Festival.LANTERN,
    (5, 5): Festival.DRAGON_BOAT,
    (8, 15): Festival.MID_AUTUMN,
    (9, 9): Festival.DOUBLE_NINTH,
    (12, 8): Festival.LABA,
}
_SOLAR: Final = {
    (1, 1): Festival.NEW_YEAR,
    (3, 8): Festival.WOMENS_DAY,
    (5, 1): Festival.LABOUR_DAY,
    (10, 1): Festival.NATIONAL_DAY,
}


class SolarTerm(StrEnum):
    """The 24 terms in the order of the year, two in each month."""

    MINOR_COLD = "minor_cold"
    MAJOR_COLD = "major_cold"
    START_OF_SPRING = "start_of_spring"
    RAIN_WATER = "rain_water"
    INSECTS_AWAKE = "insects_awake"
    SPRING_EQUINOX = "spring_equinox"
    CLEAR_AND_BRIGHT = "clear_and_bright"
    GRAIN_RAIN = "grain_rain"
    START_OF_SUMMER = "start_of_summer"
    GRAIN_BUDS = "grain_buds"
    GRAIN_IN_EAR = "grain_in_ear"
    SUMMER_SOLSTICE = "summer_solstice"
    MINOR_HEAT = "minor_heat"
    MAJOR_HEAT = "major_heat"
    START_OF_AUTUMN = "start_of_autumn"
    END_OF_HEAT = "end_of_heat"
    WHITE_DEW = "white_dew"
    AUTUMN_EQUINOX = "autumn_equinox"
    COLD_DEW = "cold_dew"
    FROST = "frost"
    START_OF_WINTER = "start_of_winter"
    MINOR_SNOW = "minor_snow"
    MAJOR_SNOW = "major_snow"
    WINTER_SOLSTICE = "winter_solstice"


_TERMS_ZH: Final = "小寒大寒立春雨水惊蛰春分清明谷雨立夏小满芒种夏至小暑大暑立秋处暑白露秋分寒露霜降立冬小雪大雪冬至"
_TERM_OF: Final = {_TERMS_ZH[2 * place : 2 * place + 2]: term for place, term in enumerate(SolarTerm)}


class BirthdayBy(StrEnum):
    """How an elder keeps the birthday: by the day of birth as it is, by its lunar day, or, because many old papers have
    the lunar day where the solar one belongs, by taking month and day as lunar ones."""

    SOLAR = "solar"
    LUNAR = "lunar"
    LUNAR_AS_WRITTEN = "lunar_as_written"


@dataclass(frozen=True, slots=True)
class LunarDay:
    year: int
    month: int
    day: int
    leap: bool


@dataclass(frozen=True, slots=True)
class Birthday:
    """A day that comes back each year; `leap`: in the leap month of that number."""

    month: int
    day: int
    lunar: bool = False
    leap: bool = False


@dataclass(frozen=True, slots=True)
class CareDay:
    """All that a care call may be due for on one day."""

    day: date
    lunar: LunarDay
    festivals: tuple[Festival, ...]
    term: SolarTerm | None
    birthdays: frozenset[Birthday]


def lunar_day(day: date) -> LunarDay:
    """Raises ValueError: before 1900-01-31 or after 2101-01-28."""
    found = _lunar(day)
    return LunarDay(found.year, found.month, found.day, bool(found.leap))


def birthday_of(born: date, by: BirthdayBy) -> Birthday:
    """The day that is kept. Who was born before the tables begin keeps the solar day."""
    if by is BirthdayBy.LUNAR_AS_WRITTEN:
        return Birthday(born.month, min(born.day, 30), lunar=True)
    if by is BirthdayBy.LUNAR:
        try:
            found = lunar_day(born)
        except ValueError:
            return Birthday(born.month, born.day)
        return Birthday(found.month, found.day, lunar=True, leap=found.leap)
    return Birthday(born.month, born.day)


@lru_cache(maxsize=1024)
def care_day(day: date) -> CareDay:
    """Raises ValueError: the tables do not know this day."""
    lunar, tomorrow = _lunar(day), _lunar(day + _ONE_DAY)
    month = (lunar.month, bool(lunar.leap))
    last_of_month = (tomorrow.month, bool(tomorrow.leap)) != month
    festivals = [_SOLAR.get((day.month, day.day))]
    if not lunar.leap:
        festivals.append(_LUNAR.get((lunar.month, lunar.day)))
    if tomorrow.year != lunar.year:
        festivals.append(Festival.NEW_YEARS_EVE)
    return CareDay(
        day=day,
        lunar=LunarDay(lunar.year, lunar.month, lunar.day, bool(lunar.leap)),
        festivals=tuple(one for one in festivals if one is not None),
        term=_TERM_OF[lunar.term] if lunar.term else None,
        birthdays=_solar_birthdays(day) | _lunar_birthdays(lunar, last_of_month=last_of_month),
    )


def _solar_birthdays(day: date) -> frozenset[Birthday]:
    kept = {Birthday(day.month, day.day)}
    if (day.month, day.day) == (2, 28) and (day + _ONE_DAY).month == 3:
        kept.add(Birthday(2, 29))
    return frozenset(kept)


def _lunar_birthdays(lunar: LunarDate, *, last_of_month: bool) -> frozenset[Birthday]:
    """Who was born in a leap month keeps that day in the ordinary month when this year has no such leap month; the 30th
    that this month has not is kept on its last day."""
    days = {lunar.day, 30} if last_of_month else {lunar.day}
    leaps = {True} if lunar.leap else {False} if LCalendars.leap_month(lunar.year) == lunar.month else {False, True}
    return frozenset(Birthday(lunar.month, day, lunar=True, leap=leap) for day in days for leap in leaps)


def _lunar(day: date) -> LunarDate:
    try:
        return LunarDate.from_solar(day)
    except ValueError as error:
        raise ValueError(f"the lunar tables do not know {day}") from error
