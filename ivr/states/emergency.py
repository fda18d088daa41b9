"""EMERGENCY: A arranges rescue, B stays with the elder (S1). Ends with the outcome, or with a stand-down."""

from __future__ import annotations

from typing import assert_never

from ivr import common, rescue
from ivr.case import Leg
from ivr.closing import close_when_done, finish, say_goodbye
from ivr.commands import OpenProvisionalFile, Play, ReleaseSeat
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
from ivr.vocabulary import (
    AlarmKind,
    CaseState,
    LegKind,
    Place,
    Prompt,
    Refusal,
    Result,
    Role,
    SeatRelease,
    TimerKind,
    result_of_cause,
)


def emergency(turn: Turn, event: Event) -> Turn:
    match event:
        case SeatReserved():
            return seat_found(turn, event)
        case LegRinging():
            return common.ringing(turn, event)
        case LegAnswered():
            return leg_answered(turn, event)
        case LegEnded():
            return leg_ended(turn, event)
        case KeyPressed():
            return key_pressed(turn, event)
        case PromptFinished():
            return prompt_finished(turn, event)
        case TimerFired():
            return timer_fired(turn, event)
        case CallRequested():
            return rescue.call(turn, event)
        case MergeRequested():
            return merge(turn, event)
        case HangupRequested():
            return hang_up(turn, event)
        case TransferRequested():
            return turn.find_seat(Role.X, event.skill)
        case ArrivalReported():
            return help_arrived(turn)
        case StandDownRequested():
            return stand_down(turn)
        case CloseRequested():
            return finish(turn, event)
        case CallerIdentified():
            return common.identified(turn, event)
        case CallerUnknown():
            return turn.do(OpenProvisionalFile(turn.case.caller))
        case CommandFailed():
            return command_failed(turn, event)
        case RecordingEnded():
            return common.recording_ended(turn, event)
        case EmergencyRequested() | SilentRequested():
            return turn.refuse(Refusal.ALREADY_DONE)
        case FileShown():
            return common.record_only(turn)
        case CallArrived():
            return common.unexpected(turn, event)
        case _:
            assert_never(event)


def seat_found(turn: Turn, event: SeatReserved) -> Turn:
    if turn.case.seat(event.role) is not None:
        return turn.do(ReleaseSeat(event.extension, SeatRelease.NOT_NEEDED))
    return turn.ring_seat(event.role, event.extension, event.agent)


# --- who speaks with whom -------------------------------------------------------------------------------------------


def leg_answered(turn: Turn, event: LegAnswered) -> Turn:
    leg = common.mark_answered(turn, event)
    if leg is None:
        return turn
    match leg.kind, leg.role:
        case LegKind.ELDER, _:
            return elder_answered(turn, leg)
        case LegKind.SEAT, Role.B:
            return b_takes_the_elder(turn, leg)
        case LegKind.SEAT, Role.A if turn.case.seat_up(Role.B):
            return turn.move(leg, Place.RESCUE)
        case LegKind.SEAT, _:
            return turn.meet_elder(leg)
        case _:
            return rescue.answered(turn, leg)


def b_takes_the_elder(turn: Turn, b: Leg) -> Turn:
    """B has the elder (S1.5); A goes to the rescue bridge, with whoever was on the line for the rescue already."""
    turn.meet_elder(b)
    for leg in tuple(turn.case.live()):
        if leg.up and leg.place is Place.ELDER and (leg.role is Role.A or leg.kind in rescue.OUTSIDE):
            turn.move(leg, Place.RESCUE)
    return turn


def elder_answered(turn: Turn, elder: Leg) -> Turn:
    """The elder picked up again after hanging up."""
    company = turn.case.seat(Role.B) or turn.case.seat(Role.A)
    if company is not None and company.up:
        return turn.meet_elder(company)
    return turn.do(Play(elder.id, Prompt.COMFORT))


def merge(turn: Turn, event: MergeRequested) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive or leg.kind is LegKind.ELDER:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    if not leg.up or (leg.kind is LegKind.CONTACT and leg.result is not Result.ACCEPTED):
        return turn.refuse(Refusal.LEG_NOT_ANSWERED)
    if leg.place is Place.ELDER:
        return turn.refuse(Refusal.ALREADY_DONE)
    if not turn.case.elder_up:
        return turn.refuse(Refusal.NOT_IN_THIS_STATE)
    return turn.meet_elder(leg)


# --- keys, prompts, timers ------------------------------------------------------------------------------------------


def key_pressed(turn: Turn, event: KeyPressed) -> Turn:
    leg = turn.case.leg(event.leg)
    return turn if leg is None else rescue.key_pressed(turn, leg, event.key)


def prompt_finished(turn: Turn, event: PromptFinished) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn
    if leg.kind is not LegKind.ELDER:
        return rescue.prompt_finished(turn, leg, event.prompt)
    return turn.after_prompt(leg) if turn.case.elder_alone else turn


def timer_fired(turn: Turn, event: TimerFired) -> Turn:
    if event.timer.kind is TimerKind.CONTACT_KEY:
        return rescue.no_key(turn, event.timer.leg)
    return turn.comfort()


# --- somebody is gone -----------------------------------------------------------------------------------------------


def leg_ended(turn: Turn, event: LegEnded) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn
    ended = turn.end(leg, event.cause, None if leg.up else result_of_cause(event.cause))
    return after_the_end(turn, ended, was_up=leg.up)


def command_failed(turn: Turn, event: CommandFailed) -> Turn:
    ended = common.command_failed(turn, event)
    return turn if ended is None else after_the_end(turn, ended, was_up=False)


def after_the_end(turn: Turn, leg: Leg, *, was_up: bool) -> Turn:
    match leg.kind:
        case LegKind.SEAT:
            turn.release(leg)
            if was_up and not turn.case.arrived_at:
                turn.alarm(AlarmKind.SEAT_LOST, str(leg.role))
        case LegKind.CONTACT:
            rescue.next_phone(turn, leg)
        case LegKind.ELDER:
            if was_up and not turn.case.arrived_at:
                turn.alarm(AlarmKind.ELDER_HUNG_UP)
        case LegKind.SERVICE | LegKind.NUMBER:
            pass
        case _:
            assert_never(leg.kind)
    return settle(turn)


def settle(turn: Turn) -> Turn:
    """Before help has arrived every open role is filled again; afterwards the last agent to leave ends the case."""
    case = turn.case
    seats = any(case.live(LegKind.SEAT))
    if case.arrived_at and not seats and not case.searching:
        return close_when_done(say_goodbye(turn))
    turn.keep_company()
    if case.arrived_at:
        return turn
    if case.elder_up and case.seat(Role.B) is None:
        turn.find_seat(Role.B)
    if case.seat(Role.A) is None and (case.elder_up or any(case.live(*rescue.OUTSIDE))):
        turn.find_seat(Role.A)
    if not any(turn.case.live()):
        turn.stop_finding()
    return turn


# --- what agents decide ---------------------------------------------------------------------------------------------


def hang_up(turn: Turn, event: HangupRequested) -> Turn:
    leg = turn.case.leg(event.leg)
    if leg is None or not leg.alive:
        return turn.refuse(Refusal.UNKNOWN_LEG, event.leg[:40])
    return turn.hang_up(leg, None if leg.up else Result.CANCELLED)


def help_arrived(turn: Turn) -> Turn:
    """S1.7: written down; nobody is rung any more. Those who speak go on speaking."""
    if turn.case.arrived_at:
        return turn.refuse(Refusal.ALREADY_DONE)
    turn.note(arrived_at=turn.at)
    return rescue.stop_asking(turn).stop_finding()


def stand_down(turn: Turn) -> Turn:
    """The alarm is over: helpers are let go, one agent stays with the elder. A service that was reached has to be
    called off by a person, so A is told."""
    for leg in turn.case.legs:
        if leg.kind is LegKind.SERVICE and leg.result is Result.ACCEPTED:
            turn.alarm(AlarmKind.CALL_OFF_SERVICE, leg.number)
    turn.hang_up_all(*rescue.OUTSIDE).stop_finding()
    if not turn.case.elder_up:
        return close_when_done(say_goodbye(turn))
    a, b = turn.case.seat(Role.A), turn.case.seat(Role.B)
    if a is None or not a.up:
        return b_stays(turn, a, b)
    if b is not None:
        turn.hang_up(b, None if b.up else Result.CANCELLED)
    return turn.meet_elder(a).go(CaseState.TALKING)


def b_stays(turn: Turn, a: Leg | None, b: Leg | None) -> Turn:
    if b is None or not b.up:
        return turn.refuse(Refusal.NO_AGENT_ON_LINE)
    if a is not None:
        turn.hang_up(a, Result.CANCELLED)
        turn.change(turn.case.leg(a.id) or a, role=Role.X)
    turn.change(b, role=Role.A)
    return turn.go(CaseState.TALKING)
