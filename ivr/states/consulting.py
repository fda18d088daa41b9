"""CONSULTING: the agent and a professional speak alone (S2.1); the elder waits with music and a word now and then."""

from __future__ import annotations

from typing import assert_never

from ivr import (
    again,
    broken,
    common,
    consultation,
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
from ivr.closing import close_when_done, finish, say_goodbye
from ivr.commands import Play
from ivr.states import talking
from ivr.turn import COMFORT, Turn
from ivr.vocabulary import AlarmKind, LegKind, Place, Prompt, Result, Role


def consulting(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.ThreeWayRequested():
            return consultation.three_way(turn)
        case events.ReturnRequested():
            return consultation.send_back(turn)
        case events.HandOverRequested():
            return consultation.hand_over(turn)
        case events.EmergencyRequested():
            return start_emergency(turn)
        case events.CallRequested():
            return emergency_by_calling(turn, event)
        case events.LegEnded():
            return leg_ended(turn, event)
        case events.LegHeld():
            return holding.held(turn, event)
        case events.LegUnheld():
            return holding.unheld(turn, event)
        case events.LinesBroke():
            return broken.ring_back(turn, event)
        case events.LegAnswered():
            return leg_answered(turn, event)
        case events.PromptFinished():
            return prompt_finished(turn, event)
        case events.TimerFired():
            return timer_fired(turn, event)
        case events.KeyPressed():
            return key_pressed(turn, event)
        case events.SpeechHeard():
            return silence.elder_heard(turn, event)
        case events.HangupRequested():
            return hang_up(turn, event)
        case events.CloseRequested():
            return finish(turn, event)
        case events.PaperRequested():
            return paperwork.write(turn, event)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
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
        case events.DeviceReported():
            return device.reported(turn, event)
        case events.LadderReported():
            return ladder.reported(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.LegRinging() | events.FileShown():
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.TransferRequested():
            return common.transfer(turn, event)
        case events.TakeOverRequested():
            return roles.take_over_a(turn, event, takes_the_place)
        case events.SuperviseRequested():
            return supervision.supervise(turn, event)
        case events.SuperviseEndRequested():
            return supervision.leave(turn)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def start_emergency(turn: Turn) -> Turn:
    """It is one after all: all three go to the elder, and the A/B mechanism starts."""
    return talking.start_emergency(consultation.three_way(turn))


def emergency_by_calling(turn: Turn, event: events.CallRequested) -> Turn:
    """Whoever calls 120 or a contact has decided that it is an emergency; a call that is refused changes nothing."""
    trial = rescue.call(start_emergency(Turn(turn.case, turn.policy, turn.at)), event)
    return trial if trial.refusal is None else turn.do(trial.refusal)


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """The waiting elder is told again that we come back."""
    return turn.comfort(Prompt.HOLD) if event.timer == COMFORT else turn


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """The waiting elder hears music next; a contact who accepted before the agent came keeps them company."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.kind is not LegKind.CONTACT:
        return common.elder_waits(turn, event)
    comes = leg.up and leg.place is Place.NOWHERE and leg.result is Result.ACCEPTED
    return turn.meet_elder(leg) if comes else rescue.prompt_finished(turn, leg, event)


def key_pressed(turn: Turn, event: events.KeyPressed) -> Turn:
    """On a seat's phone: *44 emergency, *46 all together, *47 back to the elder without the professional."""
    if silence.is_elders(turn, event):
        return silence.heard(turn)
    match common.code_of_seat(turn, event):
        case "*44":
            return start_emergency(turn)
        case "*46":
            return consultation.three_way(turn)
        case "*47":
            return consultation.send_back(turn)
        case _:
            return turn


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """Another agent takes over, in the same place; or Asterisk tells late that the elder is there: told to wait."""
    leg = common.mark_answered(turn, event)
    if leg is None or supervision.answered(turn, leg):
        return turn
    if turn.case.is_elder(leg):
        return turn.say(leg, Prompt.HOLD)
    if leg.kind is LegKind.SECOND:
        return again.answered(turn, leg)
    return takes_the_place(turn, leg)


def takes_the_place(turn: Turn, seat: Leg) -> Turn:
    """Of the agent who is relieved, beside the professional."""
    came = roles.relieve(turn, seat)
    return turn if came.place is Place.INTERCOM else turn.meet_elder(came)


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """Whoever is left of agent and professional goes back to the elder."""
    ended = common.mark_ended(turn, event)
    if ended is None or supervision.ended(turn, ended):
        return turn
    if turn.case.is_elder(ended):
        return broken.elder_broke_away(turn) if broken.broke_away(turn, event) else elder_left(turn)
    if ended.kind is LegKind.SEAT:
        turn.release(ended)
    match ended.role:
        case Role.A:
            return agent_left(turn, event.cause)
        case Role.X:
            return consultation.back_to_elder(turn)
        case _:
            return turn.keep_company()


def agent_left(turn: Turn, cause: int) -> Turn:
    """The professional has the elder. An agent who hangs up has handed over; for one whose phone broke the next seat is
    rung."""
    return talking.agent_left(consultation.three_way(turn), cause)


def elder_left(turn: Turn) -> Turn:
    """It was we who made them wait: they are rung back, with the same agent. The professional is not kept waiting."""
    turn.alarm(AlarmKind.ELDER_HUNG_UP)
    agent, professional = turn.case.seat(Role.A), turn.case.seat(Role.X)
    if agent is None or not rescue.number_of_elder(turn):
        return talking.talk_is_over(turn)
    if professional is not None:
        turn.let_go(professional)
    turn.move(agent, Place.ELDER)
    return silence.call_back(turn)


def hang_up(turn: Turn, event: events.HangupRequested) -> Turn:
    """One leg is let go; the elder only with a goodbye."""
    leg = turn.case.leg(event.leg)
    if leg is not None and leg.alive and leg.kind is LegKind.ELDER and not turn.case.seconds:
        return close_when_done(say_goodbye(turn))
    return common.hang_up(turn, event)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A word that the waiting elder cannot hear is followed by music; a seat that cannot be rung goes back."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    if ended is None or supervision.ended(turn, ended):
        return turn
    return turn.release(ended) if ended.kind is LegKind.SEAT else turn
