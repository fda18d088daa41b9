"""How many care calls go on at once: played in virtual time, with a clock that is only a number."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.care.pacing import Situation, Starts, room
from ivr.policy import Policy

pytestmark = [pytest.mark.clause("S5"), pytest.mark.clause("K8")]
POLICY = Policy()


def free(running: int = 0, *, lines: int | None = None, ready: int = 10, alarm: bool = False) -> Situation:
    return Situation(running, running if lines is None else lines, ready, alarm)


def test_as_many_as_the_policy_says_when_nothing_else_goes_on() -> None:
    assert room(free(), POLICY) == POLICY.care_at_once
    assert room(free(int(POLICY.care_at_once) - 3), POLICY) == 3


def test_an_alarm_that_waits_stops_all_new_ones() -> None:
    assert room(free(alarm=True), POLICY) == 0


def test_fewer_when_seats_are_busy_and_none_when_nobody_could_take_the_call() -> None:
    assert room(free(ready=1), POLICY) == POLICY.care_per_seat
    assert room(free(8, ready=1), POLICY) == POLICY.care_per_seat - 8
    assert room(free(ready=0), POLICY) == 0


def test_lines_are_left_free_for_alarms() -> None:
    usable = int(POLICY.trunk_lines - POLICY.care_lines_free)
    assert room(free(lines=usable - 2), POLICY) == 2
    assert room(free(lines=usable + 9), POLICY) == 0


@given(
    st.builds(Situation, *[st.integers(0, 500)] * 3, st.booleans()),
    st.integers(1, 200),
    st.integers(1, 100),
    st.integers(1, 500),
    st.integers(0, 500),
)
def test_no_bound_is_ever_crossed(now: Situation, most: int, per_seat: int, lines: int, kept: int) -> None:
    policy = Policy.of({"care_at_once": most, "care_per_seat": per_seat, "trunk_lines": lines, "care_lines_free": kept})
    more = room(now, policy)
    assert more >= 0
    if more:
        assert not now.alarm_waits
        assert now.running + more <= min(most, per_seat * now.seats_ready)
        assert now.lines_used + more <= lines - kept


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 1.0, 4.0, 10.0]))
def test_no_more_begin_in_any_second_than_the_rate_and_one(pauses: list[float], rate: float) -> None:
    starts, at, begun = Starts(), 100.0, list[float]()
    for pause in pauses:
        at += pause
        count = starts.allowed(at, rate)
        starts.used(count)
        begun += [at] * count
    for first in begun:
        within = sum(first <= one < first + 1 for one in begun)
        assert within <= max(1.0, rate) + rate + 1


@dataclass
class Hour:
    """An hour of care calls, a look each second; `alarms`: from when to when one waits."""

    waiting: int
    seconds: float
    ready: int = 2
    alarms: list[tuple[float, float]] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    most: int = 0

    def play(self, policy: Policy, length: int = 3600) -> Hour:
        starts, ends = Starts(), list[float]()
        for second in range(length):
            while ends and ends[0] <= second:
                heapq.heappop(ends)
            alarm = any(since <= second < until for since, until in self.alarms)
            count = min(
                starts.allowed(second, policy.care_starts),
                room(free(len(ends), ready=self.ready, alarm=alarm), policy),
                self.waiting - len(self.begun),
            )
            starts.used(count)
            for _ in range(count):
                self.begun.append(second)
                heapq.heappush(ends, second + self.seconds)
            self.most = max(self.most, len(ends))
        return self


def test_a_thousand_calls_an_hour_are_easy() -> None:
    hour = Hour(waiting=1000, seconds=50).play(POLICY)
    assert len(hour.begun) == 1000
    assert hour.begun[-1] < 3000
    assert hour.most <= POLICY.care_at_once


def test_an_hour_with_alarms_has_calls_before_and_after_each_and_none_in_between() -> None:
    alarms = [(300.0, 340.0), (1000.0, 1400.0), (1401.0, 1402.0)]
    hour = Hour(waiting=1000, seconds=50, alarms=alarms).play(POLICY)
    assert not [at for at in hour.begun if any(since <= at < until for since, until in alarms)]
    assert 1400 in hour.begun or 1402 in hour.begun
    assert len(hour.begun) == 1000
