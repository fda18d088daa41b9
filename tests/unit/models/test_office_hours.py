"""When a community's seat is staffed: working hours on Chinese working days, exchanged days included (H2)."""

from __future__ import annotations

from datetime import datetime

import pytest

from models.office_hours import OfficeHours

OFFICE = OfficeHours(9, 17)


@pytest.mark.clause("H2")
@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2026-11-23", True),  # a Monday
        ("2026-11-22", False),  # a Sunday
        ("2026-02-17", False),  # Spring Festival, a Tuesday
        ("2026-02-14", True),  # a Saturday that is worked for it (调休)
        ("2026-02-23", False),  # a Monday off in exchange
        ("2026-10-01", False),  # National Day
        ("2026-10-10", True),  # a Saturday that is worked for it
        ("2031-10-01", False),  # a statutory holiday of a year whose exchanged days nobody knows
        ("2031-10-09", True),
        ("2031-10-11", False),  # a Saturday
    ],
)
def test_which_days_are_worked(day: str, worked: bool) -> None:
    assert OFFICE.open_at(datetime.fromisoformat(f"{day} 10:00").astimezone()) is worked


@pytest.mark.parametrize(("time", "within"), [("08:59", False), ("09:00", True), ("16:59", True), ("17:00", False)])
def test_from_the_first_hour_to_the_last(time: str, within: bool) -> None:
    assert OFFICE.open_at(datetime.fromisoformat(f"2026-11-23 {time}").astimezone()) is within


def test_half_hours_count() -> None:
    assert OfficeHours(8.5, 16.5).open_at(datetime.fromisoformat("2026-11-23 08:31").astimezone())


def test_it_is_known_of_which_years_the_exchanged_days_are_known() -> None:
    assert OFFICE.knows(2026)
    assert not OFFICE.knows(2031)
