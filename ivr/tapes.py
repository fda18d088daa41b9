"""Recordings of a case: which sound files there are, and who is on each. A call that comes in is recorded by the
dialplan, on its own line; what is said to an elder whom we rang, and on the rescue side, is recorded in the bridge.
So is every call whose own recording was lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from ivr.case import Case, Leg, Tape
from ivr.vocabulary import LegKind, Place

LOST_AT_MOST: Final = 3  # recordings of one bridge: after that a new one would only be one more alarm
_WORTH_IT: Final = frozenset({LegKind.ELDER, LegKind.SERVICE, LegKind.CONTACT, LegKind.NUMBER})


def with_call(case: Case, leg: str, file: str, at: datetime) -> Case:
    """The call came with its recording (there is none when the dialplan could not start it)."""
    return replace(case, tapes=(*case.tapes, Tape(file=file, started_at=at, leg=leg))) if file else case


def of_ended_call(case: Case, leg: str, file: str, at: datetime, *, people: Iterable[str]) -> Case:
    """The recording of a call that is over."""
    if not file:
        return case
    return replace(case, tapes=(*case.tapes, Tape(file, at, leg=leg, people=(leg, *people), running=False)))


def wanted(case: Case, place: Place) -> bool:
    """Whether what is said in this bridge would be lost otherwise. In the elder's it would not while a call that came
    in is there."""
    of_place = [tape for tape in case.tapes if tape.place is place]
    if any(tape.running and not tape.problem for tape in of_place) or _given_up(of_place):
        return False
    there = [leg for leg in case.live() if leg.place is place]
    if place is not Place.ELDER:
        return place is Place.RESCUE and bool(there)
    taped = {tape.leg for tape in case.tapes if tape.running and not tape.problem}
    return taped.isdisjoint(leg.id for leg in there) and any(leg.kind in _WORTH_IT for leg in there)


def _given_up(of_place: Sequence[Tape]) -> bool:
    return sum(bool(tape.problem) for tape in of_place) >= LOST_AT_MOST


def lost(case: Case, tape: Tape, problem: str) -> Case:
    """What is said does not come into this file: from here on it counts as if there were none."""
    return replace(case, tapes=tuple(replace(one, problem=problem) if one is tape else one for one in case.tapes))


def with_bridge(case: Case, place: Place, at: datetime) -> Case:
    """A new recording of this bridge; it ends by itself when the last line has left."""
    file = f"{at:%Y/%m/%d}/{case.id}-{len(case.tapes) + 1}.wav"
    return followed(replace(case, tapes=(*case.tapes, Tape(file=file, started_at=at, place=place))))


def followed(case: Case) -> Case:
    """Somebody came or left: who is on the tapes that run, and which have come to their end."""
    tapes = tuple(_followed(case, tape) if tape.running else tape for tape in case.tapes)
    return case if tapes == case.tapes else replace(case, tapes=tapes)


def _followed(case: Case, tape: Tape) -> Tape:
    heard = [leg.id for leg in _heard_on(case, tape)]
    own = case.leg(tape.leg) if tape.leg else None
    running = bool(heard) if own is None else own.alive
    return replace(tape, running=running, people=(*tape.people, *(leg for leg in heard if leg not in tape.people)))


def _heard_on(case: Case, tape: Tape) -> Iterator[Leg]:
    own = case.leg(tape.leg) if tape.leg else None
    place = own.place if own is not None else tape.place
    for leg in case.live():
        if leg is own or (place is not Place.NOWHERE and leg.place is place):
            yield leg
