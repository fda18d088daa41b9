"""The page of results: each benchmark replaces its own section."""

from __future__ import annotations

from datetime import date

from bench.__main__ import BENCHMARKS, page

PICKUP, CARE = BENCHMARKS["pickup"][0], BENCHMARKS["care"][0]
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)


def test_a_section_is_replaced_and_the_others_stay() -> None:
    written = page("", CARE, "| care |", MONDAY)
    written = page(written, PICKUP, "| slow |", MONDAY)
    written = page(written + "\n## A benchmark that is no more\n\n| old |\n", PICKUP, "| fast |", TUESDAY)
    assert "slow" not in written
    assert "old" not in written
    assert written.index(PICKUP) < written.index(f"Measured on {TUESDAY}.") < written.index(CARE)
    assert written.index(CARE) < written.index(f"Measured on {MONDAY}.") < written.index("| care |")
