"""TALKING: agent A and the elder speak with each other; a professional (role X) is looked for, or has joined them."""

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
from ivr.closing import abandoned, close_when_done, finish, say_goodbye
from ivr.commands import Play, StopTimer
from ivr.turn import COMFORT, Turn
from ivr.vocabulary import NORMAL_CLEARING, AlarmKind, CaseState, LegKind, Place, Prompt, Refusal, Role


def talking(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.EmergencyRequested():
            return start_emergency(turn)
        case events.SilentRequested():
            return elder_is_silent(turn)
        case events.HeardRequested():
            return silence.agent_hears(turn)
        case events.SpeechHeard():
            return silence.elder_heard(turn, event)
        case events.CallRequested():
            return emergency_by_calling(turn, event)
        case events.KeyPressed():
            return key_pressed(turn, event)
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
            return broken.ring_back(turn, event)
        case events.TransferRequested():
            return consultation.ask(turn, event)
        case events.ThreeWayRequested():
            return consultation.three_way(turn)
        case events.ReturnRequested():
            return consultation.send_back(turn)
        case events.HandOverRequested():
            return consultation.hand_over(turn)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
        case events.HangupRequested():
            return hang_up(turn, event)
        case events.CloseRequested():
            return finish(turn, event)
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
        case events.PromptFinished():
            return prompt_finished(turn, event)
        case events.TimerFired():
            return timer_fired(turn, event)
        case events.FileShown():
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.DeviceReported():
            return device.reported(turn, event)
        case events.LadderReported():
            return ladder.reported(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.TakeOverRequested():
            return roles.take_over_a(turn, event)
        case events.SuperviseRequested():
            return supervision.supervise(turn, event)
        case events.SuperviseEndRequested():
            return supervision.leave(turn)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def start_emergency(turn: Turn) -> Turn:
    """The A/B mechanism (S1.1)."""
    consultation.forget(turn).note(emergency_at=turn.at, arrived_at=None)
    turn.go(CaseState.EMERGENCY).do(StopTimer(silence.SILENCE))
    return common.warn_without_agreement(turn).find_seat(Role.B)


def emergency_by_calling(turn: Turn, event: events.CallRequested) -> Turn:
    """Whoever calls 120 or a contact has decided that it is an emergency: no second key is asked for. A call that is
    refused (a mistyped number) starts nothing."""
    trial = rescue.call(start_emergency(Turn(turn.case, turn.policy, turn.at)), event)
    return trial if trial.refusal is None else turn.do(trial.refusal)


def elder_is_silent(turn: Turn) -> Turn:
    """The agent decides: nobody speaks on this line (S4.1), so it is rung back (S4.2)."""
    if not rescue.number_of_elder(turn):
        return start_emergency(turn)
    return silence.call_back(consultation.forget(turn))


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """Nobody has spoken for a while: ask, ask again, then it counts as an emergency. Or no professional was found; or
    the elder, whose agent holds the line, is told again that we come back."""
    if event.timer == COMFORT:
        return turn.comfort(Prompt.HOLD)
    if event.timer == consultation.PROFESSIONAL:
        return consultation.nobody_found(turn)
    if event.timer != silence.SILENCE:
        return turn
    if turn.case.elder_alone:  # on hold: whoever speaks then speaks to music
        return silence.watch(turn)
    if turn.case.asked >= silence.QUESTIONS and not turn.case.heard:
        return elder_is_silent(turn.alarm(AlarmKind.SILENT))
    return silence.still_silent(turn)


def key_pressed(turn: Turn, event: events.KeyPressed) -> Turn:
    """*44 and *45 on an agent's phone are the buttons for emergency and silence; any key of the elder is an answer."""
    if silence.is_elders(turn, event):
        return silence.heard(turn)
    match common.code_of_seat(turn, event):
        case "*44":
            return start_emergency(turn)
        case "*45":
            return elder_is_silent(turn)
        case _:
            return turn


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """A contact who was asked while nobody answered is brought in; music for an elder who waits."""
    leg = turn.case.leg(event.leg)
    if leg is not None and leg.kind is LegKind.CONTACT:
        return rescue.prompt_finished(turn, leg, event)
    return common.elder_waits(turn, event)


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """The professional is heard first; or another agent takes over; or Asterisk tells late that the elder is there."""
    leg = common.mark_answered(turn, event)
    if leg is None or supervision.answered(turn, leg):
        return turn
    if leg.role is Role.X:
        return consultation.begin(turn, leg)
    roles.seat_takes_the_elder(turn, leg)
    return silence.watch(turn) if leg.kind is LegKind.ELDER else turn


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """The talk ends with the elder, or with the agent; another professional is asked when one does not answer."""
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
            return consultation.try_next(turn, ended)
        case _:
            return turn


def elder_left(turn: Turn) -> Turn:
    """After a talk that is its end. An elder who was never heard pressed the key and could do no more, and one who was
    put on hold hung up because we made them wait: ring back."""
    if holding.kept_waiting(turn) and rescue.number_of_elder(turn):
        return silence.call_back(consultation.forget(turn).alarm(AlarmKind.ELDER_HUNG_UP))
    if turn.case.heard:
        return talk_is_over(turn)
    never_heard(turn)
    return silence.call_back(turn) if rescue.number_of_elder(turn) else abandoned(turn)


def never_heard(turn: Turn) -> Turn:
    """A call that ends without a word of the elder's is no end (S4.1, K7)."""
    return consultation.forget(turn).do(StopTimer(silence.SILENCE)).alarm(AlarmKind.SILENT)


def talk_is_over(turn: Turn) -> Turn:
    """Everybody hangs up; the outcome is still to be filed."""
    consultation.forget(turn).stop_finding().hang_up_all().go(CaseState.WRAPPING_UP)
    return close_when_done(turn)


def agent_left(turn: Turn, cause: int) -> Turn:
    """An agent who hangs up has ended the talk, or handed it over to the professional (S2.1: a warm transfer) or to the
    agent who is being rung; a phone that broke has not, so the next seat is rung. Nor has an agent who hangs up on an
    elder who was never heard: that line is rung back, and kept where it cannot be."""
    if cause in {NORMAL_CLEARING, 0}:
        professional = turn.case.seat(Role.X)
        if professional is not None and professional.up:
            roles.give_role(turn, professional, Role.A)
            return turn
        alone = roles.relief(turn, Role.A) is None
        if alone and turn.case.heard:
            return close_when_done(say_goodbye(turn))
        if alone and rescue.number_of_elder(turn):
            return silence.call_back(never_heard(turn))
    consultation.forget(turn).do(StopTimer(silence.SILENCE)).alarm(AlarmKind.SEAT_LOST)
    turn.keep_company().find_seat(Role.A)
    return turn.go(CaseState.RINGING_SEATS)


def hang_up(turn: Turn, event: events.HangupRequested) -> Turn:
    """One leg is let go; the elder only with a goodbye."""
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind is LegKind.SNOOP:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    if leg.kind is LegKind.ELDER and leg.place is not Place.NOWHERE and not turn.case.seconds:
        return close_when_done(say_goodbye(turn))
    return turn.let_go(leg)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A professional's seat that cannot be rung goes back, and the next one is tried."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    if ended is None or supervision.ended(turn, ended) or ended.kind is not LegKind.SEAT:
        return turn
    turn.release(ended)
    return consultation.try_next(turn, ended) if ended.role is Role.X else turn
