"""ARRIVING: the call is answered and hears the welcome; no seat has been reserved yet."""

from __future__ import annotations

from typing import assert_never

from ivr import common, ids
from ivr.case import Leg
from ivr.closing import abandoned
from ivr.commands import Answer, LookUp, MakeBridge, OpenProvisionalFile, Play
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
from ivr.vocabulary import CaseState, LegKind, Place, Prompt, Role


def arriving(turn: Turn, event: Event) -> Turn:
    match event:
        case CallArrived():
            return open_case(turn, event)
        case LegAnswered():
            return elder_is_up(turn, event)
        case LegEnded():
            return line_ended(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return open_file(turn)
        case SeatReserved():
            return first_seat(turn, event)
        case PromptFinished():
            return elder_waits(turn, event.leg)
        case TimerFired():
            return turn.comfort()
        case CommandFailed():
            return command_failed(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case LegRinging() | KeyPressed() | FileShown():
            return common.record_only(turn)
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


def open_case(turn: Turn, event: CallArrived) -> Turn:
    """Answer first; the look-up delays neither the answer nor the first ring."""
    elder = Leg(id=ids.ELDER, kind=LegKind.ELDER, number=event.caller, dialled_at=event.at)
    turn.note(
        caller=event.caller,
        dialled=event.dialled,
        channel=event.channel,
        recording=event.recording,
        opened_at=event.at,
        legs=(elder,),
        bridges=frozenset({Place.ELDER}),
    )
    turn.do(Answer(elder.id), Play(elder.id, Prompt.WELCOME), LookUp(event.caller))
    return turn.find_seat(Role.A).do(MakeBridge(Place.ELDER))


def elder_is_up(turn: Turn, event: LegAnswered) -> Turn:
    common.mark_answered(turn, event)
    return turn


def line_ended(turn: Turn, event: LegEnded) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn
    turn.end(leg, event.cause, None)
    return abandoned(turn).remove_bridges()


def open_file(turn: Turn) -> Turn:
    return turn.do(OpenProvisionalFile(turn.case.caller))


def first_seat(turn: Turn, event: SeatReserved) -> Turn:
    return turn.ring_seat(event.role, event.extension, event.agent).go(CaseState.RINGING_SEATS)


def elder_waits(turn: Turn, leg_id: str) -> Turn:
    leg = turn.case.leg(leg_id)
    return turn.after_prompt(leg) if leg is not None and leg.alive else turn


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    common.command_failed(turn, event)
    return turn
