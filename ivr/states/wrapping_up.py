"""WRAPPING_UP: the talking is over; the elder may say how it was, the last lines end, somebody files the outcome."""

from __future__ import annotations

from typing import assert_never

from ivr import again, broken, common, device, events, grading, ladder, paperwork, supervision
from ivr.case import Leg
from ivr.closing import close_when_done
from ivr.commands import Play, StartMusic
from ivr.turn import COMFORT, Turn
from ivr.vocabulary import LegKind, Refusal


def wrapping_up(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.LegEnded():
            return leg_ended(turn, event)
        case events.LinesBroke():
            return broken.end_goes_on(turn, event)
        case events.LegAnswered():
            return too_late(turn, event)
        case events.PromptFinished():
            return prompt_finished(turn, event)
        case events.TimerFired():
            return timer_fired(turn, event)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.CloseRequested():
            return file_outcome(turn, event)
        case events.HangupRequested():
            return common.hang_up(turn, event)
        case events.PaperRequested():
            return paperwork.write(turn, event)
        case events.CallerIdentified():
            return common.identified(turn, event)
        case events.CallerUnknown():
            return common.open_file(turn)
        case events.CommandFailed():
            return command_failed(turn, event)
        case events.RecordingEnded():
            return common.recording_ended(turn, event)
        case events.RecordingLost():
            return common.recording_lost(turn, event)
        case events.RecordingPossible():
            return common.record_again(turn)
        case events.IdentifyRequested():
            return common.identify(turn, event)
        case events.KeyPressed():
            return grading.key_pressed(turn, event)
        case events.LegRinging() | events.SpeechHeard():
            return common.record_only(turn)
        case events.LegHeld() | events.LegUnheld() | events.Queued() | events.FileShown():
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.DeviceReported():
            return device_reported(turn, event)
        case events.LadderReported():
            return ladder.too_late(turn, event)
        case events.ElderCalledAgain():
            return called_again(turn, event)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """One line less; after the last one nothing of the case is left in Asterisk."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else one_line_less(turn, ended)


def one_line_less(turn: Turn, ended: Leg) -> Turn:
    if not supervision.ended(turn, ended) and ended.kind is LegKind.SEAT:
        turn.release(ended)
    return close_when_done(turn)


def too_late(turn: Turn, event: events.LegAnswered) -> Turn:
    """Somebody picked up while we were hanging up."""
    leg = common.mark_answered(turn, event)
    return turn if leg is None else turn.hang_up(leg)


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """The elder has heard the goodbye: the line is closed; or the question how the call was: music meanwhile."""
    elder = turn.case.elder
    if elder is None or event.leg != elder.id or not elder.alive:
        return turn
    return grading.prompt_finished(turn, elder, event.prompt, event.problem)


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """No key was pressed in time: the goodbye. The goodbye takes too long: the line is closed. The question is put once
    more where whoever took over has cut it short."""
    if event.timer == COMFORT:
        return grading.ask_again(turn)
    return grading.time_is_over(turn) if event.timer == grading.GOODBYE else turn


def called_again(turn: Turn, event: events.ElderCalledAgain) -> Turn:
    """The elder rings on another line: that opens a case of its own, and nobody asks them anything on this one."""
    return again.pass_on(grading.give_way(turn), event)


def device_reported(turn: Turn, event: events.DeviceReported) -> Turn:
    """An alarm opens a case of its own as well, in which the elder will be rung."""
    if device.is_alarm(event.report):
        grading.give_way(turn)
    return device.too_late(turn, event)


def file_outcome(turn: Turn, event: events.CloseRequested) -> Turn:
    """Somebody has seen to it: the outcome, once."""
    if turn.case.outcome is not None:
        return turn.refuse(Refusal.ALREADY_DONE)
    turn.note(outcome=event.outcome, code=event.code, note=event.note)
    return close_when_done(paperwork.outcome_filed(turn))


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """What cannot be said or played is not waited for; a leg that could not be dialled has ended."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    if isinstance(event.command, StartMusic) and turn.case.grading:
        return grading.time_is_over(turn)
    ended = common.command_failed(turn, event)
    return turn if ended is None else one_line_less(turn, ended)
