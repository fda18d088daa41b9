"""The cascade: which contacts are rung, and when (S1.4, S1.9): all at once, or wave after wave by policy; each on all
of their phones, each told by SMS as well. What their keys mean is in `rescue`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from ivr import ids
from ivr.case import ContactCard, Leg
from ivr.commands import SendMessage, StartTimer, StopTimer, Timer
from ivr.numbers import may_be_rung, takes_messages
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, LegKind, MessageKind, Refusal, Relation, Result, TimerKind

NEXT_WAVE = Timer(TimerKind.NEXT_WAVE)
# Who is closest comes first; whose tie we do not know counts as family, rather than being rung last.
_WAVE_OF: Final = {
    Relation.CHILD: 1,
    Relation.GUARDIAN: 1,
    Relation.OTHER: 1,
    Relation.NEIGHBOUR: 2,
    Relation.COMMITTEE: 3,
    Relation.STATION: 4,
}
_DECIDED: Final = frozenset({Result.ACCEPTED, Result.DECLINED, Result.CANCELLED})


def phones_of(contact: ContactCard) -> tuple[str, ...]:
    return tuple(phone for phone in contact.phones if may_be_rung(phone))


def in_order(contacts: Iterable[ContactCard]) -> list[ContactCard]:
    """Who is closest first; of the same wave as they stand on file."""
    return sorted(contacts, key=lambda contact: _WAVE_OF[contact.kind])


# --- what agents ask for --------------------------------------------------------------------------------------------


def call_contacts(turn: Turn) -> Turn:
    """Everybody; while a next wave waits, that one now."""
    if not turn.case.file or not any(phones_of(contact) for contact in turn.case.file.contacts):
        return turn.refuse(Refusal.UNKNOWN_TARGET, "contacts")
    before = turn.case.legs
    rung = next_wave(turn).case.legs != before
    return turn if rung else turn.refuse(Refusal.ALREADY_CALLING)


def call_contact(turn: Turn, contact_id: int) -> Turn:
    contact = _card(turn, contact_id)
    if contact is None or not phones_of(contact):
        return turn.refuse(Refusal.UNKNOWN_TARGET, f"contact:{contact_id}")
    if _on_the_line(turn, contact):
        return turn.refuse(Refusal.ALREADY_CALLING)
    return _ring(_ask_for_help(turn, contact), contact, 0)


# --- waves ----------------------------------------------------------------------------------------------------------


def ring_contacts(turn: Turn) -> Turn:
    """Everybody on file who is neither on the line nor reached already in this emergency; by policy only the first
    wave of them. Nothing new when a cascade runs already."""
    if turn.case.next_wave_at:
        return turn
    contacts = turn.case.file.contacts if turn.case.file else ()
    if not any(phones_of(contact) for contact in contacts):
        turn.alarm(AlarmKind.NO_CONTACTS)
    return next_wave(turn)


def next_wave(turn: Turn) -> Turn:
    """Ring the contacts whose turn it is, and start the clock for those who follow them."""
    after = turn.case.wave if turn.case.next_wave_at else 0
    waiting = [contact for contact in _to_be_rung(turn) if wave_of(turn, contact) > after]
    now = min((wave_of(turn, contact) for contact in waiting if phones_of(contact)), default=after)
    for contact in waiting:
        if wave_of(turn, contact) <= now or not phones_of(contact):
            _ask_for_help(turn, contact)
            _ring(turn, contact, 0)
    later = any(wave_of(turn, contact) > now and phones_of(contact) for contact in waiting)
    if not later:
        return stop_waves(turn)
    pause = turn.policy.wave_pause
    return turn.note(wave=now, next_wave_at=turn.at + timedelta(seconds=pause)).do(StartTimer(NEXT_WAVE, pause))


def wave_of(turn: Turn, contact: ContactCard) -> int:
    return _WAVE_OF[contact.kind] if turn.policy.cascade_waves else 1


def not_reached(turn: Turn, leg: Leg) -> Turn:
    """A contact was not reached on this phone: try the next one on file. When nobody of the waves so far is left to
    hope for, the next wave need not wait."""
    contact = _card(turn, leg.contact)
    if contact is not None and leg.result not in _DECIDED and leg.phone_index + 1 < len(phones_of(contact)):
        return _ring(turn, contact, leg.phone_index + 1)
    return next_wave(turn) if turn.case.next_wave_at and not hope(turn) else turn


def ring_again(turn: Turn, leg: Leg) -> Turn:
    """The line broke off before the contact had said whether they come: the same phone once more."""
    contact = _card(turn, leg.contact)
    return turn if contact is None or _on_the_line(turn, contact) else _ring(turn, contact, leg.phone_index)


def accepted_by(turn: Turn) -> Turn:
    """Somebody comes; whether the others are rung all the same is the district's choice (S1.9: they are)."""
    return stop_waves(turn) if turn.policy.waves_stop else turn


def hope(turn: Turn) -> bool:
    """Somebody who could go there is being asked, or has said that they come."""
    return any(leg.alive or accepted(turn, leg) for leg in turn.case.legs if leg.kind is LegKind.CONTACT)


def stop_waves(turn: Turn) -> Turn:
    """Nobody else is to be rung."""
    if turn.case.next_wave_at is None:
        return turn
    return turn.note(wave=0, next_wave_at=None).do(StopTimer(NEXT_WAVE))


def tell_contacts(turn: Turn, kind: MessageKind) -> Turn:
    """Whoever was asked for help by SMS learns how it went."""
    contacts = turn.case.file.contacts if turn.case.file else ()
    for contact in contacts:
        if contact.id in turn.case.messaged and (number := _mobile_of(contact)):
            turn.do(SendMessage(kind, contact.id, contact.name, number))
    return turn


# --- one contact ----------------------------------------------------------------------------------------------------


def _to_be_rung(turn: Turn) -> list[ContactCard]:
    contacts = turn.case.file.contacts if turn.case.file else ()
    return [contact for contact in contacts if not _on_the_line(turn, contact) and not _reached(turn, contact)]


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


def _ask_for_help(turn: Turn, contact: ContactCard) -> Turn:
    """One message to each contact, however often they are rung. Without a mobile that is only put on record."""
    if contact.id in turn.case.messaged:
        return turn
    turn.do(SendMessage(MessageKind.HELP_NEEDED, contact.id, contact.name, _mobile_of(contact)))
    return turn.note(messaged=turn.case.messaged | {contact.id})


def _mobile_of(contact: ContactCard) -> str:
    return next((phone for phone in contact.phones if takes_messages(phone)), "")


def _ring(turn: Turn, contact: ContactCard, phone_index: int) -> Turn:
    phones = phones_of(contact)
    if not phones:
        return turn
    attempt = 1 + turn.case.count(LegKind.CONTACT, contact=contact.id)
    leg = Leg(
        id=ids.contact_leg(contact.id, attempt),
        kind=LegKind.CONTACT,
        number=phones[phone_index],
        name=contact.name,
        contact=contact.id,
        phone_index=phone_index,
    )
    return turn.dial(leg, turn.policy.contact_ring)
