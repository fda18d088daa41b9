"""Calls that no controller took: the ladder below (`dialplan/agi`) served them and left a record. Whoever spoke with
somebody gets a case that an agent files; whoever did not is called back like everybody who hung up unheard."""

from __future__ import annotations

import itertools

from ivr import again, ids, paperwork, tapes
from ivr.case import LadderTry, Leg
from ivr.closing import abandoned
from ivr.commands import LookUp, OpenExceptionReport
from ivr.events import LadderReported
from ivr.turn import Turn
from ivr.vocabulary import NORMAL_CLEARING, AlarmKind, CaseState, LegKind, LegState, Refusal, Result, Role


def open_case(turn: Turn, event: LadderReported) -> Turn:
    """A call that is over already: to be filed, or to be called back."""
    if turn.case.opened_at is not None:
        return reported(turn, event)
    turn.note(
        caller=event.caller,
        dialled=event.dialled,
        channel=event.channel,
        kind=event.kind,
        again_of=event.again_of,
        topic=paperwork.topic_of(event.kind),
        opened_at=event.arrived_at,
    )
    take_down(turn, event, ids.ELDER, LegKind.ELDER)
    turn.alarm(AlarmKind.LADDER).do(LookUp(event.caller))
    if event.again_of:
        turn.alarm(AlarmKind.CALLS_AGAIN, event.again_of)
    explain(turn, event)
    first = min((one.joined_at for one in event.tries if one.spoke and one.joined_at), default=None)
    if first is None:
        return abandoned(turn)
    return turn.note(answered_at=first, heard=True).go(CaseState.WRAPPING_UP)


def reported(turn: Turn, event: LadderReported) -> Turn:
    """A further call in a case that is open: the same need once more (H12), unless a controller has taken this very
    call meanwhile."""
    if is_known(turn, event):
        return turn
    again.told(turn)
    count = itertools.count(1)
    leg = next(name for n in count if turn.case.leg(name := ids.ladder_leg(n)) is None)
    return take_down(turn, event, leg, LegKind.SECOND)


def too_late(turn: Turn, event: LadderReported) -> Turn:
    """This case is over; whoever asked opens another one."""
    return turn if is_known(turn, event) else turn.refuse(Refusal.CASE_CLOSED)


def is_known(turn: Turn, event: LadderReported) -> bool:
    """The call of this case, or a record that is told twice."""
    return any(leg.channel == event.channel for leg in turn.case.legs)


def explain(turn: Turn, event: LadderReported) -> Turn:
    """An alarm that waited for a person for so long has to be explained, whoever let it wait (K1)."""
    answered = min((one.joined_at for one in event.tries if one.joined_at), default=event.ended_at)
    waited = (answered - event.arrived_at).total_seconds()
    late = turn.case.urgent and waited >= turn.policy.overflow_report
    return turn.do(OpenExceptionReport(waited)) if late else turn


def take_down(turn: Turn, event: LadderReported, leg: str, kind: LegKind) -> Turn:
    """The line of this call, its recording, and everybody who was rung."""
    line = Leg(
        id=leg,
        kind=kind,
        number=event.caller,
        state=LegState.ENDED,
        channel=event.channel,
        dialled_at=event.arrived_at,
        answered_at=event.arrived_at,
        ended_at=event.ended_at,
        cause=NORMAL_CLEARING,
    )
    turn.case = turn.case.with_leg(line)
    helpers = []
    for one in event.tries:
        helper = _helper(turn, one)
        turn.case = turn.case.with_leg(helper)
        if one.joined_at is not None:
            helpers.append(helper.id)
    turn.case = tapes.of_ended_call(turn.case, leg, event.recording, event.arrived_at, people=helpers)
    return turn


def _helper(turn: Turn, one: LadderTry) -> Leg:
    match one.kind:
        case LegKind.CONTACT if one.contact is not None:
            leg = ids.contact_leg(one.contact, 1 + turn.case.count(LegKind.CONTACT, contact=one.contact))
        case LegKind.SEAT:
            names = (ids.seat_leg(Role.A, attempt) for attempt in itertools.count(1))
            leg = next(name for name in names if turn.case.leg(name) is None)
        case _:
            leg = ids.duty_leg(1 + turn.case.count(LegKind.DUTY))
    talked = one.kind is LegKind.SEAT and one.result is Result.ACCEPTED
    return Leg(
        id=leg,
        kind=one.kind,
        number=one.number,
        name=one.name,
        contact=one.contact,
        state=LegState.ENDED,
        result=None if talked else one.result,
        dialled_at=one.dialled_at,
        answered_at=one.answered_at,
        ended_at=one.ended_at,
    )
