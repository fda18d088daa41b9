"""Lines that broke off: Asterisk died and was started anew, or the network dropped the elder's line. Nobody hung up, so
nothing has come to its end: the elder is rung back at once, the seats that were at work are rung again, and the same
case goes on. A service (110/120/119) is never rung again by the machine; the agent is told that its line broke.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ivr import cascade, consultation, duty, rescue, silence
from ivr.case import Case, Leg
from ivr.closing import abandoned, close_when_done, say_goodbye
from ivr.commands import Announce, ReleaseSeat, StartTimer, StopTimer
from ivr.events import LegEnded, LinesBroke
from ivr.policy import Policy
from ivr.turn import Turn
from ivr.vocabulary import (
    MUST_ACCEPT,
    OUT_OF_ORDER,
    AlarmKind,
    CaseState,
    LegKind,
    Overflow,
    Place,
    Prompt,
    Result,
    Role,
    SeatRelease,
)

_RESCUE = frozenset({CaseState.EMERGENCY, CaseState.NO_RESPONSE})
_STEPS_OF_PHONES = frozenset({Overflow.MANAGER, Overflow.DUTY, Overflow.CONTACTS})


def in_turn(cases: Iterable[Case], policy: Policy, at: datetime) -> list[tuple[Case, float]]:
    """Whose elder is rung first when many lines broke off, and after how many seconds: emergencies, then alarms, then
    ordinary calls; among these whoever has waited longest. Paced, so that neither trunk nor machine is flooded."""

    def order(case: Case) -> tuple[bool, bool, datetime, datetime]:
        return case.state not in _RESCUE, not case.urgent, case.waiting_since or at, case.opened_at or at

    ordered = sorted(cases, key=order)
    gap = min(policy.revival_gap, policy.revival_within / max(1, len(ordered)))
    return [(case, place * gap) for place, case in enumerate(ordered)]


# --- Asterisk was started anew ---------------------------------------------------------------------------------------


def ring_back(turn: Turn, event: LinesBroke) -> Turn:
    """Every line broke off with Asterisk, and nobody hung up: the elder is rung back, the agent's seat rung again."""
    if is_known(turn.case, event):
        return turn
    was_rung = turn.case.elder is not None and turn.case.elder.alive
    lost = _all_lost(turn, event)
    _tell_agents(turn, lost)
    elder = turn.case.elder
    if elder is not None and was_rung and not elder.alive:
        _leave_what_ran(turn)
        if not rescue.number_of_elder(turn):
            _release(turn, (leg for leg in lost if leg.kind is LegKind.SEAT))
            return abandoned(turn)
        _ring_elder(turn, event.wait)
    _ring_seats_again(turn, lost)
    _ask_phones_again(turn, lost)
    return turn.find_seat(Role.A) if turn.case.state is CaseState.CALLING_BACK else turn


def rescue_goes_on(turn: Turn, event: LinesBroke) -> Turn:
    """Every line broke off with Asterisk: the elder, A and B are rung again, and the contacts who had not said yet
    whether they come; who had said it, and a service, is shown as lost."""
    if is_known(turn.case, event):
        return turn
    was_rung = turn.case.elder is not None and turn.case.elder.alive
    lost = _all_lost(turn, event)
    _tell_agents(turn, lost)
    elder = turn.case.elder
    if elder is not None and was_rung and not elder.alive and rescue.number_of_elder(turn):
        turn.note(broke=True)
        if event.wait and not turn.case.arrived_at:
            turn.do(StartTimer(silence.REDIAL, event.wait))
        else:
            rescue.ring_elder(turn)
    _ring_seats_again(turn, lost)
    if turn.case.arrived_at:
        return turn if any(turn.case.agents) else close_when_done(say_goodbye(turn))
    _ask_phones_again(turn, lost)
    for leg in lost:
        if leg.kind is LegKind.CONTACT and leg.result is Result.LOST:
            cascade.ring_again(turn, leg)
    if turn.case.state is CaseState.NO_RESPONSE:
        turn.find_seat(Role.A).find_seat(Role.B)
    return turn if any(turn.case.live()) or turn.case.state is CaseState.NO_RESPONSE else turn.stop_finding()


def end_goes_on(turn: Turn, event: LinesBroke) -> Turn:
    """Everybody was hanging up already: nobody is rung."""
    if is_known(turn.case, event):
        return turn
    for seat in (leg for leg in _all_lost(turn, event) if leg.kind is LegKind.SEAT):
        turn.release(seat)
    return close_when_done(turn)


def is_known(case: Case, event: LinesBroke) -> bool:
    """There is no case yet, or this death of Asterisk is on its record already."""
    told = case.exchange_since is not None and event.since <= case.exchange_since
    return told or case.opened_at is None


def _all_lost(turn: Turn, event: LinesBroke) -> list[Leg]:
    """The legs that are gone, and all bridges. What had been tried on a line that broke does not count (S4.2)."""
    gone = [leg for leg in turn.case.live() if leg.dialled_at is None or leg.dialled_at < event.since]
    turn.note(exchange_since=event.since, bridges=frozenset(), call_backs=0, busy=0)
    # Calls that came in last: whoever seems to be left behind would be recorded, in a bridge that is gone.
    return [_lost(turn, leg) for leg in sorted(gone, key=lambda leg: bool(leg.channel))]


def _lost(turn: Turn, leg: Leg) -> Leg:
    came_to_a_result = bool(leg.channel) or (leg.up and leg.kind not in MUST_ACCEPT)
    return turn.end(leg, OUT_OF_ORDER, None if came_to_a_result else Result.LOST)


def _tell_agents(turn: Turn, lost: list[Leg]) -> None:
    """What is done about it they see; about a service nothing is done but by them."""
    if lost:
        turn.alarm(AlarmKind.LINES_LOST, str(len(lost)))
    for leg in lost:
        if leg.kind is LegKind.SERVICE and leg.result is not Result.CANCELLED:
            turn.alarm(AlarmKind.SERVICE_LOST, leg.number)


def _ring_elder(turn: Turn, wait: float) -> Turn:
    turn.note(broke=True, heard=False)
    if turn.case.state is not CaseState.CALLING_BACK:
        turn.go(CaseState.CALLING_BACK)
    if wait:
        return turn.do(StartTimer(silence.CALL_BACK, wait))
    return rescue.ring_elder(turn.note(call_backs=turn.case.call_backs + 1).do(StopTimer(silence.CALL_BACK)))


def _leave_what_ran(turn: Turn) -> Turn:
    """For the conversation that broke off; a new one begins."""
    consultation.forget(cascade.stop_waves(turn)).stop_finding(Role.X)
    return turn.do(StopTimer(silence.SILENCE))


def _ring_seats_again(turn: Turn, lost: Iterable[Leg]) -> None:
    """Whoever had the case has it still, and their phone rings again; others are free."""
    for seat in (leg for leg in lost if leg.kind is LegKind.SEAT):
        if seat.role in {Role.A, Role.B} and seat.result in {None, Result.LOST}:
            turn.call_seat(seat.role, seat.number, seat.name, role=seat.role)
        else:
            _release(turn, [seat])


def _release(turn: Turn, seats: Iterable[Leg]) -> None:
    for seat in seats:
        turn.do(ReleaseSeat(seat.number, SeatRelease.NOT_NEEDED))


def _ask_phones_again(turn: Turn, lost: Iterable[Leg]) -> None:
    """The duty phone that had A's part is rung again; who was only asked is asked anew, as soon as that is due."""
    lost = list(lost)
    for phone in (leg for leg in lost if leg.kind is LegKind.DUTY and leg.role is Role.A):
        duty.ring(turn.find_seat(Role.A), [phone.number], phone.name)
    if any(leg.kind in MUST_ACCEPT and leg.result is Result.LOST for leg in lost):
        turn.note(overflow=turn.case.overflow - _STEPS_OF_PHONES)


# --- the network dropped the elder's line -----------------------------------------------------------------------------


def broke_away(turn: Turn, event: LegEnded) -> bool:
    """The line itself tells that the network broke it, and the elder can still be rung back (S4.2). Of what ended while
    we did not hear nobody knows whether it was hung up."""
    left = turn.case.call_backs < turn.policy.call_backs
    return event.cause == OUT_OF_ORDER and event.actor == "line" and left and bool(rescue.number_of_elder(turn))


def elder_broke_away(turn: Turn) -> Turn:
    """The network dropped the elder's line: they are rung back at once, by whoever is on the case."""
    turn.alarm(AlarmKind.LINES_LOST, "1")
    _leave_what_ran(turn).hang_up_all(LegKind.CONTACT)
    agent, professional = turn.case.seat(Role.A), turn.case.seat(Role.X)
    if professional is not None:
        turn.let_go(professional)
    if agent is not None and agent.up:
        turn.move(agent, Place.ELDER)
    return _ring_elder(turn, 0).find_seat(Role.A)


# --- the elder picks up -----------------------------------------------------------------------------------------------


def told(turn: Turn) -> Turn:
    """They have picked up among people: they hear beside them that the line had broken."""
    return turn.note(broke=False).do(Announce(Place.ELDER, Prompt.LINE_BROKE)) if turn.case.broke else turn
