"""What the benchmarks make of their figures: what counts as sustained, when a target is missed."""

from __future__ import annotations

from dataclasses import replace

from bench import capacity, care, growth, search
from bench.capacity import BARE, OURS, Figure
from bench.growth import Growth, OnFile, Up
from bench.search import Searched

FAST = Figure(OURS, 20.0, calls=80, failed=0, pickup_p50=4.0, pickup_p99=9.0, controller=9.0, asterisk=6.0)
UP = Up(10, 0, pickup_p50=4.0, pickup_p99=8.0, controller=0.1, asterisk=0.2, controller_mb=150, asterisk_mb=60)
FILED = OnFile(1_000, 0, pickup_p50=4.0, pickup_p99=8.0, lookup_p50=10.0, lookup_p99=20.0)
GROWTH = Growth((UP, replace(UP, lines=1000)), (FILED, replace(FILED, elders=200_000)))


def test_the_highest_rate_that_was_kept_up_counts() -> None:
    slow = replace(FAST, rate=60.0, pickup_p99=capacity.BOUND_MS + 1)
    failing = replace(FAST, rate=80.0, failed=1)
    figures = [FAST, replace(FAST, rate=40.0), slow, failing, replace(FAST, way=BARE, rate=100.0)]
    assert (capacity.best(figures, OURS), capacity.best(figures, BARE)) == (40.0, 100.0)
    assert capacity.met(figures)
    assert "ratio 0.40" in capacity.markdown(figures)


def test_a_controller_that_does_not_bear_the_storm_misses_the_target() -> None:
    figures = [replace(FAST, failed=1), replace(FAST, way=BARE)]
    assert not capacity.met(figures)
    assert "MISSED" in capacity.markdown(figures)


def test_what_grows_little_is_well() -> None:
    assert growth.met(GROWTH)
    assert "met" in growth.markdown(GROWTH)


def test_a_pick_up_that_grows_with_the_calls_is_not() -> None:
    assert not growth.met(replace(GROWTH, up=(UP, replace(UP, pickup_p50=40.0))))


def test_a_look_up_that_grows_with_the_register_is_not() -> None:
    assert not growth.met(replace(GROWTH, on_file=(FILED, replace(FILED, lookup_p50=400.0))))


def test_a_call_that_failed_is_never_well() -> None:
    assert not growth.met(replace(GROWTH, up=(UP, replace(UP, failed=1))))
    assert not growth.met(replace(GROWTH, on_file=(FILED, replace(FILED, failed=1))))


def test_a_search_that_is_slow_or_finds_nobody_misses_the_target() -> None:
    quick = Searched("SQLite", "name", p50=5.0, p99=20.0, missed=0)
    assert search.met([quick])
    assert not search.met([quick, replace(quick, p99=search.TARGET)])
    assert not search.met([replace(quick, missed=1)])
    assert "MISSED (120 ms)" in search.markdown([quick, replace(quick, p99=120.0)])


def test_alarms_that_wait_for_care_calls_miss_the_target() -> None:
    alone = care.Way("alone", 80, 0, 0, p50=5.0, p99=12.0)
    well = care.Figures(alone, replace(alone, running=18, p99=20.0), care.Sustained(1400, 6, 14.0, 0.05, 0.1))
    assert care.met(well)
    assert "1.67" in care.markdown(well)
    assert not care.met(replace(well, beside=replace(well.beside, p99=40.0)))
    assert not care.met(replace(well, beside=replace(well.beside, failed=1)))
    assert not care.met(replace(well, beside=replace(well.beside, running=0)))
    assert not care.met(replace(well, sustained=replace(well.sustained, an_hour=900)))
