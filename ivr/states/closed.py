"""CLOSED: the end. Only what was still under way is put in order."""

from __future__ import annotations

from typing import assert_never

from ivr import again, common, device, events, ladder
from ivr.turn import Turn
from ivr.vocabulary import Refusal


def closed(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.LegAnswered():
            return too_late(turn, event)
        case events.RecordingEnded():
            return common.recording_ended(turn, event)
        case events.CallerIdentified():
            return common.identified(turn, event)
        case (
            events.LegRinging()
            | events.LegEnded()
            | events.LegHeld()
            | events.LegUnheld()
            | events.LinesBroke()
            | events.KeyPressed()
            | events.SpeechHeard()
            | events.PromptFinished()
            | events.RecordingLost()
            | events.RecordingPossible()
            | events.TimerFired()
            | events.Queued()
            | events.FileShown()
            | events.CallerUnknown()
            | events.CommandFailed()
        ):
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.DeviceReported():
            return device.too_late(turn, event)
        case events.LadderReported():
            return ladder.too_late(turn, event)
        case events.ElderCalledAgain():
            return again.pass_on(turn, event)
        case events.Requested():
            return too_late_to_ask(turn)
        case _:
            assert_never(event)


def too_late(turn: Turn, event: events.LegAnswered) -> Turn:
    """A line that we had given up: hung up, so that nobody listens to silence."""
    common.mark_answered(turn, event)
    return turn


def too_late_to_ask(turn: Turn) -> Turn:
    """Refused: the case is closed."""
    return turn.refuse(Refusal.CASE_CLOSED)
