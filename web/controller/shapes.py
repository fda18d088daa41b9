"""What the controller tells, parsed once. Unknown fields are ignored: controller and web may differ by a version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from ivr.case import ElderFile
from models.views import CaseView

SeatState = Literal["offline", "ready", "paused", "reserved", "talking", "wrap_up", "disabled"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """`kind` is a timer of the procedure, `arrival` or `exception_report`; `leg`: whose, where each leg has its own."""

    kind: str
    due: datetime
    leg: str = ""


@dataclass(frozen=True, slots=True)
class CaseExtras:
    """What only the controller knows of an open case. `actions` are those which are legal now; `household` are the
    people whom the caller's number may belong to, when there are several; `waiting_since`: from when on agent A is
    missing."""

    file: ElderFile | None = None
    household: tuple[ElderFile, ...] = ()
    actions: tuple[str, ...] = ()
    searching: tuple[str, ...] = ()
    next_wave_at: datetime | None = None
    waiting_since: datetime | None = None
    deadlines: tuple[Deadline, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveCase:
    """An open case: the view that the database will also give, and the controller's extras."""

    view: CaseView
    extras: CaseExtras
    raw: dict[str, Any]

    @property
    def id(self) -> str:
        return self.view.id


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat as the board shows it. `case` is the one it is reserved for or talks in; `needed`: an elder waits, and the
    agent is asked to end the wrap-up or to file what it owes. `until`: when the wrap-up ends, or the pause has
    lasted as long as it may; `more`: the wrap-up can be prolonged; `owes`: cases whose outcome it has to file. `phone`:
    what the agent speaks through, or would be rung on; `muted`: the telephone is not heard. `place`: the id of the
    org unit that it belongs to; None: the centre."""

    extension: str
    state: SeatState
    since: datetime | None = None
    name: str = ""
    agent: str = ""
    skills: tuple[str, ...] = ()
    place: int | None = None
    registered: bool = False
    phone: Literal["page", "telephone"] | None = None
    muted: bool = False
    reason: str = ""
    needed: bool = False
    by: str = ""
    case: str | None = None
    role: str | None = None
    until: datetime | None = None
    more: bool = False
    owes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Everything at once, as it was after message `seq`."""

    seq: int
    degraded: tuple[str, ...]
    cases: tuple[LiveCase, ...]
    seats: tuple[SeatView, ...]


_VIEW = TypeAdapter(CaseView)
_EXTRAS = TypeAdapter(CaseExtras)
_SEAT = TypeAdapter(SeatView)


def parse_case(data: dict[str, Any]) -> LiveCase:
    """Raises pydantic.ValidationError when the controller speaks another language than we."""
    return LiveCase(_VIEW.validate_python(data), _EXTRAS.validate_python(data), data)


def parse_seat(data: dict[str, Any]) -> SeatView:
    known = {name: value for name, value in data.items() if value is not None}
    return _SEAT.validate_python(known)


def parse_state(data: dict[str, Any]) -> State:
    return State(
        seq=int(data["seq"]),
        degraded=tuple(map(str, data.get("degraded", ()))),
        cases=tuple(map(parse_case, data["cases"])),
        seats=tuple(map(parse_seat, data["seats"])),
    )
