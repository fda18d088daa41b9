"""EMERGENCY: A arranges rescue, B stays with the elder (S1). Ends with the outcome, or with a stand-down."""

from __future__ import annotations

from typing import assert_never

from ivr import (
    again,
    broken,
    cascade,
    common,
    device,
    duty,
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
from ivr.commands import Play, StopTimer
from ivr.turn import Turn
from ivr.vocabulary import (
    MUST_ACCEPT,
    NORMAL_CLEARING,
    OUT_OF_ORDER,
    AlarmKind,
    CaseState,
    LegKind,
    MessageKind,
    Prompt,
    Refusal,
    Result,
    Role,
    TimerKind,
)


def emergency(turn: Turn, event: events.Event) -> Turn:
    match event:
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
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
            return broken.rescue_goes_on(turn, event)
        case events.KeyPressed():
            return key_pressed(turn, event)
        case events.PromptFinished():
            return prompt_finished(turn, event)
        case events.TimerFired():
            return timer_fired(turn, event)
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
            return help_arrived(turn)
        case events.StandDownRequested():
            return stand_down(turn)
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
        case events.EmergencyRequested() | events.SilentRequested():
            return common.already(turn)
        case events.SpeechHeard():
            return silence.elder_heard(turn, event)
        case events.HeardRequested():
            return silence.agent_hears(turn)
        case events.FileShown():
            return common.record_only(turn)
        case events.DeviceReported():
            return device.reported(turn, event)
        case events.LadderReported():
            return ladder.reported(turn, event)
        case events.ElderCalledAgain():
            return again.called_again(turn, event)
        case events.CallArrived():
            return common.unexpected(turn, event)
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


# --- who speaks with whom -------------------------------------------------------------------------------------------


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """Agents go where their roles belong; who was rung for help is heard first."""
    leg = common.mark_answered(turn, event)
    if leg is None or supervision.answered(turn, leg):
        return turn
    match leg.kind:
        case LegKind.ELDER:
            return elder_answered(turn, leg)
        case LegKind.SECOND:
            return again.answered(turn, leg)
        case LegKind.SEAT:
            return roles.seat_answered(turn, leg)
        case LegKind.DUTY:
            return duty.answered(turn, leg)
        case _:
            return rescue.answered(turn, leg)


def elder_answered(turn: Turn, elder: Leg) -> Turn:
    """The elder picked up again after hanging up. Agents may have left meanwhile: their roles are filled again."""
    silence.listen(turn, elder)
    company = roles.company_for_elder(turn)
    if company is None:
        turn.say(elder, Prompt.LINE_BROKE if turn.case.broke else Prompt.COMFORT)
        return settle(turn.note(broke=False))
    return settle(broken.told(turn.meet_elder(company)))


# --- keys, prompts, timers ------------------------------------------------------------------------------------------


def key_pressed(turn: Turn, event: events.KeyPressed) -> Turn:
    """A contact says with 1, 2 or 9 whether they come, a duty phone whether it takes A's part; any key of the elder is
    an answer."""
    if silence.is_elders(turn, event):
        return silence.heard(turn)
    agent = duty.takes_the_call(turn, event)
    if agent is not None:
        return roles.a_takes_the_rescue(turn, agent)
    leg = turn.case.leg(event.leg)
    return turn if leg is None else rescue.key_pressed(turn, leg, event.key)


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """A waiting elder hears music next; a contact is asked again, joined or let go."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.kind not in MUST_ACCEPT:
        return common.elder_waits(turn, event)
    if leg.kind is LegKind.DUTY:
        return duty.prompt_finished(turn, leg, event)
    return rescue.prompt_finished(turn, leg, event)


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """A contact pressed nothing in time, or the waiting elder is due a comforting word."""
    match event.timer.kind:
        case TimerKind.CONTACT_KEY:
            return rescue.no_key(turn, event.timer.leg)
        case TimerKind.REDIAL:
            return silence.redial(turn)
        case TimerKind.NEXT_WAVE:
            return cascade.next_wave(turn)
        case TimerKind.COMFORT:
            return turn.comfort()
        case TimerKind.GOODBYE | TimerKind.SILENCE | TimerKind.CALL_BACK | TimerKind.OVERFLOW | TimerKind.PROFESSIONAL:
            return turn
        case _:
            assert_never(event.timer.kind)


# --- somebody is gone -----------------------------------------------------------------------------------------------


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """Before help is there every role is filled again; a contact is tried on the next phone."""
    ended = common.mark_ended(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """Who could not be dialled has ended, and the next seat or phone is tried; a prompt counts as finished."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    return turn if ended is None else after_the_end(turn, ended)


def after_the_end(turn: Turn, leg: Leg) -> Turn:
    was_up = leg.answered_at is not None
    if supervision.ended(turn, leg):
        return settle(turn)
    match leg.kind:
        case LegKind.SEAT | LegKind.DUTY:
            if leg.kind is LegKind.SEAT:
                turn.release(leg)
            if was_up and leg.role in {Role.A, Role.B} and not turn.case.arrived_at:
                turn.alarm(AlarmKind.SEAT_LOST, str(leg.role))
            elif was_up and leg.role in {Role.A, Role.B} and turn.case.elder_alone and _broke(leg):
                turn.alarm(AlarmKind.SEAT_LOST, str(leg.role)).find_seat(leg.role)
        case LegKind.CONTACT:
            cascade.not_reached(turn, leg)
        case LegKind.ELDER if not turn.case.is_elder(leg):
            pass  # let go for the elder's own call
        case LegKind.ELDER:
            if was_up and leg.cause == OUT_OF_ORDER and not turn.case.arrived_at:
                turn.alarm(AlarmKind.LINES_LOST, "1").note(broke=True)
            elif was_up and not turn.case.arrived_at:
                turn.alarm(AlarmKind.ELDER_HUNG_UP)
            silence.redial_soon(turn)
        case LegKind.SERVICE | LegKind.NUMBER | LegKind.SECOND | LegKind.SNOOP:
            pass
        case _:
            assert_never(leg.kind)
    return settle(turn)


def _broke(leg: Leg) -> bool:
    """Nobody hung up."""
    return leg.cause not in {NORMAL_CLEARING, 0}


def settle(turn: Turn) -> Turn:
    """Before help has arrived every open role is filled again; afterwards the last agent to leave ends the case, but
    not one whose phone broke off: the elder is spoken with to the end."""
    case = roles.leave_intercom(turn).case
    if case.arrived_at and not any(case.agents) and not (case.elder_up and case.searching):
        return close_when_done(say_goodbye(turn))
    turn.keep_company()
    if case.arrived_at:
        return turn
    if case.elder_up and case.seat(Role.B) is None:
        turn.find_seat(Role.B)
    if case.seat(Role.A) is None and (case.elder_up or any(case.live(*rescue.OUTSIDE))):
        turn.find_seat(Role.A)
    if not any(turn.case.live()):
        turn.stop_finding().remove_bridges()
    return turn


# --- what agents decide ---------------------------------------------------------------------------------------------


def help_arrived(turn: Turn) -> Turn:
    """S1.7: written down; nobody is rung any more. Those who speak go on speaking; with no agent left the case ends."""
    if turn.case.arrived_at:
        return turn.refuse(Refusal.ALREADY_DONE)
    turn.note(arrived_at=turn.at).do(StopTimer(silence.REDIAL))
    elder = turn.case.elder
    if elder is not None and elder.alive and not elder.up:
        turn.let_go(elder)
    cascade.tell_contacts(turn, MessageKind.HELP_ARRIVED)
    return settle(rescue.stop_asking(turn).stop_finding())


def stand_down(turn: Turn) -> Turn:
    """The alarm is over: helpers are let go, one agent stays with the elder. A service that was reached has to be
    called off by a person, so A is told."""
    a, b = turn.case.seat(Role.A), turn.case.seat(Role.B)
    if turn.case.elder_up and not (a and a.up) and not (b and b.up):
        return turn.refuse(Refusal.NO_AGENT_ON_LINE)
    call_off_services(turn)
    cascade.tell_contacts(cascade.stop_waves(turn), MessageKind.CALLED_OFF)
    roles.call_off_relief(turn, Role.B)
    turn.hang_up_all(*rescue.OUTSIDE).stop_finding().do(StopTimer(silence.REDIAL))
    if not turn.case.elder_up:
        return close_when_done(say_goodbye(turn))
    if a is not None and a.up:
        if b is not None:
            turn.let_go(b)
        return silence.watch(turn.meet_elder(a).go(CaseState.TALKING))
    if a is not None:  # still ringing; the role is B's from here on
        turn.let_go(turn.change(a, role=Role.X))
    if b is not None:
        turn.meet_elder(roles.give_role(turn, b, Role.A))
    return silence.watch(turn.go(CaseState.TALKING))


def call_off_services(turn: Turn) -> Turn:
    """Only a person can tell a service that it is not needed any more."""
    for leg in turn.case.legs:
        if leg.kind is LegKind.SERVICE and leg.result is Result.ACCEPTED:
            turn.alarm(AlarmKind.CALL_OFF_SERVICE, leg.number)
    return turn
