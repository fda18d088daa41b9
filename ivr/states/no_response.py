"""NO_RESPONSE: the elder was rung back and does not answer (S4.3). A finds somebody who goes there, B rings the elder
without pause until help arrives or the elder speaks (S4.4, S4.5). Who is rung and what their keys mean is as in an
emergency; only what differs is here."""

from __future__ import annotations

from typing import assert_never

from ivr import (
    again,
    broken,
    cascade,
    common,
    device,
    events,
    holding,
    ladder,
    paperwork,
    rescue,
    roles,
    silence,
    supervision,
)
from ivr.case import Leg
from ivr.closing import finish
from ivr.commands import Play, StopTimer
from ivr.states import emergency
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseState, MessageKind, Refusal, Role


def no_response(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.SpeechHeard() | events.KeyPressed():
            return somebody_answers(turn, event)
        case events.HeardRequested():
            return agent_hears(turn)
        case events.LegEnded():
            return leg_ended(turn, event)
        case events.LegHeld():
            return holding.held(turn, event)
        case events.LegUnheld():
            return holding.unheld(turn, event)
        case events.LinesBroke():
            return broken.rescue_goes_on(turn, event)
        case events.CommandFailed():
            return command_failed(turn, event)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
        case events.LegRinging():
            return common.ringing(turn, event)
        case events.LegAnswered():
            return emergency.leg_answered(turn, event)
        case events.DeviceReported():
            return device.reported(turn, event)
        case events.LadderReported():
            return ladder.reported(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.PromptFinished():
            return emergency.prompt_finished(turn, event)
        case events.TimerFired():
            return emergency.timer_fired(turn, event)
        case events.CallRequested():
            return rescue.call(turn, event)
        case events.MergeRequested():
            return roles.merge(turn, event)
        case events.SplitRequested():
            return roles.split(turn, event)
        case events.IntercomRequested():
            return roles.intercom(turn)
        case events.IntercomEndRequested():
            return roles.end_intercom(turn)
        case events.SwapRequested():
            return roles.swap(turn)
        case events.TakeOverRequested():
            return roles.take_over(turn, event)
        case events.SuperviseRequested():
            return supervision.supervise(turn, event)
        case events.SuperviseEndRequested():
            return supervision.leave(turn)
        case events.HangupRequested():
            return common.hang_up(turn, event)
        case events.TransferRequested():
            return common.transfer(turn, event)
        case events.ArrivalReported():
            return emergency.help_arrived(turn)
        case events.StandDownRequested():
            return emergency.stand_down(turn)
        case events.CloseRequested():
            return finish(turn, event)
        case events.PaperRequested():
            return paperwork.write(turn, event)
        case events.CallerIdentified():
            return identified(turn, event)
        case events.CallerUnknown():
            return common.open_file(turn)
        case events.RecordingEnded():
            return common.recording_ended(turn, event)
        case events.RecordingLost():
            return common.recording_lost(turn, event)
        case events.RecordingPossible():
            return common.record_again(turn)
        case events.IdentifyRequested():
            return common.identify(turn, event)
        case events.EmergencyRequested() | events.SilentRequested():
            return common.already(turn)
        case events.FileShown():
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def begin(turn: Turn) -> Turn:
    """A and B are looked for, the contacts are rung, the elder is rung on and on."""
    turn.do(StopTimer(silence.CALL_BACK)).alarm(AlarmKind.NO_RESPONSE)
    turn.note(emergency_at=turn.at, arrived_at=None, police_offered=False).go(CaseState.NO_RESPONSE)
    common.warn_without_agreement(turn).find_seat(Role.A).find_seat(Role.B)
    return offer_police(silence.redial_soon(cascade.ring_contacts(turn)))


def somebody_answers(turn: Turn, event: events.SpeechHeard | events.KeyPressed) -> Turn:
    """The elder speaks, or presses a key; or a contact says with a key whether they come."""
    if silence.is_elders(turn, event):
        return elder_responds(turn)
    return emergency.key_pressed(turn, event) if isinstance(event, events.KeyPressed) else turn


def agent_hears(turn: Turn) -> Turn:
    """The agent hears the elder, however faintly."""
    if not turn.case.elder_up:
        return turn.refuse(Refusal.NOT_IN_THIS_STATE, "the elder is not on the line")
    return elder_responds(turn)


def elder_responds(turn: Turn) -> Turn:
    """The alarm is over: everybody is told, nobody else is rung, a service that was reached has to be called off. Once
    help is there nothing is left to call off."""
    if turn.case.arrived_at:
        return silence.heard(turn).go(CaseState.EMERGENCY)
    turn.note(heard=True).alarm(AlarmKind.ELDER_SPOKE)
    emergency.call_off_services(turn)
    cascade.tell_contacts(turn, MessageKind.CALLED_OFF)
    return rescue.stop_asking(turn).go(CaseState.EMERGENCY)


def identified(turn: Turn, event: events.CallerIdentified) -> Turn:
    """The elder's file comes late: they and their contacts are rung now."""
    silence.redial_soon(common.identified(turn, event))
    if turn.case.arrived_at or not event.file.contacts:
        return turn
    return cascade.ring_contacts(turn)


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """The elder is rung again; a contact is tried on the next phone; a role is filled again."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """Who could not be dialled has ended, and the next one is tried; a prompt counts as finished."""
    if isinstance(event.command, Play):
        return emergency.prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def after_the_end(turn: Turn, leg: Leg) -> Turn:
    emergency.after_the_end(turn, leg)
    if turn.case.state is not CaseState.NO_RESPONSE or turn.case.arrived_at:
        return turn
    return offer_police(turn.find_seat(Role.A).find_seat(Role.B))


def offer_police(turn: Turn) -> Turn:
    """Nobody who could go there is reached: A is offered 110, once (S4.4)."""
    if cascade.hope(turn) or turn.case.police_offered:
        return turn
    return turn.note(police_offered=True).alarm(AlarmKind.OFFER_POLICE)
