"""RINGING_SEATS: one seat after the other is rung; the elder hears comfort and music."""

from __future__ import annotations

from typing import assert_never

from ivr import common, roles, silence
from ivr.case import Leg
from ivr.closing import abandoned
from ivr.commands import Play
from ivr.events import (
    ArrivalReported,
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CallRequested,
    CloseRequested,
    CommandFailed,
    ElderCalledAgain,
    EmergencyRequested,
    Event,
    FileShown,
    HangupRequested,
    HeardRequested,
    IntercomEndRequested,
    IntercomRequested,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    MergeRequested,
    PromptFinished,
    RecordingEnded,
    SeatReserved,
    SilentRequested,
    SpeechHeard,
    SplitRequested,
    StandDownRequested,
    SwapRequested,
    TakeOverRequested,
    TimerFired,
    TransferRequested,
)
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Role


def ringing_seats(turn: Turn, event: Event) -> Turn:
    match event:
        case LegRinging():
            return common.ringing(turn, event)
        case LegAnswered():
            return leg_answered(turn, event)
        case LegEnded():
            return leg_ended(turn, event)
        case SeatReserved():
            return common.seat_reserved(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return common.open_file(turn)
        case PromptFinished():
            return common.elder_waits(turn, event)
        case TimerFired():
            return common.timer_fired(turn, event)
        case CommandFailed():
            return command_failed(turn, event)
        case TakeOverRequested():
            return roles.take_over_a(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case SpeechHeard() | KeyPressed():
            return silence.elder_heard(turn, event)
        case FileShown():
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case ElderCalledAgain():
            return common.turned_away(turn, event)
        case (
            EmergencyRequested()
            | SilentRequested()
            | HeardRequested()
            | CallRequested()
            | MergeRequested()
            | SplitRequested()
            | IntercomRequested()
            | IntercomEndRequested()
            | SwapRequested()
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
    if leg is None or leg.kind is not LegKind.SEAT:
        return turn
    leg = roles.relieve(turn, leg)
    turn.meet_elder(leg)
    if leg.role is not Role.A:  # a professional whom the lost agent had asked for: the next agent is rung all the same
        return turn
    if turn.case.answered_at is None:
        turn.note(answered_at=turn.at)
    return silence.watch(turn.go(CaseState.TALKING))


def leg_ended(turn: Turn, event: LegEnded) -> Turn:
    """The next seat is looked for, for as long as the elder holds the line."""
    ended = common.mark_ended(turn, event)
    if ended is None:
        return turn
    return caller_gone(turn) if turn.case.is_elder(ended) else next_seat(turn, ended)


def next_seat(turn: Turn, ended: Leg) -> Turn:
    if ended.kind is LegKind.SEAT:
        turn.release(ended)
    return turn.keep_company().find_seat(Role.A)


def caller_gone(turn: Turn) -> Turn:
    if turn.case.answered_at is not None:  # an agent had spoken to them before that seat was lost
        turn.alarm(AlarmKind.ELDER_HUNG_UP)
    return abandoned(turn)


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    """A seat that cannot be rung is skipped and marked; a prompt that cannot be played is followed by music."""
    if isinstance(event.command, Play):
        return common.elder_waits(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    return turn if ended is None else next_seat(turn, ended)
