"""What is the same in every state: what is only put on record, what is refused, what a failed command means."""

from __future__ import annotations

from typing import assert_never

from ivr.case import Leg
from ivr.commands import (
    Alarm,
    Answer,
    BookFollowUp,
    Dial,
    FindSeat,
    Hangup,
    Join,
    Leave,
    LookUp,
    MakeBridge,
    OpenProvisionalFile,
    Play,
    Refuse,
    ReleaseSeat,
    RemoveBridge,
    ShowFile,
    StartMusic,
    StartTimer,
    StopFindingSeat,
    StopSound,
    StopTimer,
)
from ivr.events import CallerIdentified, CommandFailed, KeyPressed, LegAnswered, LegRinging, RecordingEnded, Request
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, LegKind, LegState, Refusal, Result


def record_only(turn: Turn) -> Turn:
    """The event stands in the timeline; nothing follows from it."""
    return turn


def not_now(turn: Turn, request: Request) -> Turn:
    return turn.refuse(Refusal.NOT_IN_THIS_STATE, f"{type(request).__name__} in {turn.case.state}")


def unexpected(turn: Turn, event: object) -> Turn:
    """A house rule: what should not happen raises an alarm and leaves the state as it is."""
    return turn.alarm(AlarmKind.UNEXPECTED, f"{type(event).__name__} in {turn.case.state}")


def identified(turn: Turn, event: CallerIdentified) -> Turn:
    return turn.note(file=event.file)


def recording_ended(turn: Turn, event: RecordingEnded) -> Turn:
    return turn.alarm(AlarmKind.RECORDING_FAILED, event.problem) if event.problem else turn


def ringing(turn: Turn, event: LegRinging) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is not None and leg.state is LegState.DIALLING:
        turn.change(leg, state=LegState.RINGING)
    return turn


def mark_answered(turn: Turn, event: LegAnswered) -> Leg | None:
    """The leg, now answered; None when there is no such live leg (a late or repeated event)."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.up:
        return None
    return turn.change(leg, state=LegState.ANSWERED, answered_at=turn.at)


def code_of_seat(turn: Turn, event: KeyPressed) -> str:
    """Collects the keys of a seat's phone; the star code (`*44`) once it is complete, else an empty text."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.kind is not LegKind.SEAT:
        return ""
    keys = "*" if event.key == "*" else (leg.keys + event.key if leg.keys else "")
    complete = len(keys) == 3
    turn.change(leg, keys="" if complete else keys)
    return keys if complete else ""


def command_failed(turn: Turn, event: CommandFailed) -> Leg | None:
    """What a failed command means. A leg that could not be dialled has ended: it is returned, for the state to go on
    from (next seat, next phone). All else is an alarm: the line's own events tell what really became of it."""
    command = event.command
    match command:
        case Dial(leg=leg_id):
            leg = turn.case.leg(leg_id)
            if leg is None or not leg.alive:
                return None
            if leg.kind in {LegKind.SERVICE, LegKind.NUMBER, LegKind.ELDER}:
                turn.alarm(AlarmKind.NO_ROUTE, f"{leg.number}: {event.reason}")
            return turn.end(leg, 0, Result.UNREACHABLE)
        case Hangup() | Leave() | RemoveBridge() | StopSound():
            return None  # the line was gone already
        case Answer() | MakeBridge() | Join() | Play() | StartMusic():
            turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
        case FindSeat() | StopFindingSeat() | ReleaseSeat() | ShowFile():
            turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
        case OpenProvisionalFile() | BookFollowUp() | LookUp() | StartTimer() | StopTimer() | Alarm() | Refuse():
            turn.alarm(AlarmKind.COMMAND_FAILED, f"{type(command).__name__}: {event.reason}")
        case _:
            assert_never(command)
    return None
