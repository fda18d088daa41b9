"""What can stand in the stream of a client: Asterisk's events, and what the client says about its link.

`read` turns one decoded frame into an event and never raises: what cannot be read is delivered as it is, because a
reader that dies of one odd frame would lose all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .errors import MalformedMessage
from .generated.events import EVENTS, Event
from .generated.models import Application, Bridge, Channel, Endpoint


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An event of a type which this client does not know: Asterisk is newer. `raw` is the decoded JSON."""

    type: str
    raw: dict[str, object]


@dataclass(frozen=True, slots=True)
class MalformedEvent:
    """A frame that cannot be read. `raw` is the decoded JSON, or the text when it is not even JSON."""

    problem: str
    raw: object


@dataclass(frozen=True, slots=True)
class Connected:
    """The event link stands. `Resynced` follows before any event; only then is the picture whole."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The event link ended. Events may be missing from here to the next `Resynced`.

    `final`: there will be no reconnection, and the stream ends after this.
    """

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Resynced:
    """Everything that lives in Asterisk at this point of the stream.

    `application` is the state after all remembered subscriptions were renewed; `lost` are remembered event sources
    that Asterisk no longer knows (channels and bridges that ended while nobody listened; they are forgotten, and
    endpoints that are not configured; they stay remembered). `started`: when this Asterisk was started, by its own
    clock, where it tells. Events after this may repeat what it shows.
    """

    channels: tuple[Channel, ...]
    bridges: tuple[Bridge, ...]
    endpoints: tuple[Endpoint, ...]
    application: Application
    lost: tuple[str, ...] = ()
    started: datetime | None = None


StreamItem = Event | UnknownEvent | MalformedEvent | Connected | Disconnected | Resynced


def read(data: object) -> Event | UnknownEvent | MalformedEvent:
    """One decoded frame as an event."""
    if type(data) is not dict or type(data.get("type")) is not str:
        return MalformedEvent("an event must be an object with a type", data)
    kind = EVENTS.get(data["type"])
    if kind is None:
        return UnknownEvent(data["type"], data)
    try:
        return kind.from_json(data)
    except MalformedMessage as problem:
        return MalformedEvent(str(problem), data)
