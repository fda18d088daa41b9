"""The words of the care call. Its law stands first: which state may follow which."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CareCallState(StrEnum):
    PAUSING = "pausing"  # before a further try
    RINGING = "ringing"
    SPEAKING = "speaking"  # greeting and message are being played
    ASKING = "asking"  # a key or a word is waited for
    ASKING_CONTACTS = "asking_contacts"
    PARTING = "parting"  # the last words are being played
    ENDED = "ended"


_S = CareCallState
SUCCESSORS: Final[dict[CareCallState, frozenset[CareCallState]]] = {
    _S.PAUSING: frozenset({_S.RINGING, _S.ENDED}),
    _S.RINGING: frozenset({_S.SPEAKING, _S.PAUSING, _S.ASKING_CONTACTS, _S.ENDED}),
    _S.SPEAKING: frozenset({_S.ASKING, _S.PARTING, _S.PAUSING, _S.ASKING_CONTACTS, _S.ENDED}),
    _S.ASKING: frozenset({_S.SPEAKING, _S.PARTING, _S.PAUSING, _S.ASKING_CONTACTS, _S.ENDED}),
    _S.ASKING_CONTACTS: frozenset({_S.ENDED}),
    _S.PARTING: frozenset({_S.ENDED}),
    _S.ENDED: frozenset(),
}


class CareResult(StrEnum):
    """What became of the call; put off: it is to be made again from the planner's table."""

    REACHED = "reached"
    ASKED_FOR_HELP = "asked_for_help"
    NOT_REACHED = "not_reached"
    PUT_OFF = "put_off"


class Unanswered(StrEnum):
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"


class CareTimer(StrEnum):
    RETRY = "retry"
    ANSWER = "answer"


class CareWords(StrEnum):
    """What is played. Greeting and message are this call's own; the rest are the house's."""

    GREETING = "greeting"
    MESSAGE = "message"
    QUESTION = "question"
    HOW_WAS_SERVICE = "how_was_service"
    HOW_WAS_CONSULTATION = "how_was_consultation"
    THANKS = "thanks"
    SORRY = "sorry"  # to who is dissatisfied


class CareQuestion(StrEnum):
    """What the elder is asked: whether they are well (S5), or how satisfied they are with a service or a consultation
    that is over (S3.4, S2.2)."""

    WELL = "well"
    SERVICE = "service"
    CONSULTATION = "consultation"


class CareCaseKind(StrEnum):
    """Why an agent gets a case: nobody answers, or help is asked for."""

    NO_ANSWER = "no_answer_to_care_call"
    HELP = "help_in_care_call"
