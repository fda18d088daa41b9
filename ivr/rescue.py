"""The rescue side of an emergency: services, contacts and other numbers; whom to ring, what their keys mean (S1.3,
S1.4, S1.9). A contact counts as reached only after pressing 1."""

from __future__ import annotations

import re

from ivr import ids
from ivr.case import ContactCard, Leg
from ivr.commands import Play, StartTimer, StopTimer, Timer
from ivr.events import CallRequested, PromptFinished
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, LegKind, Place, Prompt, Refusal, Result, Role, Service, TimerKind

OUTSIDE = (LegKind.SERVICE, LegKind.CONTACT, LegKind.NUMBER)
DIALABLE = re.compile(r"[0-9]{3,15}")
_CONTACT_ID = re.compile(r"[0-9]{1,18}")
_SERVICES = frozenset(service.value for service in Service)


def place_of_rescue(turn: Turn) -> Place:
    """Where helpers are brought: to A. Without a B, A is with the elder, and so are they."""
    a = turn.case.seat(Role.A)
    return a.place if a is not None and a.place is not Place.NOWHERE else Place.RESCUE


def call(turn: Turn, event: CallRequested) -> Turn:
    """Ring whoever an agent on the line asks for: a service, the contacts, the elder, a number."""
    if not (turn.case.seat_up(Role.A) or turn.case.seat_up(Role.B)):
        return turn.refuse(Refusal.NO_AGENT_ON_LINE)
    what, _, which = event.target.partition(":")
    match what, which:
        case (service, "") if service in _SERVICES:
            return call_service(turn, service)
        case "number", number if number in _SERVICES:
            return call_service(turn, number)
        case "number", number if DIALABLE.fullmatch(number):
            return call_number(turn, number)
        case "contacts", "":
            return call_contacts(turn)
        case "contact", contact if _CONTACT_ID.fullmatch(contact):
            return call_contact(turn, int(contact))
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
    return ring_contacts(turn) if turn.policy.cascade_with_service else turn


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
    """Where the elder can be rung: the line that called, else the home phone; empty when neither is known."""
    home_phone = turn.case.file.home_phone if turn.case.file else ""
    return next((number for number in (turn.case.caller, home_phone) if may_be_rung(number)), "")


def ring_elder(turn: Turn) -> Turn:
    """One more leg to the elder; they have to be heard on it anew."""
    leg = ids.elder_leg(1 + turn.case.count(LegKind.ELDER))
    elder = Leg(id=leg, kind=LegKind.ELDER, number=number_of_elder(turn))
    return turn.note(heard=False).do(StopTimer(Timer(TimerKind.REDIAL))).dial(elder, turn.policy.call_back_ring)


# --- contacts -------------------------------------------------------------------------------------------------------


def may_be_rung(number: str) -> bool:
    """Whether a number from the register or the trunk may be dialled as a person's: never 110/120/119, which only a
    human calls, and by its own name."""
    return DIALABLE.fullmatch(number) is not None and number not in _SERVICES


def phones_of(contact: ContactCard) -> tuple[str, ...]:
    return tuple(phone for phone in contact.phones if may_be_rung(phone))


def call_contacts(turn: Turn) -> Turn:
    if not turn.case.file or not any(phones_of(contact) for contact in turn.case.file.contacts):
        return turn.refuse(Refusal.UNKNOWN_TARGET, "contacts")
    before = turn.case
    rung = ring_contacts(turn).case is not before
    return turn if rung else turn.refuse(Refusal.ALREADY_CALLING)


def call_contact(turn: Turn, contact_id: int) -> Turn:
    contact = _card(turn, contact_id)
    if contact is None or not phones_of(contact):
        return turn.refuse(Refusal.UNKNOWN_TARGET, f"contact:{contact_id}")
    if _on_the_line(turn, contact):
        return turn.refuse(Refusal.ALREADY_CALLING)
    return _ring(turn, contact, 0)


def ring_contacts(turn: Turn) -> Turn:
    """All at once: everybody on file who is neither on the line nor reached already in this emergency."""
    contacts = turn.case.file.contacts if turn.case.file else ()
    if not any(phones_of(contact) for contact in contacts):
        return turn.alarm(AlarmKind.NO_CONTACTS)
    for contact in contacts:
        if phones_of(contact) and not _on_the_line(turn, contact) and not _reached(turn, contact):
            _ring(turn, contact, 0)
    return turn


def _card(turn: Turn, contact_id: int | None) -> ContactCard | None:
    contacts = turn.case.file.contacts if turn.case.file else ()
    return next((contact for contact in contacts if contact.id == contact_id), None)


def _on_the_line(turn: Turn, contact: ContactCard) -> bool:
    return any(leg.contact == contact.id for leg in turn.case.live(LegKind.CONTACT))


def _reached(turn: Turn, contact: ContactCard) -> bool:
    return any(accepted(turn, leg) for leg in turn.case.legs if leg.contact == contact.id)


def accepted(turn: Turn, leg: Leg) -> bool:
    """Pressed 1 in the present emergency; what was said in an earlier one does not count."""
    since = turn.case.emergency_at
    present = since is None or leg.dialled_at is None or leg.dialled_at >= since
    return present and leg.result is Result.ACCEPTED


def _ring(turn: Turn, contact: ContactCard, phone_index: int) -> Turn:
    attempt = 1 + turn.case.count(LegKind.CONTACT, contact=contact.id)
    leg = Leg(
        id=ids.contact_leg(contact.id, attempt),
        kind=LegKind.CONTACT,
        number=phones_of(contact)[phone_index],
        name=f"{contact.name} {contact.relation}".strip(),
        contact=contact.id,
        phone_index=phone_index,
    )
    return turn.dial(leg, turn.policy.contact_ring)


# --- what they do ---------------------------------------------------------------------------------------------------


def answered(turn: Turn, leg: Leg) -> Turn:
    """A service or a number that an agent asked for is a person; a contact is asked first (voicemail answers too)."""
    if leg.kind is not LegKind.CONTACT:
        return turn.move(turn.change(leg, result=Result.ACCEPTED), place_of_rescue(turn))
    key = Timer(TimerKind.CONTACT_KEY, leg.id)
    return turn.do(Play(leg.id, Prompt.CONTACT_OFFER), StartTimer(key, turn.policy.contact_key))


def key_pressed(turn: Turn, leg: Leg, key: str) -> Turn:
    """1 comes, 2 cannot, 9 hears it again; other keys leave the offer standing."""
    if leg.kind is not LegKind.CONTACT or not leg.up or leg.result is not None:
        return turn
    stop_key = StopTimer(Timer(TimerKind.CONTACT_KEY, leg.id))
    match key:
        case "1":
            turn.do(stop_key, Play(leg.id, Prompt.CONTACT_THANKS))
            turn.change(leg, result=Result.ACCEPTED)
        case "2":
            turn.do(stop_key, Play(leg.id, Prompt.CONTACT_DECLINED))
            turn.change(leg, result=Result.DECLINED)
        case "9":
            turn.do(Play(leg.id, Prompt.CONTACT_OFFER))
        case _:
            pass
    return turn


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


def next_phone(turn: Turn, leg: Leg) -> Turn:
    """A contact was not reached on this phone: try the next one on file."""
    contact = _card(turn, leg.contact)
    decided = leg.result in {Result.ACCEPTED, Result.DECLINED, Result.CANCELLED}
    if contact is None or decided or leg.phone_index + 1 >= len(phones_of(contact)):
        return turn
    return _ring(turn, contact, leg.phone_index + 1)


def stop_asking(turn: Turn) -> Turn:
    """Help is there or not needed: whoever has not been reached is left in peace."""
    for leg in tuple(turn.case.live(*OUTSIDE)):
        if leg.result is not Result.ACCEPTED:
            turn.hang_up(leg, Result.CANCELLED)
    return turn
