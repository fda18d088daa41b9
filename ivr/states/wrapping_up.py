"""WRAPPING_UP: the talking is over; the last lines end and somebody files the outcome."""

from __future__ import annotations

from typing import assert_never

from ivr import (
    again,
    common,
    device,
    paperwork,
    supervision,
)
from ivr.case import Leg
from ivr.closing import GOODBYE, close_when_done
from ivr.commands import Play
from ivr.events import (
    CallArrived,
    CallerIdentified,
    CallerUnknown,
    CloseRequested,
    CommandFailed,
    DeviceReported,
    ElderCalledAgain,
    Event,
    FileShown,
    HangupRequested,
    IdentifyRequested,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    PaperRequested,
    PromptFinished,
    RecordingEnded,
    Requested,
    SeatReserved,
    SpeechHeard,
    TimerFired,
)
from ivr.turn import Turn
from ivr.vocabulary import LegKind, Prompt, Refusal


def wrapping_up(turn: Turn, event: Event) -> Turn:
    match event:
        case LegEnded():
            return leg_ended(turn, event)
        case LegAnswered():
            return too_late(turn, event)
        case PromptFinished():
            return prompt_finished(turn, event)
        case TimerFired():
            return timer_fired(turn, event)
        case SeatReserved():
            return common.seat_reserved(turn, event)
        case CloseRequested():
            return file_outcome(turn, event)
        case HangupRequested():
            return common.hang_up(turn, event)
        case PaperRequested():
            return paperwork.write(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return common.open_file(turn)
        case CommandFailed():
            return command_failed(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case IdentifyRequested():
            return common.identify(turn, event)
        case LegRinging() | KeyPressed() | SpeechHeard() | FileShown():
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case DeviceReported():
            return device.too_late(turn, event)
        case ElderCalledAgain():
            return again.pass_on(turn, event)
        case Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_ended(turn: Turn, event: LegEnded) -> Turn:
    """One line less; after the last one nothing of the case is left in Asterisk."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else one_line_less(turn, ended)


def one_line_less(turn: Turn, ended: Leg) -> Turn:
    if not supervision.ended(turn, ended) and ended.kind is LegKind.SEAT:
        turn.release(ended)
    return close_when_done(turn)


def too_late(turn: Turn, event: LegAnswered) -> Turn:
    """Somebody picked up while we were hanging up."""
    leg = common.mark_answered(turn, event)
    return turn if leg is None else turn.hang_up(leg)


def prompt_finished(turn: Turn, event: PromptFinished) -> Turn:
    """The elder has heard the goodbye: the line is closed."""
    elder = turn.case.elder
    heard = elder is not None and (event.leg, event.prompt) == (elder.id, Prompt.GOODBYE)
    return hang_up_elder(turn) if heard else turn


def timer_fired(turn: Turn, event: TimerFired) -> Turn:
    """The goodbye takes too long: the line is closed."""
    return hang_up_elder(turn) if event.timer == GOODBYE else turn


def hang_up_elder(turn: Turn) -> Turn:
    elder = turn.case.elder
    return turn.hang_up(elder) if elder is not None and elder.alive else turn


def file_outcome(turn: Turn, event: CloseRequested) -> Turn:
    """Somebody has seen to it: the outcome, once."""
    if turn.case.outcome is not None:
        return turn.refuse(Refusal.ALREADY_DONE)
    return close_when_done(paperwork.outcome_filed(turn.note(outcome=event.outcome, note=event.note)))


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    """A goodbye that cannot be said is not waited for; a leg that could not be dialled has ended."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    return turn if ended is None else one_line_less(turn, ended)
