"""RINGING_SEATS: one seat after the other is rung; the elder hears comfort and music. When none answers, duty phones
and the elder's contacts are rung as well (`overflow.py`)."""

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
    rescue,
    roles,
    silence,
    supervision,
)
from ivr.case import Leg
from ivr.closing import abandoned
from ivr.commands import Play
from ivr.turn import Turn
from ivr.vocabulary import MUST_ACCEPT, AlarmKind, CaseState, LegKind, Place, Role, TimerKind


def ringing_seats(turn: Turn, event: events.Event) -> Turn:
    match event:
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
        case events.SeatReserved():
            return common.seat_reserved(turn, event)
        case events.Queued():
            return common.queued(turn, event)
        case events.CallerIdentified():
            return common.identified(turn, event)
        case events.CallerUnknown():
            return common.open_file(turn)
        case events.PromptFinished():
            return prompt_finished(turn, event)
        case events.TimerFired():
            return timer_fired(turn, event)
        case events.KeyPressed():
            return key_pressed(turn, event)
        case events.CommandFailed():
            return command_failed(turn, event)
        case events.TakeOverRequested():
            return roles.take_over_a(turn, event, seat_answers)
        case events.SuperviseEndRequested():
            return supervision.leave(turn)
        case events.RecordingEnded():
            return common.recording_ended(turn, event)
        case events.RecordingLost():
            return common.recording_lost(turn, event)
        case events.RecordingPossible():
            return common.record_again(turn)
        case events.IdentifyRequested():
            return common.identify(turn, event)
        case events.SpeechHeard():
            return silence.elder_heard(turn, event)
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
        case events.Requested():
            return common.not_now(turn, event)
        case _:
            assert_never(event)


def leg_answered(turn: Turn, event: events.LegAnswered) -> Turn:
    """A seat that picks up is a person; a duty phone or a contact is asked first (voicemail answers too)."""
    leg = common.mark_answered(turn, event)
    if leg is not None and leg.kind is LegKind.SECOND:
        return again.answered(turn, leg)
    if leg is None or supervision.answered(turn, leg):
        return turn
    match leg.kind:
        case LegKind.SEAT:
            return seat_answers(turn, leg)
        case LegKind.DUTY:
            return duty.answered(turn, leg)
        case LegKind.CONTACT:
            return rescue.answered(turn, leg)
        case _:
            return turn


def seat_answers(turn: Turn, leg: Leg) -> Turn:
    seat = roles.relieve(turn, leg)
    if seat.role is Role.A:
        return agent_answers(turn, seat)
    # A professional whom the lost agent had asked for: the next agent is rung all the same.
    return turn.meet_elder(seat)


def agent_answers(turn: Turn, leg: Leg) -> Turn:
    """Agent A has the elder: this is the moment that counts as answered (K1)."""
    turn.meet_elder(leg)
    if turn.case.answered_at is None:
        turn.note(answered_at=turn.at)
    return silence.watch(turn.go(CaseState.TALKING))


def key_pressed(turn: Turn, event: events.KeyPressed) -> Turn:
    """The first duty phone on which 1 is pressed is agent A; a contact who presses 1 keeps the elder company."""
    if silence.is_elders(turn, event):
        return silence.heard(turn)
    agent = duty.takes_the_call(turn, event)
    if agent is not None:
        return agent_answers(turn, agent)
    leg = turn.case.leg(event.leg)
    return turn if leg is None else rescue.key_pressed(turn, leg, event.key)


def prompt_finished(turn: Turn, event: events.PromptFinished) -> Turn:
    """Music for the elder; an offer is repeated; a contact who comes is brought to the elder."""
    leg = turn.case.leg(event.leg)
    if leg is None or leg.kind not in MUST_ACCEPT:
        return common.elder_waits(turn, event)
    if leg.kind is LegKind.DUTY:
        return duty.prompt_finished(turn, leg, event)
    rescue.prompt_finished(turn, leg, event)
    company = turn.case.leg(leg.id)
    return turn.meet_elder(company) if company is not None and company.place is Place.ELDER else turn


def timer_fired(turn: Turn, event: events.TimerFired) -> Turn:
    """Nobody pressed a key in time, more contacts are to be rung, or the waiting elder is due a comforting word."""
    match event.timer.kind:
        case TimerKind.CONTACT_KEY:
            return rescue.no_key(turn, event.timer.leg)
        case TimerKind.NEXT_WAVE:
            return cascade.next_wave(turn)
        case _:
            return common.timer_fired(turn, event)


def leg_ended(turn: Turn, event: events.LegEnded) -> Turn:
    """The next seat is looked for, for as long as the elder holds the line."""
    ended = common.mark_ended(turn, event)
    if ended is None:
        return turn
    if turn.case.is_elder(ended):
        return broken.elder_broke_away(turn) if broken.broke_away(turn, event) else caller_gone(turn)
    return next_seat(turn, ended)


def next_seat(turn: Turn, ended: Leg) -> Turn:
    if not supervision.ended(turn, ended) and ended.kind is LegKind.SEAT:
        turn.release(ended)
    if ended.kind is LegKind.CONTACT:
        cascade.not_reached(turn, ended)
    return turn.keep_company().find_seat(Role.A)


def caller_gone(turn: Turn) -> Turn:
    cascade.stop_waves(turn).hang_up_all(LegKind.CONTACT)
    if turn.case.answered_at is not None:  # an agent had spoken to them before that seat was lost
        turn.alarm(AlarmKind.ELDER_HUNG_UP)
    return abandoned(turn)


def command_failed(turn: Turn, event: events.CommandFailed) -> Turn:
    """A seat that cannot be rung is skipped and marked; a prompt that cannot be played is followed by music."""
    if isinstance(event.command, Play):
        return prompt_finished(turn, common.unheard(event, event.command))
    ended = common.command_failed(turn, event)
    return turn if ended is None else next_seat(turn, ended)
