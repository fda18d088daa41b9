"""What is due for whom on which day, and when: the rules alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.care.calendar import Birthday, Festival, SolarTerm
from models.care.planning import (
    GRACE,
    Bulletin,
    CareKind,
    CareReason,
    Due,
    Hours,
    Person,
    Plan,
    Weather,
    due_on,
    first_allowed,
    moment,
    upcoming,
)

pytestmark = pytest.mark.clause("S5")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
MONDAY = date(2026, 11, 23)
HOURS = Hours()


def plan(kind: CareKind = CareKind.REGULAR, *times: str, on: tuple[str, ...] = (), **more: object) -> Plan:
    values = {"starts_on": date(2026, 1, 1), "ends_on": None, "since": LONG_AGO, **more}
    clock = tuple(time.fromisoformat(text) for text in times or ("09:00",))
    return Plan(1, kind, clock, frozenset(on), **values)  # type: ignore[arg-type]


def due(day: date, person: Person, *plans: Plan, bulletins: tuple[Bulletin, ...] = ()) -> list[Due]:
    return list(due_on(day, person, plans, bulletins, hours=HOURS))


def at(day: date, text: str) -> datetime:
    clock = time.fromisoformat(text)
    return moment(day, clock.hour * 60 + clock.minute)


ELDER = Person(7, unit=3, service_class=1, birthday=Birthday(1, 15, lunar=True))


def test_each_day_and_each_tuesday() -> None:
    assert [one.at for one in due(MONDAY, ELDER, plan())] == [at(MONDAY, "09:00")]
    tuesdays = plan(on=("2",))
    assert due(MONDAY, ELDER, tuesdays) == []
    assert len(due(MONDAY + timedelta(days=1), ELDER, tuesdays)) == 1


def test_for_whom() -> None:
    assert due(MONDAY, ELDER, plan(units=frozenset({3}), service_class=1))
    for other in (plan(units=frozenset({4})), plan(service_class=2), plan(elder=8)):
        assert due(MONDAY, ELDER, other) == []


def test_a_lunar_birthday_and_the_festival_of_that_day() -> None:
    lantern = date(2026, 3, 3)
    birthday = plan(CareKind.BIRTHDAY, "08:30", units=None)
    festival = plan(CareKind.FESTIVAL, "09:30", on=(Festival.LANTERN, Festival.SPRING))
    assert [one.kind for one in due(lantern, ELDER, birthday, festival)] == [CareKind.BIRTHDAY, CareKind.FESTIVAL]
    assert due(lantern + timedelta(days=1), ELDER, birthday, festival) == []
    assert due(lantern, Person(8), birthday) == []  # nobody knows when they were born


def test_a_solar_term_and_a_check_up() -> None:
    winter = date(2026, 12, 22)
    assert due(winter, ELDER, plan(CareKind.SOLAR_TERM, on=(SolarTerm.WINTER_SOLSTICE,)))
    check_up = plan(CareKind.CHECK_UP, on=("2026-12-22",))
    assert due(winter, ELDER, check_up)
    assert due(MONDAY, ELDER, check_up) == []


def test_between_its_first_and_last_day_only() -> None:
    short = plan(starts_on=MONDAY, ends_on=MONDAY + timedelta(days=1))
    days = [MONDAY + timedelta(days=n) for n in range(-1, 3)]
    assert [len(due(day, ELDER, short)) for day in days] == [0, 1, 1, 0]


def test_what_was_due_before_the_plan_was_made_is_not_its_own() -> None:
    made = plan(CareKind.MEDICINE, "08:00", "20:00", since=at(MONDAY, "12:00"), elder=7)
    assert [one.at for one in due(MONDAY, ELDER, made)] == [at(MONDAY, "20:00")]


def test_a_nap_moves_a_call_and_the_houses_hours_do_too() -> None:
    napper = Person(7, rests=((12 * 60, 14 * 60),))
    (one,) = due(MONDAY, napper, plan(CareKind.REGULAR, "13:00"))
    assert (one.at, one.latest, one.problem) == (at(MONDAY, "14:00"), at(MONDAY, "17:00"), None)
    (early,) = due(MONDAY, ELDER, plan(CareKind.REGULAR, "07:00"))
    assert early.at == at(MONDAY, "08:00")


def test_a_reminder_keeps_its_own_time() -> None:
    (early,) = due(MONDAY, ELDER, plan(CareKind.MEDICINE, "06:30", elder=7))
    assert (early.at, early.latest) == (at(MONDAY, "06:30"), at(MONDAY, "07:00"))


def test_what_the_rests_leave_no_time_for_is_told_at_once() -> None:
    sleeper = Person(7, rests=((20 * 60, 7 * 60),))
    (one,) = due(MONDAY, sleeper, plan(CareKind.MEDICINE, "06:00", elder=7))
    assert (one.problem, one.at) == (CareReason.NO_HOURS, at(MONDAY, "06:00"))


def test_a_birthday_may_be_said_until_the_evening() -> None:
    (one,) = due(date(2026, 3, 3), ELDER, plan(CareKind.BIRTHDAY, "08:30"))
    assert one.latest == at(date(2026, 3, 3), "20:00")


def test_nobody_is_called_while_away() -> None:
    away = Person(7, away_until=MONDAY)
    assert due(MONDAY, away, plan()) == []
    assert due(MONDAY + timedelta(days=1), away, plan())


def test_a_bulletin_is_passed_on_once_on_its_first_day_or_when_it_comes() -> None:
    heat = plan(CareKind.WEATHER, "09:00", on=(Weather.HEAT,))
    days = [MONDAY + timedelta(days=n) for n in range(4)]
    ahead = Bulletin(5, Weather.HEAT, days[1], days[3], at(MONDAY, "15:00"))
    late = Bulletin(6, Weather.HEAT, MONDAY, days[3], at(days[2], "15:00"))
    other = Bulletin(8, Weather.COLD, MONDAY, days[3], LONG_AGO)
    elsewhere = Bulletin(9, Weather.HEAT, MONDAY, days[3], LONG_AGO, units=frozenset({99}))
    found = [one for day in days for one in due(day, ELDER, heat, bulletins=(ahead, late, other, elsewhere))]
    assert [(one.day, one.bulletin, one.at) for one in found] == [
        (days[1], 5, at(days[1], "09:00")),
        (days[2], 6, at(days[2], "15:01")),
    ]


def test_the_next_calls_of_an_elder_a_year_ahead() -> None:
    plans = [plan(on=("1",)), plan(CareKind.BIRTHDAY), plan(CareKind.FESTIVAL, on=tuple(Festival))]
    found = list(upcoming(ELDER, plans, first=MONDAY, days=366, hours=HOURS))
    assert [one.at for one in found] == sorted(one.at for one in found)
    kinds = [one.kind for one in found]
    assert (kinds.count(CareKind.BIRTHDAY), kinds.count(CareKind.REGULAR)) == (1, 53)
    assert kinds.count(CareKind.FESTIVAL) == len(Festival)


minutes = st.integers(0, 1439)


@given(minutes, st.lists(st.tuples(minutes, minutes), max_size=3))
def test_the_first_allowed_minute_is_in_no_rest_and_none_before_it_is_free(
    start: int, rests: list[tuple[int, int]]
) -> None:
    def rested(minute: int) -> bool:
        return any(
            begins <= minute < ends if begins <= ends else minute >= begins or minute < ends for begins, ends in rests
        )

    free = [minute for minute in range(start, 1440) if not rested(minute)]
    assert first_allowed(start, rests) == (free[0] if free else None)


@given(
    st.sampled_from([CareKind.REGULAR, CareKind.FAMILY, CareKind.MEDICINE]),
    minutes,
    st.lists(st.tuples(minutes, minutes), max_size=2),
)
def test_no_call_is_made_in_a_rest_or_out_of_hours(kind: CareKind, planned: int, rests: list[tuple[int, int]]) -> None:
    one = plan(kind, f"{planned // 60:02}:{planned % 60:02}", elder=7)
    (found,) = due(MONDAY, Person(7, rests=tuple(rests)), one)
    if found.problem is None:
        minute = int((found.at - moment(MONDAY, 0)).total_seconds() // 60)
        assert first_allowed(minute, rests) == minute >= planned
        assert found.at < found.latest
        assert found.latest - found.at <= timedelta(minutes=GRACE[kind])
        if kind is CareKind.REGULAR:
            assert moment(MONDAY, HOURS.opens) <= found.at < found.latest <= moment(MONDAY, HOURS.closes)
