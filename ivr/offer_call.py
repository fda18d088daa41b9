"""The call in which a supplier is offered an urgent work order (S3.2): decide(call, event, policy) -> (call, commands);
one function for each state.

What is said before somebody has pressed 1 names no elder and no address (S14). Only keys count: a voicemail and silence
press nothing, and are no answer. What a key does to the order is decided where the order is; its answer comes as
`OnRecord`. What is not expected in a state is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ivr.policy import Policy
from ivr.vocabulary import Prompt

ACCEPT, DECLINE = "1", "2"


class OfferState(StrEnum):
    RINGING = "ringing"
    OFFERING = "offering"  # what it is about is being said
    ASKING = "asking"  # a key is waited for
    DECIDING = "deciding"  # the key is being put on record
    PARTING = "parting"  # the last words are being said
    ENDED = "ended"


class OfferResult(StrEnum):
    """What became of the call. `SETTLED`: the order had been taken, given back or withdrawn meanwhile. `PUT_OFF`: it is
    to be made again, and does not count."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    SETTLED = "settled"
    NO_ANSWER = "no_answer"
    PUT_OFF = "put_off"


@dataclass(frozen=True, slots=True)
class OfferCall:
    """`repeats` of the offer in this call, not counting those that were asked for."""

    state: OfferState = OfferState.RINGING
    repeats: int = 0
    result: OfferResult = OfferResult.NO_ANSWER


# --- what happens


@dataclass(frozen=True, slots=True)
class PickedUp:
    """Somebody, or something, is on the line."""


@dataclass(frozen=True, slots=True)
class LineEnded:
    """Never answered, or hung up."""


@dataclass(frozen=True, slots=True)
class Pressed:
    key: str


@dataclass(frozen=True, slots=True)
class Said:
    """Our words have come to their end, or could not be said."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was pressed in time."""


@dataclass(frozen=True, slots=True)
class AlarmWaits:
    """An emergency needs lines and agents (K8)."""


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What the key has done to the order; `PUT_OFF`: it could not be written down."""

    result: OfferResult


OfferEvent = PickedUp | LineEnded | Pressed | Said | Silence | AlarmWaits | OnRecord


# --- what is to be done


@dataclass(frozen=True, slots=True)
class Ring:
    """`seconds` at the longest."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Say:
    """Instead of what plays now. `ORDER_OFFER` stands for the whole offer, with what this order is about."""

    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Await:
    """A key, for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Decide:
    """What this key does to the order: once, by the rule of the supplier's page."""

    key: str


@dataclass(frozen=True, slots=True)
class PutDown:
    pass


@dataclass(frozen=True, slots=True)
class Finish:
    """The last command of every call, and given once."""

    result: OfferResult


OfferCommand = Ring | Say | Await | Decide | PutDown | Finish
Decision = tuple[OfferCall, tuple[OfferCommand, ...]]

LAST_WORDS: Final = {
    OfferResult.ACCEPTED: Prompt.ORDER_ACCEPTED,
    OfferResult.DECLINED: Prompt.ORDER_DECLINED,
    OfferResult.SETTLED: Prompt.ORDER_SETTLED,
    OfferResult.PUT_OFF: Prompt.SORRY_LATER,
}


def begin(policy: Policy) -> Decision:
    return OfferCall(), (Ring(policy.offer_ring),)


def decide(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    """What follows from this event: the call as it is now, and what has to be done, in order."""
    return _STATES[call.state](call, event, policy)


def _ringing(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    match event:
        case PickedUp():
            return _offer(call)
        case LineEnded():
            return _end(call, OfferResult.NO_ANSWER)
        case AlarmWaits():
            return _end(call, OfferResult.PUT_OFF, PutDown())
        case _:  # nobody has picked up yet
            return call, ()


def _listening(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    """While the offer is said, and after it: a key in the middle counts."""
    match event:
        case Pressed(key=("1" | "2") as key):
            return replace(call, state=OfferState.DECIDING), (Decide(key),)
        case Pressed():  # key 9, or a wrong one: somebody is there, and hears it again
            return _offer(call)
        case Said():
            return replace(call, state=OfferState.ASKING), (Await(policy.offer_answer),)
        case Silence() if call.repeats < policy.offer_repeats:
            return _offer(replace(call, repeats=call.repeats + 1))
        case Silence():
            return _end(call, OfferResult.NO_ANSWER, PutDown())
        case LineEnded():
            return _end(call, OfferResult.NO_ANSWER)
        case _:  # who is spoken to is not cut off for an alarm
            return call, ()


def _deciding(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    match event:
        case OnRecord(result):
            return replace(call, state=OfferState.PARTING, result=result), (Say(LAST_WORDS[result]),)
        case _:  # the first key counts; who hangs up after it has still pressed it
            return call, ()


def _parting(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    match event:
        case Said():
            return _end(call, call.result, PutDown())
        case LineEnded():
            return _end(call, call.result)
        case _:
            return call, ()


def _ended(call: OfferCall, event: OfferEvent, policy: Policy) -> Decision:
    return call, ()


def _offer(call: OfferCall) -> Decision:
    return replace(call, state=OfferState.OFFERING), (Say(Prompt.ORDER_OFFER),)


def _end(call: OfferCall, result: OfferResult, *first: OfferCommand) -> Decision:
    return replace(call, state=OfferState.ENDED, result=result), (*first, Finish(result))


_STATES: Final[dict[OfferState, Callable[[OfferCall, OfferEvent, Policy], Decision]]] = {
    OfferState.RINGING: _ringing,
    OfferState.OFFERING: _listening,
    OfferState.ASKING: _listening,
    OfferState.DECIDING: _deciding,
    OfferState.PARTING: _parting,
    OfferState.ENDED: _ended,
}
