"""Case and leg <-> the ids that Asterisk knows. Chosen before the request, so an event needs no look-up (and a retry
while the channel lives answers 409 instead of dialling twice)."""

from __future__ import annotations

from typing import NamedTuple

from ivr.vocabulary import LegKind, Place, Role

PREFIX = "yjt"
ELDER = "elder"


class Address(NamedTuple):
    """The case and the leg (or place, or recording) that an Asterisk id belongs to."""

    case: str
    leg: str


def channel_id(case: str, leg: str) -> str:
    return f"{PREFIX}.{case}.{leg}"


def bridge_id(case: str, place: Place) -> str:
    return f"{PREFIX}.{case}.bridge-{place}"


def parse(asterisk_id: str) -> Address | None:
    """The case and leg of an id made here; None for anything else."""
    prefix, _, rest = asterisk_id.partition(".")
    case, dot, leg = rest.partition(".")
    if prefix != PREFIX or not dot or not case or not leg:
        return None
    return Address(case, leg)


def seat_leg(role: Role, attempt: int) -> str:
    return f"{role.lower()}-{attempt}"


def contact_leg(contact: int, attempt: int) -> str:
    return f"{LegKind.CONTACT}-{contact}-{attempt}"


def duty_leg(attempt: int) -> str:
    """A duty phone or a manager's mobile: somebody's own number, so it stands in no id."""
    return f"{LegKind.DUTY}-{attempt}"


def service_leg(number: str, attempt: int) -> str:
    return f"{number}-{attempt}"


def number_leg(attempt: int) -> str:
    """A number that an agent asked for: personal, so it stands in no id (ids are logged)."""
    return f"{LegKind.NUMBER}-{attempt}"


def snoop_leg(attempt: int) -> str:
    return f"{LegKind.SNOOP}-{attempt}"


def is_snoop(leg: str) -> bool:
    return leg.startswith(f"{LegKind.SNOOP}-")


def called_again_leg(times: int) -> str:
    """A call that the elder made while their case was open."""
    return f"{ELDER}-again-{times}"


def ladder_leg(times: int) -> str:
    """A call of the elder's that the ladder below the controller has served while their case was open."""
    return f"{ELDER}-ladder-{times}"


def elder_leg(attempt: int) -> str:
    return ELDER if attempt == 1 else f"{ELDER}-{attempt}"
