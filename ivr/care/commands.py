"""What is to be done in a care call: frozen, imperative, in the order given."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.care.vocabulary import CareCaseKind, CareResult, CareTimer, CareWords


@dataclass(frozen=True, slots=True)
class DialElder:
    """`ring` in seconds."""

    ring: float


@dataclass(frozen=True, slots=True)
class Say:
    """Instead of what plays now."""

    words: tuple[CareWords, ...]


@dataclass(frozen=True, slots=True)
class HangUpElder:
    pass


@dataclass(frozen=True, slots=True)
class AskContacts:
    """In their order, as in a rescue; who presses 1 looks after the elder."""


@dataclass(frozen=True, slots=True)
class OpenCareCase:
    """A case for an agent, as for any call; it takes over the elder's line where that is open, and finds whoever is to
    speak with them."""

    kind: CareCaseKind


@dataclass(frozen=True, slots=True)
class StartCareTimer:
    """`seconds` from the event that led to it. One that runs is started anew."""

    timer: CareTimer
    seconds: float


@dataclass(frozen=True, slots=True)
class StopCareTimer:
    timer: CareTimer


@dataclass(frozen=True, slots=True)
class Finish:
    """The last command of every call, and given once. `answer`: the key or `speech`."""

    result: CareResult
    answer: str = ""


CareCommand = DialElder | Say | HangUpElder | AskContacts | OpenCareCase | StartCareTimer | StopCareTimer | Finish
