"""What the benchmark of the screen makes of its times."""

from __future__ import annotations

import pytest

from bench import screen
from drill.sip_load import Call


def _made(*after_ring: float | None) -> list[tuple[Call, float | None]]:
    """Calls that rang a second after they were sent, with the file so many seconds after that."""
    calls = [Call("96890", "02110000001", str(number), sent=10.0, picked_up=10.1, rang=11.0) for number in range(9)]
    return [(call, None if after is None else 11.0 + after) for call, after in zip(calls, after_ring, strict=False)]


def test_a_file_that_comes_before_the_ring_meets_the_target() -> None:
    figures = [screen.measured("one at a time", _made(-0.1, 0.1)), screen.measured("20 at once", _made(0.2, 3.0))]
    assert figures[0].ring_to_file == pytest.approx((0.0, 98.0))
    assert figures[0].call_to_file[0] == pytest.approx(1000.0)
    assert screen.met(figures)
    assert "met" in screen.markdown(figures)


def test_a_late_or_missing_file_misses_it() -> None:
    well = screen.measured("20 at once", _made(0.1, 0.1))
    assert not screen.met([screen.measured("one at a time", _made(0.1, 0.6)), well])
    missing = screen.measured("20 at once", _made(0.1, 0.1, None))
    assert missing.failed == 1
    assert not screen.met([screen.measured("one at a time", _made(0.1, 0.1)), missing])
    assert "MISSED" in screen.markdown([well, missing])
