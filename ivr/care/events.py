"""What happened to a care call: frozen, past tense. `at` is when, and the only clock that the procedure knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.care.vocabulary import CareTimer, Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class CareHappened:
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CareAnswered(CareHappened):
    """Somebody, or something, has picked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareNotAnswered(CareHappened):
    why: Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailHeard(CareHappened):
    """A machine is on the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsSpoken(CareHappened):
    """What was to be played has been played to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareKeyPressed(CareHappened):
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ElderSpoke(CareHappened):
    """Speech on the elder's line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareHungUp(CareHappened):
    """The elder's line is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactsAsked(CareHappened):
    """All contacts were rung; `somebody`: one of them has pressed 1 and looks after the elder."""

    somebody: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTimerFired(CareHappened):
    timer: CareTimer


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmWaits(CareHappened):
    """An emergency needs lines or agents (K8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CareCommandFailed(CareHappened):
    """A command could not be carried out; `command` is its name."""

    command: str


CareEvent = (
    CareAnswered
    | CareNotAnswered
    | VoicemailHeard
    | WordsSpoken
    | CareKeyPressed
    | ElderSpoke
    | CareHungUp
    | ContactsAsked
    | CareTimerFired
    | AlarmWaits
    | CareCommandFailed
)
