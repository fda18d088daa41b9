"""Duty phones, and the mobile of a community's manager: people without seat and screen, rung when no seat answers. They
must press 1, as a contact must, for a voicemail would swallow an elder. The first who does becomes agent A."""

from __future__ import annotations

from collections.abc import Iterable

from ivr import ids
from ivr.case import Leg
from ivr.commands import Play, StartTimer, StopTimer, Timer
from ivr.events import KeyPressed, PromptFinished
from ivr.numbers import may_be_rung
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Place, Prompt, Result, Role, TimerKind


def ring(turn: Turn, phones: Iterable[str], name: str = "") -> Turn:
    """All at once; not those that are on the line already."""
    known = {leg.number for leg in turn.case.live(LegKind.DUTY)}
    for number in dict.fromkeys(phones):
        if number not in known and may_be_rung(number):
            leg_id = ids.duty_leg(1 + turn.case.count(LegKind.DUTY))
            turn.dial(Leg(id=leg_id, kind=LegKind.DUTY, number=number, name=name), turn.policy.duty_ring)
    if turn.case.state is CaseState.ARRIVING and any(turn.case.live(LegKind.DUTY)):
        turn.go(CaseState.RINGING_SEATS)
    return turn


def answered(turn: Turn, leg: Leg) -> Turn:
    """Somebody or something picks up: the offer, until a key is pressed."""
    key = Timer(TimerKind.CONTACT_KEY, leg.id)
    return turn.do(Play(leg.id, Prompt.DUTY_OFFER), StartTimer(key, turn.policy.contact_key))


def asked(turn: Turn, leg_id: str) -> Leg | None:
    """The duty phone of this leg, if it was asked and has not said anything yet."""
    leg = turn.case.leg(leg_id)
    return leg if leg is not None and leg.kind is LegKind.DUTY and leg.up and leg.result is None else None


def takes_the_call(turn: Turn, event: KeyPressed) -> Leg | None:
    """1 takes the call: the leg, now agent A, for the state to bring it where agent A belongs. 2 cannot, 9 hears the
    offer again."""
    leg = asked(turn, event.leg)
    if leg is None:
        return None
    stop_key = StopTimer(Timer(TimerKind.CONTACT_KEY, leg.id))
    match event.key:
        case "1":
            turn.do(stop_key).stop_finding(Role.A)
            rung = turn.case.seat(Role.A)
            if rung is not None:  # a seat that only rings; the role is the duty phone's from here on
                turn.let_go(turn.change(rung, role=None))
            return turn.change(leg, result=Result.ACCEPTED, role=Role.A)
        case "2":
            turn.do(stop_key, Play(leg.id, Prompt.CONTACT_DECLINED))
            turn.change(leg, result=Result.DECLINED)
        case "9":
            turn.do(Play(leg.id, Prompt.DUTY_OFFER))
        case _:
            pass
    return None


def prompt_finished(turn: Turn, leg: Leg, event: PromptFinished) -> Turn:
    """The offer is repeated until a key is pressed; whoever cannot come is let go."""
    if event.problem and leg.alive:
        turn.alarm(AlarmKind.COMMAND_FAILED, f"{event.prompt}: {event.problem}")
    if not leg.up or leg.place is not Place.NOWHERE:
        return turn
    if leg.result is Result.DECLINED:
        return turn.hang_up(leg)
    return turn.do(Play(leg.id, Prompt.DUTY_OFFER)) if leg.result is None and not event.problem else turn


def let_go(turn: Turn) -> Turn:
    """An agent is there: nobody else has to come."""
    for leg in tuple(turn.case.live(LegKind.DUTY)):
        if leg.result is None:
            turn.hang_up(leg, Result.CANCELLED)
    return turn
