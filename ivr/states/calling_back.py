"""CALLING_BACK: the line was silent, or the caller hung up before anybody spoke to them. The elder is rung, twice
(S4.2); an agent is on the case meanwhile, or looked for."""

from __future__ import annotations

from typing import assert_never

from ivr import (
    again,
    broken,
    care_case,
    common,
    device,
    duty,
    events,
    holding,
    ladder,
    overflow,
    paperwork,
    rescue,
    roles,
    silence,
    supervision,
)
from ivr.case import Leg
from ivr.closing import finish
from ivr.commands import StartTimer, StopTimer
from ivr.states import no_response
from ivr.turn import Turn
from ivr.vocabulary import CaseState, LegKind, Place, Result, Role, TimerKind


def calling_back(turn: Turn, event: events.Event) -> Turn:
    match event:
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
        case events.TimerFired():
            return timer_fired(turn, event)
        case events.DeviceReported():
            return device.reported(turn, event)
        case events.LadderReported():
            return ladder.reported(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
        case events.LegRinging():
            return common.ringing(turn, event)
        case events.EmergencyRequested():
            return no_response.begin(turn)
        case events.SilentRequested():
            return common.already(turn)
        case events.CallRequested():
            return call_requested(turn, event)
        case events.KeyPressed():
            return key_pressed(turn, event)
        case events.TakeOverRequested():
            return roles.take_over_a(turn, event, roles.seat_waits_for_elder)
        case events.SuperviseRequested():
            return supervision.supervise(turn, event)
        case events.SuperviseEndRequested():
            return supervision.leave(turn)
        case events.HangupRequested():
            return common.hang_up(turn, event)
        case events.CloseRequested():
            return finish(turn, event)
        case events.PaperRequested():
            return paperwork.write(turn, event)
        case events.CallerIdentified():
            return identified(turn, event)
        case events.CallerUnknown():
            return unknown(turn)
        case events.PromptFinished():
            return prompt_finished(turn, event)
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
        case events.SpeechHeard() | events.FileShown():
            return common.record_only(turn)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """The pause is over: the elder is rung, in a crowd once an agent is there. While their last line has not ended yet
    they are not: that end starts it. Or a duty phone's time for a key is over."""
    if event.timer.kind is TimerKind.CONTACT_KEY:
        return rescue.no_key(turn, event.timer.leg)
    if event.timer != silence.CALL_BACK or line_alive(turn):
        return turn
    left = wait_for_agent(turn)
    return turn.do(StartTimer(silence.CALL_BACK, left)) if left > 0 else ring_back(turn)


def line_alive(turn: Turn) -> bool:
    """A line of the elder's stands or rings."""
    return turn.case.elder is not None and turn.case.elder.alive


def wait_for_agent(turn: Turn) -> float:
    """Seconds that the call-back may still wait for an agent: where many wait, an elder who was rung without one would
    only join the row again. Not for ever, since whoever does not pick up needs somebody to go there (S4.3). An elder
    whose line broke off did not hang up: they are rung at once."""
    if not common.in_crowd(turn) or turn.case.seat_up(Role.A) or turn.case.broke:
        return 0.0
    return turn.policy.crowd_call_back - overflow.waited(turn.case, turn.at)


def identified(turn: Turn, event: events.CallerIdentified) -> Turn:
    """The elder's file is known: for whom a device has called, they are rung now."""
    common.identified(turn, event)
    return ring_back(turn) if device.never_rung(turn) else turn


def unknown(turn: Turn) -> Turn:
    """Nobody has this number; or nobody this device, and then there is nobody to ring."""
    if not device.never_rung(turn):
        return common.open_file(turn)
    return common.open_file(ring_back(turn)) if rescue.number_of_elder(turn) else no_response.begin(turn)


def ring_back(turn: Turn) -> Turn:
    """Twice in all, however often they picked up and were silent; not at all where nobody knows a number, nor once more
    who has not answered our care calls."""
    if care_case.nobody_answers(turn.case):
        return no_response.begin(turn)
    if turn.case.call_backs >= turn.policy.call_backs or not rescue.number_of_elder(turn):
        return no_response.begin(turn)
    turn.note(call_backs=turn.case.call_backs + 1).do(StopTimer(silence.CALL_BACK))
    return rescue.ring_elder(turn)


def key_pressed(turn: Turn, event: events.KeyPressed) -> Turn:
    """*44 on an agent's phone: nobody waits for a call-back any more. 1 on a duty phone: that agent waits with us."""
    agent = duty.takes_the_call(turn, event)
    if agent is not None:
        return agent_is_there(turn.move(agent, Place.ELDER))
    return no_response.begin(turn) if common.code_of_seat(turn, event) == "*44" else turn


def call_requested(turn: Turn, event: events.CallRequested) -> Turn:
    """Whoever calls for help has decided that there is no response; who calls the elder only cuts the pause short. A
    call that is refused (a mistyped number) starts nothing."""
    trial = rescue.call(Turn(turn.case, turn.policy, turn.at).note(emergency_at=turn.at), event)
    if trial.refusal is not None:
        return turn.do(trial.refusal)
    if event.target == "elder":
        return ring_back(turn)
    return no_response.begin(trial)


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """The elder picks up: the same case goes on, with the same agent. Or the agent does, and waits with us."""
    leg = common.mark_answered(turn, event)
    if leg is None or supervision.answered(turn, leg):
        return turn
    match leg.kind:
        case LegKind.ELDER:
            return elder_answered(turn, leg)
        case LegKind.DUTY:
            return duty.answered(turn, leg)
        case _:
            return agent_is_there(roles.seat_waits_for_elder(turn, leg))


def agent_is_there(turn: Turn) -> Turn:
    """A call-back that waited for an agent is made now."""
    due = (common.in_crowd(turn) or pause_is_over(turn)) and turn.case.seat_up(Role.A) and not line_alive(turn)
    return ring_back(turn) if due else turn


def pause_is_over(turn: Turn) -> bool:
    """Only an agent was missing, also where the row has become short meanwhile: after a restart it is counted anew."""
    elder = turn.case.elder
    if elder is None or elder.ended_at is None:
        return False
    return (turn.at - elder.ended_at).total_seconds() > turn.policy.call_back_pause


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """The offer is repeated to a duty phone; an elder who waits hears music."""
    leg = turn.case.leg(event.leg)
    if leg is not None and leg.kind is LegKind.DUTY:
        return duty.prompt_finished(turn, leg, event)
    return common.elder_waits(turn, event)


def elder_answered(turn: Turn, elder: Leg) -> Turn:
    silence.listen(turn, elder)
    a = turn.case.seat(Role.A)
    if a is None or not a.up:
        turn.find_seat(Role.A).say(elder, device.hello(turn)).go(CaseState.RINGING_SEATS)
        return turn.note(broke=False)
    if turn.case.answered_at is None:
        turn.note(answered_at=turn.at)
    return silence.watch(broken.told(turn.meet_elder(a)).go(CaseState.TALKING))


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """Nobody picked up; or a seat is lost, and the next one is looked for."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A call-back that cannot be dialled counts as one that nobody answered."""
    ended = common.command_failed(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def after_the_end(turn: Turn, ended: Leg) -> Turn:
    if supervision.ended(turn, ended):
        return turn
    if ended.kind is LegKind.SEAT:
        turn.release(ended)
    if ended.role is not None:
        return turn.find_seat(Role.A)
    if not turn.case.is_elder(ended):
        return turn
    if ended.answered_at is not None:  # the line that was silent
        return silence.call_back(turn)
    return tried(turn, ended)


def tried(turn: Turn, ended: Leg) -> Turn:
    """A busy line is told apart and tried again; after the second time without an answer S4.3 begins."""
    if ended.result is Result.BUSY and turn.case.busy < turn.policy.busy_retries:
        turn.note(busy=turn.case.busy + 1, call_backs=turn.case.call_backs - 1)
    elif turn.case.call_backs >= turn.policy.call_backs:
        return no_response.begin(turn)
    return silence.call_back(turn)
