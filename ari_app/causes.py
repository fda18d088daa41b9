"""What ties an event to the entry of the journal that led to it: each command is remembered under what its answer will
be about. Nothing is decided from it; it is for the record."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.commands import (
    Answer,
    Command,
    Dial,
    FindSeat,
    LookUp,
    OpenProvisionalFile,
    Play,
    ShowFile,
    StartTimer,
)
from ivr.events import (
    CallerIdentified,
    CallerUnknown,
    Event,
    FileShown,
    KeyPressed,
    LegAnswered,
    LegEnded,
    LegRinging,
    PromptFinished,
    Queued,
    SeatReserved,
    TimerFired,
)
from ivr.vocabulary import Role


class Causes:
    """Of one case."""

    def __init__(self) -> None:
        self._ordered: dict[object, int] = {}

    def ordered(self, commands: Iterable[Command], seq: int) -> None:
        """The entry `seq` led to these commands."""
        for command in commands:
            key = _about(command)
            if key is not None:
                self._ordered[key] = seq

    def of(self, event: Event) -> int | None:
        """The seq of the entry that led to this event; None for what came by itself."""
        return self._ordered.get(_about(event))


def _about(item: Event | Command) -> object:
    match item:
        case PromptFinished(leg=leg, prompt=prompt) | Play(leg=leg, prompt=prompt):
            return (leg, prompt)
        case LegRinging(leg=leg) | LegAnswered(leg=leg) | LegEnded(leg=leg) | KeyPressed(leg=leg):
            return leg
        case Dial(leg=leg) | Answer(leg=leg):
            return leg
        case SeatReserved(role=role) | FindSeat(role=role):
            return role
        case Queued():
            return Role.A
        case FileShown(extension=extension) | ShowFile(extension=extension):
            return (ShowFile, extension)
        case TimerFired(timer=timer) | StartTimer(timer=timer):
            return timer
        case CallerIdentified() | CallerUnknown() | LookUp() | OpenProvisionalFile():
            return LookUp
        case _:
            return None
