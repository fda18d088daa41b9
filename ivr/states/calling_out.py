"""CALLING_OUT: an agent rings somebody, and speaks with them; an elder who answers is talked to in TALKING."""

from __future__ import annotations

from typing import assert_never

from ivr import again, broken, common, device, events, holding, ladder, outbound, paperwork
from ivr.closing import finish
from ivr.commands import Play
from ivr.turn import Turn
from ivr.vocabulary import LegKind


def calling_out(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.LegRinging():
            return common.ringing(turn, event)
        case events.LegAnswered():
            return leg_answered(turn, event)
        case events.LegEnded():
            return leg_ended(turn, event)
        case events.LegHeld():
            return holding.held(turn, event)
        case events.LegUnheld():
            return holding.unheld(turn, event)
        case events.LinesBroke():
            return lines_broke(turn, event)
        case events.HangupRequested():
            return common.hang_up(turn, event)
        case events.CloseRequested():
            return finish(turn, event)
        case events.PaperRequested():
            return paperwork.write(turn, event)
        case events.CommandFailed():
            return command_failed(turn, event)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.CallerIdentified():
            return outbound.identified(turn, event)
        case events.IdentifyRequested():
            return common.identify(turn, event)
        case events.RecordingEnded():
            return common.recording_ended(turn, event)
        case events.RecordingLost():
            return common.recording_lost(turn, event)
        case events.RecordingPossible():
            return common.record_again(turn)
        case events.CallerUnknown() | events.KeyPressed() | events.SpeechHeard() | events.PromptFinished():
            return common.record_only(turn)
        case events.TimerFired() | events.Queued() | events.FileShown():
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
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """The agent first, then whom they ring."""
    leg = common.mark_answered(turn, event)
    if leg is None:
        return turn
    return outbound.agent_answers(turn, leg) if leg.kind is LegKind.SEAT else outbound.callee_answers(turn, leg)


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """The call is over, or did not come about."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else outbound.line_ended(turn, ended)


def lines_broke(turn: Turn, event: events.LinesBroke) -> Turn:
    """Both lines are gone; nobody is rung again."""
    return turn if broken.is_known(turn.case, event) else broken.end_goes_on(outbound.lines_broke(turn), event)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A phone that cannot be rung has ended."""
    if isinstance(event.command, Play):
        return common.record_only(turn)
    ended = common.command_failed(turn, event)
    return turn if ended is None else outbound.line_ended(turn, ended)
