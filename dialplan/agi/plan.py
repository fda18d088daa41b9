"""Whom to ring next. Pure: what is known goes in, a step comes out; asked anew for each step of a call.

A round is: seats at once, then the duty phones, then the elder's contacts; then it begins again, without end. Never a
service: 110, 120 and 119 are called by people alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ivr.case import ElderFile
from ivr.numbers import may_be_rung
from ivr.policy import Policy
from ivr.vocabulary import Prompt

_USUAL = Policy()
# How many are rung together: who is dialled has to pass through one line of AGI, 2048 characters, and seats with their
# phones in browsers through one of the dialplan, 4096.
SEATS_AT_ONCE, CONTACTS_AT_ONCE = 120, 24


@dataclass(frozen=True, slots=True)
class Desk:
    """What a controller has left of its desk: which seats are `ready`, and the times of its policy in seconds."""

    ready: frozenset[str] = frozenset()
    seat_ring: float = _USUAL.overflow_seats
    duty_ring: float = _USUAL.duty_ring
    contact_ring: float = _USUAL.contact_ring


@dataclass(frozen=True, slots=True)
class Step:
    """`whom` is rung for `ring` seconds, after the caller has heard `say`. `numbers` of those who are no seats, by the
    name under which they are rung. `last`: the round begins again after it."""

    whom: tuple[str, ...]
    ring: float
    say: Prompt
    numbers: Mapping[str, str] = field(default_factory=dict)
    last: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """Everybody who could be rung: `seats` and `duty` as the dialplan dials them, the `files` of those who may call."""

    seats: tuple[str, ...] = ()
    duty: tuple[str, ...] = ()
    desk: Desk = Desk()
    files: tuple[ElderFile, ...] = ()


def step(number: int, there: Help) -> Step | None:
    """Step `number`, from 0, of a call; None when there is nobody."""
    first, again = _round(0, there), _round(1, there)
    if number < len(first):
        return first[number]
    if not again:
        return None
    rounds, place = divmod(number - len(first), len(again))
    return _round(1 + rounds, there)[place]


def _round(count: int, there: Help) -> list[Step]:
    """At first the seats that were ready; from then on all, for somebody may have come back."""
    ready = tuple(seat for seat in there.seats if seat.removeprefix("PJSIP/") in there.desk.ready)
    seats = ready if count == 0 and there.desk.ready else there.seats
    numbers = _contacts(count, there.files)
    steps = [
        Step(seats[:SEATS_AT_ONCE], there.desk.seat_ring, Prompt.COMFORT),
        Step(there.duty, there.desk.duty_ring, Prompt.PEOPLE_RUNG),
        Step(tuple(map(_helper, numbers)), there.desk.contact_ring, Prompt.PEOPLE_RUNG, numbers),
    ]
    some = [one for one in steps if one.whom]
    return [*some[:-1], *(replace(one, last=True) for one in some[-1:])]


def _contacts(count: int, files: Sequence[ElderFile]) -> dict[str, str]:
    """One phone of each contact, in each round their next one; of everybody who may live behind this line."""
    numbers: dict[str, str] = {}
    for contact in (contact for file in files for contact in file.contacts):
        phones = [phone for phone in contact.phones if may_be_rung(phone)]
        number = phones[count % len(phones)] if phones else ""
        if number and number not in numbers.values():
            numbers[f"contact_{contact.id}"] = number
    return dict(list(numbers.items())[:CONTACTS_AT_ONCE])


def _helper(name: str) -> str:
    return f"Local/{name}@sos-person/n"


def number_of_elder(caller: str, files: Sequence[ElderFile]) -> str:
    """The number that a contact is told: the line that calls, else one that is on file."""
    known = (number for file in files for number in (file.home_phone, *file.lines))
    return next((number for number in (caller, *known) if may_be_rung(number)), "")
