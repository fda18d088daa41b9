"""How many care calls may go on at once, and how fast they begin: by the lines and the agents that alarms leave over
(K8). Pure: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.policy import Policy


@dataclass(frozen=True, slots=True)
class Situation:
    """`running`: care calls that ring or speak; `lines_used`: lines to the carrier in use, care calls' among them;
    `seats_ready`: agents who could take a call now; `alarm_waits`: an emergency has no agent yet."""

    running: int
    lines_used: int
    seats_ready: int
    alarm_waits: bool


def room(now: Situation, policy: Policy) -> int:
    """How many more may begin. None while an alarm waits, and none while nobody could speak with whoever presses 2."""
    if now.alarm_waits:
        return 0
    by_seats = int(policy.care_per_seat) * now.seats_ready
    by_lines = _lines_free(now, policy)
    return max(0, min(int(policy.care_at_once) - now.running, by_seats - now.running, by_lines))


def room_for_an_offer(now: Situation, policy: Policy) -> bool:
    """Whether a supplier may be rung about an urgent order: that needs a line, and nobody at a seat."""
    return not now.alarm_waits and _lines_free(now, policy) > 0


def _lines_free(now: Situation, policy: Policy) -> int:
    return int(policy.trunk_lines) - int(policy.care_lines_free) - now.lines_used


@dataclass(slots=True)
class Starts:
    """At most so many begin in a second, evenly: what was not used is kept for one second only. `at` in seconds of any
    clock that goes on."""

    _left: float = 0.0
    _at: float | None = None

    def allowed(self, at: float, per_second: float) -> int:
        """How many may begin now."""
        if self._at is not None:
            self._left += (at - self._at) * per_second
        else:
            self._left = 1.0
        self._at = at
        self._left = min(self._left, max(1.0, per_second))
        return int(self._left)

    def used(self, count: int) -> None:
        self._left -= count
