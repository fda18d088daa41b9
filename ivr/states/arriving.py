"""ARRIVING: the call is answered and hears the welcome; no seat has been reserved yet."""

from __future__ import annotations

from typing import Final, assert_never

from ivr import (
    again,
    broken,
    care_case,
    common,
    device,
    events,
    ids,
    ladder,
    outbound,
    paperwork,
    roles,
    routing,
    silence,
)
from ivr.case import Leg
from ivr.closing import abandoned
from ivr.commands import Answer, LookUp, MakeBridge, Play
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseKind, CaseState, LegKind, Place, Prompt, Role, TapeProblem

_WAIT_FOR_THE_FILE: Final = frozenset({CaseKind.ORDINARY, CaseKind.CARE})


def arriving(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.CallArrived():
            return open_case(turn, event)
        case events.CallOutRequested():
            return outbound.begin(turn, event)
        case events.LegAnswered():
            return elder_is_up(turn, event)
        case events.LegEnded():
            return line_ended(turn, event)
        case events.LinesBroke():
            return broken.ring_back(turn, event)
        case events.CallerIdentified():
            return identified(turn, event)
        case events.CallerUnknown():
            return unknown(turn)
        case events.SeatReserved():
            return first_seat(turn, event)
        case events.Queued():
            return common.queued(turn, event)
        case events.TakeOverRequested():
            return taken_at_once(turn, event)
        case events.PromptFinished():
            return common.elder_waits(turn, event)
        case events.TimerFired():
            return common.timer_fired(turn, event)
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
        case events.SpeechHeard() | events.KeyPressed():
            return silence.elder_heard(turn, event)
        case events.LegRinging() | events.LegHeld() | events.LegUnheld() | events.FileShown():
            return common.record_only(turn)
        case events.DeviceReported():
            return device.open_case(turn, event)
        case events.LadderReported():
            return ladder.open_case(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def open_case(turn: Turn, event: events.CallArrived) -> Turn:
    """Answer first; the look-up delays neither the answer nor the first ring of an alarm or a complaint. An ordinary
    call waits for it, since it tells whose seat is asked (H2), and one that a care call hands over: nobody rings a
    stranger's line."""
    if turn.case.legs:
        return common.unexpected(turn, event)
    if care_case.is_unanswered(event):
        return care_case.open_case(turn, event)
    elder = Leg(id=ids.ELDER, kind=LegKind.ELDER, number=event.caller, channel=event.channel, dialled_at=event.at)
    turn.note(
        caller=event.caller,
        dialled=event.dialled,
        channel=event.channel,
        kind=event.kind,
        again_of=event.again_of,
        topic=paperwork.topic_of(event.kind),
        opened_at=event.at,
        legs=(elder,),
        bridges=frozenset({Place.ELDER}),
    )
    if not event.recording and event.kind is not CaseKind.CARE:  # whom we rang is recorded in the bridge
        turn.alarm(AlarmKind.RECORDING_FAILED, TapeProblem.NOT_STARTED)
    turn.tape_call(elder, event.recording)
    silence.listen(turn.do(Answer(elder.id)), elder)
    turn.say(elder, Prompt.WELCOME).do(LookUp(event.caller))
    if event.again_of:
        turn.alarm(AlarmKind.CALLS_AGAIN, event.again_of)
    if turn.case.kind not in _WAIT_FOR_THE_FILE:
        turn.find_seat(Role.A)
    return turn.do(MakeBridge(Place.ELDER))


def identified(turn: Turn, event: events.CallerIdentified) -> Turn:
    """The elder's file is known: an ordinary call is offered to their community's seat, or to the centre (H2)."""
    common.identified(turn, event)
    if Role.A in turn.case.searching or turn.case.seat(Role.A) is not None:
        return turn
    return turn.note(community=routing.community_for(turn.case, in_hours=event.in_hours)).find_seat(Role.A)


def unknown(turn: Turn) -> Turn:
    """Nobody has this number: the centre answers, and a provisional file is opened (X5)."""
    return common.open_file(turn.find_seat(Role.A))


def elder_is_up(turn: Turn, event: events.LegAnswered) -> Turn:
    """Asterisk has picked up: from here on the elder hears us."""
    common.mark_answered(turn, event)
    return turn


def line_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """The caller hung up before a seat was found; a line that the network dropped is rung back at once."""
    ended = common.mark_ended(turn, event)
    if ended is None or not turn.case.is_elder(ended):
        return turn
    return broken.elder_broke_away(turn) if broken.broke_away(turn, event) else abandoned(turn)


def first_seat(turn: Turn, event: events.SeatReserved) -> Turn:
    """The first seat is rung."""
    common.seat_reserved(turn, event)
    return turn.go(CaseState.RINGING_SEATS) if turn.case.seat_of(event.extension) else turn


def taken_at_once(turn: Turn, event: events.TakeOverRequested) -> Turn:
    """Somebody sees the call wait, and wants it on their seat; others are looked for all the same."""
    roles.take_over_a(turn, event)
    return turn if turn.refusal else turn.find_seat(Role.A).go(CaseState.RINGING_SEATS)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A welcome that cannot be played is followed by music like any other."""
    if isinstance(event.command, Play):
        return common.elder_waits(turn, common.unheard(event, event.command))
    common.command_failed(turn, event)
    return turn
