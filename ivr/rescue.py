"""The rescue side of an emergency: services, contacts and other numbers; whom to ring, what their keys mean (S1.3,
S1.4, S1.9). Which contacts are rung and when is in `cascade`. A contact counts as reached only after pressing 1."""

from __future__ import annotations

import re
from typing import Final

from ivr import cascade, ids
from ivr.case import Leg
from ivr.commands import Play, StartTimer, StopTimer, Timer
from ivr.events import CallRequested, PromptFinished
from ivr.numbers import DIALABLE, SERVICES, may_be_rung
from ivr.turn import Turn
from ivr.vocabulary import (
    DIGITS,
    AlarmKind,
    CaseKind,
    CaseState,
    LegKind,
    Place,
    Prompt,
    Refusal,
    Result,
    Role,
    TimerKind,
)

OUTSIDE = (LegKind.SERVICE, LegKind.CONTACT, LegKind.NUMBER)
_CONTACT_ID = re.compile(r"[0-9]{1,18}")


def place_of_rescue(turn: Turn) -> Place:
    """Where helpers are brought: to A. Without a B, A is with the elder, and so are they. While no agent has answered
    yet, they keep the elder company."""
    if turn.case.state is CaseState.RINGING_SEATS:
        return Place.ELDER
    a = turn.case.seat(Role.A)
    return Place.ELDER if a is not None and a.place is Place.ELDER else Place.RESCUE


def call(turn: Turn, event: CallRequested) -> Turn:
    """Ring whoever an agent on the line asks for: a service, the contacts, the elder, a number."""
    if not (turn.case.seat_up(Role.A) or turn.case.seat_up(Role.B)):
        return turn.refuse(Refusal.NO_AGENT_ON_LINE)
    what, _, which = event.target.partition(":")
    match what, which:
        case (service, "") if service in SERVICES:
            return call_service(turn, service)
        case "number", number if number in SERVICES:
            return call_service(turn, number)
        case "number", number if DIALABLE.fullmatch(number):
            return call_number(turn, number)
        case "contacts", "":
            return cascade.call_contacts(turn)
        case "contact", contact if _CONTACT_ID.fullmatch(contact):
            return cascade.call_contact(turn, int(contact))
        case "elder", "":
            return call_elder(turn)
        case _:
            return turn.refuse(Refusal.UNKNOWN_TARGET, event.target[:40])


def call_service(turn: Turn, number: str) -> Turn:
    """Irrevocable, so only ever by a person's request; rings the contacts at the same time (S1.9)."""
    if any(leg.number == number for leg in turn.case.live(LegKind.SERVICE)):
        return turn.refuse(Refusal.ALREADY_CALLING, number)
    attempt = 1 + turn.case.count(LegKind.SERVICE, number=number)
    leg = Leg(id=ids.service_leg(number, attempt), kind=LegKind.SERVICE, number=number, name=number)
    turn.dial(leg, turn.policy.service_ring)
    return cascade.ring_contacts(turn) if turn.policy.cascade_with_service else turn


def call_number(turn: Turn, number: str) -> Turn:
    if any(leg.number == number for leg in turn.case.live(*OUTSIDE)):
        return turn.refuse(Refusal.ALREADY_CALLING)
    leg = Leg(id=ids.number_leg(1 + turn.case.count(LegKind.NUMBER)), kind=LegKind.NUMBER, number=number)
    return turn.dial(leg, turn.policy.contact_ring)


def call_elder(turn: Turn) -> Turn:
    elder = turn.case.elder
    if elder is not None and elder.alive:
        return turn.refuse(Refusal.ALREADY_CALLING)
    if not number_of_elder(turn):
        return turn.refuse(Refusal.UNKNOWN_TARGET, "elder")
    return ring_elder(turn)


def number_of_elder(turn: Turn) -> str:
    """Where the elder can be rung: the line that called, else the home phone, else a terminal; empty when none of
    these is known."""
    file = turn.case.file
    known = (file.home_phone, *file.lines) if file else ()
    return next((number for number in (turn.case.caller, *known) if may_be_rung(number)), "")


def ring_elder(turn: Turn) -> Turn:
    """One more leg to the elder; they have to be heard on it anew."""
    leg = ids.elder_leg(1 + turn.case.count(LegKind.ELDER))
    elder = Leg(id=leg, kind=LegKind.ELDER, number=number_of_elder(turn))
    return turn.note(heard=False).do(StopTimer(Timer(TimerKind.REDIAL))).dial(elder, turn.policy.call_back_ring)


# --- what they do ---------------------------------------------------------------------------------------------------

_WHAT_HAPPENED: Final = dict.fromkeys(
    (CaseKind.SOS, CaseKind.ORDINARY, CaseKind.COMPLAINT, CaseKind.OUTBOUND, CaseKind.CARE), Prompt.WHAT_KEY
)


def answered(turn: Turn, leg: Leg) -> Turn:
    """A service or a number that an agent asked for is a person; a contact is asked first (voicemail answers too)."""
    if leg.kind is not LegKind.CONTACT:
        return turn.move(turn.change(leg, result=Result.ACCEPTED), place_of_rescue(turn))
    key = Timer(TimerKind.CONTACT_KEY, leg.id)
    return turn.do(Play(leg.id, Prompt.CONTACT_OFFER), StartTimer(key, turn.policy.contact_key))


def key_pressed(turn: Turn, leg: Leg, key: str) -> Turn:
    """1 comes, 2 cannot, 9 hears it again; other keys leave the offer standing."""
    if leg.kind is not LegKind.CONTACT or not leg.up:
        return turn
    if leg.result is not None:
        again = key == "9" and leg.result is Result.ACCEPTED and leg.place is Place.NOWHERE
        return turn.do(who_and_what(turn, leg.id)) if again else turn
    stop_key = StopTimer(Timer(TimerKind.CONTACT_KEY, leg.id))
    match key:
        case "1":
            turn.do(stop_key, who_and_what(turn, leg.id))
            turn.change(leg, result=Result.ACCEPTED)
            cascade.accepted_by(turn)
        case "2":
            turn.do(stop_key, Play(leg.id, Prompt.CONTACT_DECLINED))
            turn.change(leg, result=Result.DECLINED)
        case "9":
            turn.do(Play(leg.id, Prompt.CONTACT_OFFER))
        case _:
            pass
    return turn


def who_and_what(turn: Turn, leg: str) -> Play:
    """Who is in need and what happened: only for a person who has pressed 1. Before that a voicemail or a stranger may
    be listening (S14)."""
    number = tuple(DIGITS[int(digit)] for digit in number_of_elder(turn))
    who = (Prompt.CONTACT_WHO, *number) if number else ()
    silent = turn.case.state is CaseState.NO_RESPONSE
    what = Prompt.WHAT_SILENT if silent else _WHAT_HAPPENED.get(turn.case.kind, Prompt.WHAT_DEVICE)
    return Play(leg, Prompt.CONTACT_THANKS, (*who, what))


def prompt_finished(turn: Turn, leg: Leg, event: PromptFinished) -> Turn:
    """A contact heard a prompt out. What could not be played is not tried again (it would fail at the speed of the
    network); the decision that it followed stands."""
    if event.problem and leg.alive:
        turn.alarm(AlarmKind.COMMAND_FAILED, f"{event.prompt}: {event.problem}")
    if not leg.up or leg.place is not Place.NOWHERE:
        return turn
    match event.prompt:
        case Prompt.CONTACT_THANKS:
            return turn.move(leg, place_of_rescue(turn))
        case Prompt.CONTACT_DECLINED:
            return turn.hang_up(leg)
        case _ if leg.result is None and not event.problem:
            return turn.do(Play(leg.id, Prompt.CONTACT_OFFER))
        case _:
            return turn


def no_key(turn: Turn, leg_id: str) -> Turn:
    """Somebody or something answered and pressed nothing: most likely a voicemail, and never "reached"."""
    leg = turn.case.leg(leg_id)
    if leg is None or not leg.up or leg.result is not None:
        return turn
    return turn.hang_up(leg, Result.VOICEMAIL)


def stop_asking(turn: Turn) -> Turn:
    """Help is there or not needed: whoever has not been reached is left in peace."""
    cascade.stop_waves(turn)
    for leg in tuple(turn.case.live(*OUTSIDE)):
        if leg.result is not Result.ACCEPTED:
            turn.hang_up(leg, Result.CANCELLED)
    return turn
