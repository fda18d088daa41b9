"""WRAPPING_UP: the talking is over; the last lines end and somebody files the outcome."""

from __future__ import annotations

from typing import assert_never

from ivr import common
from ivr.closing import close_when_done
from ivr.commands import OpenProvisionalFile, ReleaseSeat
from ivr.events import (
    ArrivalReported,
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CallRequested,
    CloseRequested,
    CommandFailed,
    EmergencyRequested,
    Event,
    FileShown,
    HangupRequested,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    MergeRequested,
    PromptFinished,
    RecordingEnded,
    SeatReserved,
    SilentRequested,
    StandDownRequested,
    TimerFired,
    TransferRequested,
)
from ivr.turn import Turn
from ivr.vocabulary import LegKind, Refusal, SeatRelease, result_of_cause


def wrapping_up(turn: Turn, event: Event) -> Turn:
    match event:
        case LegEnded():
            return leg_ended(turn, event)
        case LegAnswered():
            return too_late(turn, event)
        case PromptFinished() | TimerFired():
            return goodbye_said(turn)
        case SeatReserved():
            return turn.do(ReleaseSeat(event.extension, SeatRelease.NOT_NEEDED))
        case CloseRequested():
            return file_outcome(turn, event)
        case HangupRequested():
            return hang_up(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return turn.do(OpenProvisionalFile(turn.case.caller))
        case CommandFailed():
            return command_failed(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case LegRinging() | KeyPressed() | FileShown():
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case (
            EmergencyRequested()
            | SilentRequested()
            | CallRequested()
            | MergeRequested()
            | TransferRequested()
            | ArrivalReported()
            | StandDownRequested()
        ):
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_ended(turn: Turn, event: LegEnded) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn
    ended = turn.end(leg, event.cause, None if leg.up else result_of_cause(event.cause))
    if leg.kind is LegKind.SEAT:
        turn.release(ended)
    return close_when_done(turn)


def too_late(turn: Turn, event: LegAnswered) -> Turn:
    """Somebody picked up while we were hanging up."""
    leg = common.mark_answered(turn, event)
    return turn if leg is None or leg.kind is LegKind.ELDER else turn.hang_up(leg)


def goodbye_said(turn: Turn) -> Turn:
    elder = turn.case.elder
    return turn.hang_up(elder) if elder is not None and elder.alive else turn


def file_outcome(turn: Turn, event: CloseRequested) -> Turn:
    if turn.case.outcome is not None:
        return turn.refuse(Refusal.ALREADY_DONE)
    return close_when_done(turn.note(outcome=event.outcome, note=event.note))


def hang_up(turn: Turn, event: HangupRequested) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    return turn.hang_up(leg)


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    ended = common.command_failed(turn, event)
    if ended is None:
        return turn
    if ended.kind is LegKind.SEAT:
        turn.release(ended)
    return close_when_done(turn)
