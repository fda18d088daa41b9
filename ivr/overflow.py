"""When nobody answers: what a case that looks for its agent A does as the seconds pass (K1, H2). One row for each step;
nothing here waits for what the step before has brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ivr import cascade, duty, routing
from ivr.case import Case
from ivr.commands import OpenExceptionReport, StartTimer, StopTimer, Timer
from ivr.events import Event, TimerFired
from ivr.policy import Policy
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, Overflow, Result, Role, Skill, TimerKind

OVERFLOW = Timer(TimerKind.OVERFLOW)
_RINGING = frozenset({CaseState.ARRIVING, CaseState.RINGING_SEATS})
_NOT_WAITING = frozenset({CaseState.CALLING_OUT, CaseState.WRAPPING_UP, CaseState.CLOSED})


@dataclass(frozen=True, slots=True)
class Step:
    """`after` so many seconds of waiting, but not before it `fits`; `at_once` when there is nothing to wait for."""

    name: Overflow
    after: Callable[[Policy], float]
    take: Callable[[Turn], Turn]
    fits: Callable[[Case], bool] = lambda case: True
    at_once: Callable[[Case], bool] = lambda case: False


def any_seat(turn: Turn) -> Turn:
    """Whatever its skill and place; the desk asks those in wrap-up to break off."""
    warn(turn)
    return _search_again(turn)


def duty_phones(turn: Turn) -> Turn:
    return duty.ring(turn, turn.policy.duty_phones)


def as_alarm(turn: Turn) -> Turn:
    """Who pressed the key for help in a care call has waited long enough: from here on it is an emergency."""
    return _search_again(warn(turn.note(emergency_at=turn.at)))


def contacts(turn: Turn) -> Turn:
    """Somebody whom the elder knows keeps them company until an agent comes."""
    cascade.ring_contacts(turn)
    if turn.case.state is CaseState.ARRIVING and any(turn.case.live(LegKind.CONTACT)):
        turn.go(CaseState.RINGING_SEATS)
    return turn


def warn(turn: Turn) -> Turn:
    return turn.alarm(AlarmKind.WAITING, f"{waited(turn.case, turn.at):.0f}")


def report(turn: Turn) -> Turn:
    """Has to be explained (K1). Whoever is on duty may be back at the phone by now."""
    warn(turn).do(OpenExceptionReport(waited(turn.case, turn.at)))
    return duty_phones(turn)


def manager(turn: Turn) -> Turn:
    """Nobody is at the community's seat: its manager's mobile."""
    file = turn.case.file
    return duty.ring(turn, [file.community_phone], file.community) if file and file.community_phone else turn


def centre(turn: Turn) -> Turn:
    """The community does not answer, or the register does not: the centre does."""
    return _search_again(turn.note(community=None))


def _search_again(turn: Turn) -> Turn:
    """By what the case is now. One that still waits for the elder's file has waited for it long enough."""
    if Role.A not in turn.case.searching:
        return turn.find_seat(Role.A)
    return turn.do(routing.search(turn.case, Role.A, Skill.AGENT))


ALARM: Final = (
    Step(Overflow.ANY_SEAT, lambda policy: policy.overflow_seats, any_seat),
    Step(Overflow.DUTY, lambda policy: policy.overflow_duty, duty_phones),
    Step(
        Overflow.CONTACTS,
        lambda policy: policy.overflow_contacts,
        contacts,
        fits=lambda case: case.elder_up and case.state in _RINGING,
    ),
    Step(Overflow.STILL_WAITING, lambda policy: policy.overflow_contacts, warn),
    Step(Overflow.REPORT, lambda policy: policy.overflow_report, report),
)
ORDINARY: Final = (
    Step(
        Overflow.MANAGER,
        lambda policy: policy.community_wait,
        manager,
        fits=lambda case: case.community is not None and case.seat(Role.A) is None,
    ),
    Step(
        Overflow.CENTRE,
        lambda policy: policy.community_wait + policy.manager_wait,
        centre,
        fits=lambda case: case.community is not None or Role.A not in case.searching,
        at_once=lambda case: Overflow.MANAGER in case.overflow and not any(case.live(LegKind.DUTY)),
    ),
    Step(Overflow.STILL_WAITING, lambda policy: policy.overflow_contacts, warn),
)
CARE: Final = (
    Step(Overflow.AS_ALARM, lambda policy: policy.care_seat, as_alarm),
    Step(Overflow.STILL_WAITING, lambda policy: policy.overflow_contacts, warn),
)


def climb(turn: Turn, event: Event) -> Turn:
    """Looked at after every event: the clock runs while agent A is needed, and every step that is due is taken."""
    if not needs_agent(turn.case):
        return turn if turn.case.waiting_since is None else agent_found(turn)
    begins = turn.case.waiting_since is None
    if begins:
        turn.note(waiting_since=turn.at)
    was_urgent = turn.case.urgent
    _take_due(turn)
    if turn.case.urgent is not was_urgent:
        _take_due(turn)  # of an alarm's steps, by the same clock
    fired = isinstance(event, TimerFired) and event.timer == OVERFLOW
    return _set_clock(turn) if begins or fired else turn


def needs_agent(case: Case) -> bool:
    """Nobody has agent A's part, and somebody is to have it."""
    if case.state in _NOT_WAITING or case.arrived_at is not None or case.opened_at is None or case.seat_up(Role.A):
        return False
    return Role.A in case.searching or case.seat(Role.A) is not None or case.state is CaseState.ARRIVING


def agent_found(turn: Turn) -> Turn:
    """Agent A is there, or not needed any more. Who was asked in their place and has not come is left in peace; in an
    emergency contacts are asked to help, and that goes on."""
    turn.note(waiting_since=None, overflow=frozenset(), ahead=None).do(StopTimer(OVERFLOW))
    duty.let_go(turn)
    if turn.case.state is CaseState.TALKING:
        cascade.stop_waves(turn)
        for leg in tuple(turn.case.live(LegKind.CONTACT)):
            if leg.result is None:
                turn.hang_up(leg, Result.CANCELLED)
    return turn


def waited(case: Case, at: datetime) -> float:
    """Seconds since the case began to wait."""
    return 0.0 if case.waiting_since is None else (at - case.waiting_since).total_seconds()


def _take_due(turn: Turn) -> None:
    for step in _steps(turn.case):
        if step.name not in turn.case.overflow and _is_due(step, turn) and step.fits(turn.case):
            turn.note(overflow=turn.case.overflow | {step.name})
            step.take(turn)


def _steps(case: Case) -> tuple[Step, ...]:
    if case.urgent:
        return ALARM
    return CARE if case.kind is CaseKind.CARE else ORDINARY


def _is_due(step: Step, turn: Turn) -> bool:
    return waited(turn.case, turn.at) >= step.after(turn.policy) or step.at_once(turn.case)


def _set_clock(turn: Turn) -> Turn:
    """Until the next step; what is late because it did not fit yet is looked at after every event."""
    passed = waited(turn.case, turn.at)
    left = [after - passed for step in _steps(turn.case) if (after := step.after(turn.policy)) > passed]
    return turn.do(StartTimer(OVERFLOW, min(left))) if left else turn
