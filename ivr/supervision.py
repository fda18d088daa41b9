"""Supervisors: listen, whisper, barge in. They are company for the elder only when they have barged in, keep no case
open, and leave with the last one they could listen to. One at a time; whoever works on the case can see them."""

from __future__ import annotations

from ivr import ids
from ivr.case import Leg
from ivr.commands import ChangeRole, ReleaseSeat, Snoop
from ivr.events import SuperviseRequested
from ivr.turn import Turn
from ivr.vocabulary import LegKind, Mode, Place, Refusal, Result, Role, SeatRelease


def supervise(turn: Turn, event: SuperviseRequested) -> Turn:
    """The supervisor's phone is rung; one who is on the line already changes what they do."""
    supervisor = turn.case.seat(Role.S)
    if supervisor is not None and supervisor.number != event.extension:
        return turn.refuse(Refusal.ALREADY_SUPERVISED, supervisor.number)
    if supervisor is None and turn.case.seat_of(event.extension) is not None:
        return turn.refuse(Refusal.SEAT_IN_CASE, event.extension)
    refusal = _cannot(turn, event)
    if refusal is not None:
        return turn.refuse(refusal, event.leg[:40])
    target = "" if event.mode is Mode.BARGE else event.leg or _whom_to_hear(turn)
    if supervisor is None:
        return turn.call_seat(Role.S, event.extension, event.agent, role=Role.S, mode=event.mode, target=target)
    if (supervisor.mode, supervisor.target) == (event.mode, target):
        return turn.refuse(Refusal.ALREADY_DONE)
    supervisor = turn.change(supervisor, mode=event.mode, target=target)
    return _begin(turn, supervisor) if supervisor.up else turn


def leave(turn: Turn) -> Turn:
    """The supervisor is let go."""
    supervisor = turn.case.seat(Role.S)
    if supervisor is None:
        return turn.refuse(Refusal.ALREADY_DONE)
    _stop_snooping(turn)
    return turn.let_go(supervisor)


def resign(turn: Turn, supervisor: Leg, relieves: Role) -> Leg:
    """No supervisor any more, but the one who takes this role over."""
    _stop_snooping(turn)
    turn.do(ChangeRole(supervisor.number, relieves))
    return turn.change(supervisor, role=None, mode=None, target="", relieves=relieves)


# --- lines come and go: each says whether the leg was a supervisor's or listened for one, and has been dealt with -----


def answered(turn: Turn, leg: Leg) -> bool:
    supervisor = turn.case.seat(Role.S)
    if leg.kind is LegKind.SNOOP:
        waits = supervisor is not None and supervisor.place is Place.SUPERVISION
        turn.move(leg, Place.SUPERVISION) if waits else turn.hang_up(leg, Result.CANCELLED)
        return True
    if leg.kind is LegKind.SEAT and leg.role is Role.S:
        _begin(turn, leg)
        return True
    return False


def ended(turn: Turn, leg: Leg) -> bool:
    if leg.kind is LegKind.SNOOP:
        _snoop_ended(turn, leg)
        return True
    if leg.kind is LegKind.SEAT and leg.role is Role.S:
        turn.do(ReleaseSeat(leg.number, SeatRelease.NOT_NEEDED)) if leg.answered_at else turn.release(leg)
        _stop_snooping(turn).keep_company()
        return True
    return False


# --- what they hear ---------------------------------------------------------------------------------------------------


def _cannot(turn: Turn, event: SuperviseRequested) -> Refusal | None:
    """Why this cannot be heard; nobody but agents is whispered to."""
    if event.mode is Mode.BARGE:
        return None if turn.case.elder_up else Refusal.NOT_IN_THIS_STATE
    if not event.leg:
        return None if _whom_to_hear(turn) else Refusal.NO_AGENT_ON_LINE
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind is LegKind.SNOOP or leg.role is Role.S:
        return Refusal.UNKNOWN_LEG
    if event.mode is Mode.WHISPER and leg not in turn.case.agents:
        return Refusal.UNKNOWN_LEG
    return None if leg.up else Refusal.LEG_NOT_ANSWERED


def _whom_to_hear(turn: Turn, but: str = "") -> str:
    """The agent who is with the elder, B before A, else any agent who is up; empty when there is none."""
    up = [leg for leg in turn.case.agents if leg.up and leg.role is not None and leg.id != but]
    first = min(up, key=lambda leg: (leg.place is not Place.ELDER, leg.role is not Role.B), default=None)
    return "" if first is None else first.id


def _begin(turn: Turn, supervisor: Leg) -> Turn:
    if supervisor.mode is Mode.BARGE:
        return _stop_snooping(turn).meet_elder(supervisor)
    target = turn.case.leg(supervisor.target)
    there = target is not None and target.up
    return _snoop(turn, supervisor, supervisor.target if there else _whom_to_hear(turn))


def _snoop(turn: Turn, supervisor: Leg, target: str) -> Turn:
    """In a bridge of their own: the supervisor, and a channel that hears the target."""
    _stop_snooping(turn)
    if not target:
        return turn.let_go(supervisor)
    turn.move(turn.change(supervisor, target=target), Place.SUPERVISION).keep_company()
    heard = turn.case.leg(target)
    assert heard is not None
    snoop = Leg(
        id=ids.snoop_leg(1 + turn.case.count(LegKind.SNOOP)),
        kind=LegKind.SNOOP,
        number=heard.number,
        name=heard.name,
        target=target,
        dialled_at=turn.at,
    )
    turn.case = turn.case.with_leg(snoop)
    return turn.do(Snoop(snoop.id, target, whisper=supervisor.mode is Mode.WHISPER))


def _stop_snooping(turn: Turn) -> Turn:
    for snoop in tuple(turn.case.live(LegKind.SNOOP)):
        if snoop.result is not Result.CANCELLED:
            turn.hang_up(snoop, Result.CANCELLED)
    return turn


def _snoop_ended(turn: Turn, snoop: Leg) -> None:
    """With whom it listened to: the supervisor hears the next agent, or leaves. One that never stood is not tried
    again."""
    supervisor = turn.case.seat(Role.S)
    listens = supervisor is not None and supervisor.place is Place.SUPERVISION and supervisor.target == snoop.target
    if supervisor is None or not listens or snoop.result is Result.CANCELLED:
        return
    _snoop(turn, supervisor, _whom_to_hear(turn, but=snoop.target) if snoop.answered_at else "")
