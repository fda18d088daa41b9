"""Lunar days, festivals, solar terms and birthdays, held against sun and moon (`sky.py`) and against the calendars of
years that everybody remembers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.care.calendar import Birthday, BirthdayBy, Festival, SolarTerm, birthday_of, care_day, lunar_day
from tests.unit.models.care import sky

pytestmark = pytest.mark.clause("S5")
YEARS = range(1930, 2061)
days = st.dates(date(1901, 1, 1), date(2099, 12, 31))


def test_the_months_agree_with_the_moon() -> None:
    compared = 0
    for year in YEARS:
        for start, number, leap, certain in sky.months_between_solstices(year):
            if certain and start < date(2060, 12, 1):
                found = lunar_day(start)
                assert (found.month, found.leap, found.day) == (number, leap, 1), start
                compared += 1
    assert compared > 700


def test_the_solar_terms_agree_with_the_sun() -> None:
    compared, terms = 0, list(SolarTerm)
    for year in YEARS[::4]:
        for at, place in sky.solar_terms(year):
            if sky.is_certain(at):
                assert care_day(sky.day_in_peking(at)).term is terms[place], at
                compared += 1
    assert compared > 700


def test_a_year_has_each_solar_term_once() -> None:
    for year in (1960, 2026, 2060):
        found = [care_day(date(year, 1, 1) + timedelta(days=n)).term for n in range(365)]
        assert [term for term in found if term is not None] == list(SolarTerm)


@pytest.mark.parametrize(
    ("festival", "day"),
    [
        (Festival.SPRING, date(2026, 2, 17)),
        (Festival.LANTERN, date(2026, 3, 3)),
        (Festival.DRAGON_BOAT, date(2026, 6, 19)),
        (Festival.MID_AUTUMN, date(2026, 9, 25)),
        (Festival.DOUBLE_NINTH, date(2026, 10, 18)),
        (Festival.LABA, date(2026, 1, 26)),
        (Festival.NEW_YEARS_EVE, date(2026, 2, 16)),
        (Festival.NEW_YEARS_EVE, date(2025, 1, 28)),  # the 29th: that month has no 30th
        (Festival.NATIONAL_DAY, date(2026, 10, 1)),
        (Festival.DRAGON_BOAT, date(2020, 6, 25)),  # after a leap fourth month
    ],
)
def test_festivals(festival: Festival, day: date) -> None:
    assert festival in care_day(day).festivals


def test_a_leap_month_has_no_festival() -> None:
    second_fifteenth_of_the_sixth = date(2025, 8, 8)
    assert lunar_day(second_fifteenth_of_the_sixth).leap
    leap_fifth = [date(2009, 6, 23) + timedelta(days=n) for n in range(29)]
    assert all(lunar_day(day).leap and care_day(day).festivals == () for day in leap_fifth)


def test_a_birthday_in_a_leap_month() -> None:
    """Born on the 3rd of the leap sixth month: kept there in 2025, in the ordinary sixth month when there is none."""
    birthday = Birthday(6, 3, lunar=True, leap=True)
    assert _kept_in(birthday, 2025) == [date(2025, 7, 27)]
    assert _kept_in(birthday, 2026) == [date(2026, 7, 16)]
    assert _kept_in(Birthday(6, 3, lunar=True), 2025) == [date(2025, 6, 27)]


def test_a_birthday_on_the_thirtieth_that_does_not_exist() -> None:
    birthday = Birthday(12, 30, lunar=True)
    assert lunar_day(date(2024, 2, 9)) == lunar_day(date(2024, 2, 10) - timedelta(days=1))
    assert _kept_in(birthday, 2024) == [date(2024, 2, 9)]  # that month has a 30th
    assert _kept_in(birthday, 2025) == [date(2025, 1, 28)]  # the 29th is its last


def test_a_birthday_on_the_29th_of_february() -> None:
    birthday = birthday_of(date(1940, 2, 29), BirthdayBy.SOLAR)
    assert _kept_in(birthday, 2028) == [date(2028, 2, 29)]
    assert _kept_in(birthday, 2026) == [date(2026, 2, 28)]


def test_the_lunar_day_may_stand_where_the_solar_one_belongs() -> None:
    born = date(1940, 5, 31)
    assert birthday_of(born, BirthdayBy.LUNAR_AS_WRITTEN) == Birthday(5, 30, lunar=True)
    assert birthday_of(born, BirthdayBy.LUNAR) == Birthday(4, 25, lunar=True)
    assert birthday_of(date(1899, 5, 31), BirthdayBy.LUNAR) == Birthday(5, 31)


@given(days)
def test_who_is_born_today_keeps_today(day: date) -> None:
    assert {birthday_of(day, BirthdayBy.SOLAR), birthday_of(day, BirthdayBy.LUNAR)} <= care_day(day).birthdays


@settings(deadline=None, max_examples=40)
@given(days, st.sampled_from(BirthdayBy))
def test_every_year_has_one_birthday(born: date, by: BirthdayBy) -> None:
    """Of a lunar year; a solar one may begin and end with the same lunar day, or miss it."""
    birthday = birthday_of(born, by)
    kept = [day for year in (2024, 2025, 2026, 2027) for day in _kept_in(birthday, year)]
    years = [lunar_day(day).year if birthday.lunar else day.year for day in kept]
    inner = [year for year in years if 2024 <= year <= 2026]
    assert inner == [2024, 2025, 2026]


def test_days_beyond_the_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="2150"):
        care_day(date(2150, 1, 1))


def _kept_in(birthday: Birthday, year: int) -> list[date]:
    every = (date(year, 1, 1) + timedelta(days=n) for n in range(366))
    return [day for day in every if day.year == year and birthday in care_day(day).birthdays]
