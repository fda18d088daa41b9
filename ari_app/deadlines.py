"""What is due next in a case, and when: for the clocks on the agent's screen. Nothing is decided by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ivr.case import Case
from ivr.commands import Timer
from ivr.overflow import needs_agent
from ivr.policy import Policy
from ivr.serial import Json
from ivr.vocabulary import CaseState, Overflow, TimerKind

ARRIVAL: Final = "arrival"
EXCEPTION_REPORT: Final = "exception_report"
# Not the pauses between words, nor the steps of waiting: their last one is the exception report.
_SHOWN: Final = frozenset(
    {
        TimerKind.CALL_BACK,
        TimerKind.REDIAL,
        TimerKind.CONTACT_KEY,
        TimerKind.NEXT_WAVE,
        TimerKind.SILENCE,
        TimerKind.PROFESSIONAL,
    }
)
_HELP_IS_ON_THE_WAY: Final = frozenset({CaseState.EMERGENCY, CaseState.NO_RESPONSE, CaseState.TALKING})


@dataclass(frozen=True, slots=True)
class Deadline:
    """`kind` is that of a timer, `arrival` or `exception_report`; `leg`: whose, where each leg has its own."""

    due: datetime
    kind: str
    leg: str = ""

    def as_json(self) -> dict[str, Json]:
        return {"kind": self.kind, "leg": self.leg, "due": self.due.isoformat()}


def deadlines_of(case: Case, timers: Mapping[Timer, datetime], policy: Policy) -> list[Deadline]:
    """The next one first."""
    return sorted([*_of_timers(timers), *_of_case(case, policy)], key=lambda deadline: deadline.due)


def _of_timers(timers: Mapping[Timer, datetime]) -> Iterable[Deadline]:
    return (Deadline(due, timer.kind.value, timer.leg) for timer, due in timers.items() if timer.kind in _SHOWN)


def _of_case(case: Case, policy: Policy) -> Iterable[Deadline]:
    if case.emergency_at and case.arrived_at is None and case.state in _HELP_IS_ON_THE_WAY:
        yield Deadline(case.emergency_at + timedelta(minutes=policy.arrival), ARRIVAL)
    if case.waiting_since and case.urgent and needs_agent(case) and Overflow.REPORT not in case.overflow:
        yield Deadline(case.waiting_since + timedelta(seconds=policy.overflow_report), EXCEPTION_REPORT)
