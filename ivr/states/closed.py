"""CLOSED: the end. Only what was still under way is put in order."""

from __future__ import annotations

from typing import assert_never

from ivr import again, common, device
from ivr.events import (
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CommandFailed,
    DeviceReported,
    ElderCalledAgain,
    Event,
    FileShown,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    PromptFinished,
    RecordingEnded,
    Requested,
    SeatReserved,
    SpeechHeard,
    TimerFired,
)
from ivr.turn import Turn
from ivr.vocabulary import Refusal


def closed(turn: Turn, event: Event) -> Turn:
    match event:
        case SeatReserved():
            return common.seat_reserved(turn, event)
        case LegAnswered():
            return too_late(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case (
            LegRinging()
            | LegEnded()
            | KeyPressed()
            | SpeechHeard()
            | PromptFinished()
            | TimerFired()
            | FileShown()
            | CallerUnknown()
            | CommandFailed()
        ):
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case DeviceReported():
            return device.too_late(turn, event)
        case ElderCalledAgain():
            return again.pass_on(turn, event)
        case Requested():
            return too_late_to_ask(turn)
        case _:
            assert_never(event)


def too_late(turn: Turn, event: LegAnswered) -> Turn:
    """A line that we had given up: hung up, so that nobody listens to silence."""
    common.mark_answered(turn, event)
    return turn


def too_late_to_ask(turn: Turn) -> Turn:
    """Refused: the case is closed."""
    return turn.refuse(Refusal.CASE_CLOSED)
