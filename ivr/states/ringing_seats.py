"""RINGING_SEATS: one seat after the other is rung; the elder hears comfort and music."""

from __future__ import annotations

from typing import assert_never

from ivr import common
from ivr.closing import abandoned, close_when_done
from ivr.commands import OpenProvisionalFile
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
from ivr.vocabulary import CaseState, LegKind, Role, result_of_cause


def ringing_seats(turn: Turn, event: Event) -> Turn:
    match event:
        case LegRinging():
            return common.ringing(turn, event)
        case LegAnswered():
            return leg_answered(turn, event)
        case LegEnded():
            return leg_ended(turn, event)
        case SeatReserved():
            return turn.ring_seat(event.role, event.extension, event.agent)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return turn.do(OpenProvisionalFile(turn.case.caller))
        case PromptFinished():
            return elder_waits(turn, event)
        case TimerFired():
            return turn.comfort()
        case CommandFailed():
            return command_failed(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case KeyPressed() | FileShown():
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case (
            EmergencyRequested()
            | SilentRequested()
            | CallRequested()
            | MergeRequested()
            | HangupRequested()
            | TransferRequested()
            | ArrivalReported()
            | StandDownRequested()
            | CloseRequested()
        ):
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_answered(turn: Turn, event: LegAnswered) -> Turn:
    """Agent A has the elder: this is the moment that counts as answered (K1)."""
    leg = common.mark_answered(turn, event)
    if leg is None or leg.kind is LegKind.ELDER:
        return turn
    turn.meet_elder(leg).stop_finding()
    if turn.case.answered_at is None:
        turn.note(answered_at=turn.at)
    return turn.go(CaseState.TALKING)


def leg_ended(turn: Turn, event: LegEnded) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn
    ended = turn.end(leg, event.cause, None if leg.up else result_of_cause(event.cause))
    if leg.kind is not LegKind.ELDER:
        return turn.release(ended).find_seat(Role.A)
    if turn.case.answered_at is not None:  # an agent had spoken to them before the seat was lost
        turn.stop_finding().hang_up_all().go(CaseState.WRAPPING_UP)
    else:
        abandoned(turn)
    return close_when_done(turn)


def elder_waits(turn: Turn, event: PromptFinished) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind is not LegKind.ELDER:
        return turn
    return turn.after_prompt(leg)


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    """A seat that cannot be rung is skipped and marked."""
    ended = common.command_failed(turn, event)
    return turn if ended is None else turn.release(ended).find_seat(Role.A)
