"""A call that an agent makes of their own accord: a follow-up, a number on a page. The agent's phone is rung first, so
that nobody picks up to silence; then the number, on record like every other leg. An elder who answers is talked to as
if they had called: whatever help they need begins from there. Nobody is rung a second time by the machine."""

from __future__ import annotations

from ivr import common, ids
from ivr.case import Leg
from ivr.closing import close_when_done
from ivr.commands import LookUp, MakeBridge, StartMusic
from ivr.events import CallerIdentified, CallOutRequested
from ivr.numbers import may_be_rung
from ivr.turn import Turn
from ivr.vocabulary import CaseKind, CaseState, LegKind, Outcome, Place, Refusal, Result, Role


def begin(turn: Turn, event: CallOutRequested) -> Turn:
    """Ring the agent. The desk keeps the seat for the case already."""
    if turn.case.opened_at is not None:
        return turn.refuse(Refusal.ALREADY_DONE)
    if not may_be_rung(event.number):  # 110, 120 and 119 belong into a case
        return turn.refuse(Refusal.UNKNOWN_TARGET, event.number[:40])
    turn.note(
        kind=CaseKind.OUTBOUND,
        caller=event.number,
        callee=event.name,
        file=event.file,
        opened_at=event.at,
        bridges=frozenset({Place.ELDER}),
    )
    turn.do(MakeBridge(Place.ELDER))
    if event.file is None:
        turn.do(LookUp(event.number))
    return turn.call_seat(Role.A, event.extension, event.agent, role=Role.A).go(CaseState.CALLING_OUT)


def identified(turn: Turn, event: CallerIdentified) -> Turn:
    """Whose number it is. Nobody waits for the register, so it may say so when the number rings already, or when they
    speak: it is the elder's line all the same."""
    turn = common.identified(turn, event)
    callee = next((leg for leg in turn.case.legs if leg.kind is LegKind.NUMBER and leg.alive), None)
    if callee is None or not _is_the_elders(turn):
        return turn
    elder = turn.change(callee, kind=LegKind.ELDER, result=None)
    return _talk(turn) if elder.up else turn


def agent_answers(turn: Turn, seat: Leg) -> Turn:
    """Now whom they want to speak with; music until then."""
    kind, leg = (LegKind.ELDER, ids.elder_leg(1)) if _is_the_elders(turn) else (LegKind.NUMBER, ids.number_leg(1))
    callee = Leg(id=leg, kind=kind, number=turn.case.caller, name=turn.case.callee)
    return turn.do(StartMusic(seat.id)).dial(callee, turn.policy.contact_ring)


def callee_answers(turn: Turn, callee: Leg) -> Turn:
    """They speak with each other."""
    agent = turn.case.seat(Role.A)
    if agent is None or not agent.up:
        return turn.hang_up(callee)
    turn.change(callee, result=Result.ACCEPTED if callee.kind is LegKind.NUMBER else None)
    turn.move(turn.case.leg(callee.id) or callee, Place.ELDER).move(agent, Place.ELDER).note(answered_at=turn.at)
    return _talk(turn) if callee.kind is LegKind.ELDER else turn


def line_ended(turn: Turn, ended: Leg) -> Turn:
    """One of the two has gone, so the other is let go. A call that did not come about files itself."""
    if ended.kind is LegKind.SEAT:
        turn.release(ended)
    if turn.case.answered_at is None and turn.case.outcome is None:
        turn.note(outcome=Outcome.NO_CONTACT)
    return close_when_done(turn.hang_up_all().go(CaseState.WRAPPING_UP))


def lines_broke(turn: Turn) -> Turn:
    """Asterisk died: the agent sees it, and rings again if they want to."""
    turn.go(CaseState.WRAPPING_UP)
    if turn.case.answered_at is None and turn.case.outcome is None:
        turn.note(outcome=Outcome.NO_CONTACT)
    return turn


def _talk(turn: Turn) -> Turn:
    """With the elder, who has been heard: they picked up."""
    return turn.note(heard=True).go(CaseState.TALKING)


def _is_the_elders(turn: Turn) -> bool:
    file = turn.case.file
    return file is not None and turn.case.caller in {file.home_phone, *file.lines}
