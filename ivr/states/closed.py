"""CLOSED: the end. Only what was still under way is put in order."""

from __future__ import annotations

from typing import assert_never

from ivr import common
from ivr.commands import Hangup, ReleaseSeat
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
from ivr.vocabulary import Refusal, SeatRelease


def closed(turn: Turn, event: Event) -> Turn:
    match event:
        case SeatReserved():
            return turn.do(ReleaseSeat(event.extension, SeatRelease.NOT_NEEDED))
        case LegAnswered():
            return turn.do(Hangup(event.leg))
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case (
            LegRinging()
            | LegEnded()
            | KeyPressed()
            | PromptFinished()
            | TimerFired()
            | FileShown()
            | CallerUnknown()
            | CommandFailed()
        ):
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
            return turn.refuse(Refusal.CASE_CLOSED)
        case _:
            assert_never(event)
