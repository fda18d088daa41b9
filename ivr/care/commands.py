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
    """Instead of what plays now. With `music` after it where the elder waits, so that there is never silence."""

    words: tuple[CareWords, ...]
    music: bool = False


@dataclass(frozen=True, slots=True)
class HangUpElder:
    pass


@dataclass(frozen=True, slots=True)
class AskForSeat:
    """Any ready agent, after all emergencies; the elder's file is shown as for any call."""


@dataclass(frozen=True, slots=True)
class ConnectSeat:
    pass


@dataclass(frozen=True, slots=True)
class LetSeatGo:
    """The agent who was asked for or is there is not needed any more."""


@dataclass(frozen=True, slots=True)
class AskToEnd:
    """The agent's screen says that an emergency waits."""


@dataclass(frozen=True, slots=True)
class AskContacts:
    """In their order, as in a rescue; who presses 1 looks after the elder."""


@dataclass(frozen=True, slots=True)
class OpenCareCase:
    """A case for an agent; it takes over the elder's line where that is open."""

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


CareCommand = (
    DialElder
    | Say
    | HangUpElder
    | AskForSeat
    | ConnectSeat
    | LetSeatGo
    | AskToEnd
    | AskContacts
    | OpenCareCase
    | StartCareTimer
    | StopCareTimer
    | Finish
)
