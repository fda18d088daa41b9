"""The log of a year: what was done, by whom it was asked, in the order in which it happened. Plain values only.

Whatever is counted again is counted from here. Money is in fen for one unit of the service, times are aware; ids are
the house's, because otherwise nothing could be compared. Facts that do not change stand beside the entries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum, auto


class What(StrEnum):
    """`VOIDED` by hand, because somebody looked into it; a visit that was too short is told by its `ENDED`. `REDONE`:
    the `order` makes good the void order `of`. `NOBODY`: no supplier could be asked. `DIED`, told at `at`, was on
    the day of `when`; `DIED_ON`: that day was wrong. `CALLED`: a call is over (`Log.calls`); `EXPLAINED`: why nobody
    answered it. What was `WISHED` and is `STRUCK_OUT` counts no more. `DRAW` of a month for quality begins, and each of
    the `DRAWN` follows. `RECKONED` and `LOCKED`: a month's statements."""

    ON_FILE = auto()
    CLASSED = auto()
    DIED = auto()
    DIED_ON = auto()
    ADMITTED = auto()
    CONFIRMED = auto()
    TAKEN_BACK = auto()
    NOT_TAKEN_BACK = auto()
    BLACKLISTED = auto()
    DRAFTED = auto()
    OFFERED = auto()
    NOBODY = auto()
    ACCEPTED = auto()
    ACCEPT_REFUSED = auto()
    DECLINED = auto()
    WITHDRAWN = auto()
    RUNG = auto()
    APPOINTED = auto()
    STARTED = auto()
    ENDED = auto()
    VOIDED = auto()
    REDONE = auto()
    CANCELLED = auto()
    LOOKED_AT = auto()
    ASKED_ABOUT = auto()
    TRIED = auto()
    REACHED = auto()
    SAMPLED = auto()
    COMPLAINED = auto()
    STEP = auto()
    DROPPED = auto()
    WISHED = auto()
    STRUCK_OUT = auto()
    CALLED = auto()
    EXPLAINED = auto()
    DRAW = auto()
    DRAWN = auto()
    SCORED = auto()
    RECKONED = auto()
    LOCKED = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """0, None or empty: does not belong to it. `when`: the time that was agreed, scanned, or for which was drawn;
    `words`: a grade, the result of a call, a step of a complaint, the kind of a wish, why somebody is asked; `points`:
    what a review has given; `asked`: the suppliers that could be asked, the first one first; `month` as 2027-03."""

    at: datetime
    what: What
    order: int = 0
    of: int = 0
    elder: int = 0
    place: int = 0
    service: int = 0
    supplier: int = 0
    worker: int = 0
    fen: int = 0
    follow_up: int = 0
    complaint: int = 0
    wish: int = 0
    service_class: int = 0
    case: str = ""
    review: int = 0
    points: tuple[int, ...] = ()
    month: str = ""
    when: datetime | None = None
    words: str = ""
    asked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """`limit` in fen for one `unit`; `paid`: class to per cent that the government pays."""

    limit: int
    unit: str
    least_minutes: int
    is_visit: bool
    paid: dict[int, int]
    aid: str = ""


@dataclass(frozen=True, slots=True)
class FirmFacts:
    """`prices`: service to fen; `workers`: number to first and last day of the training."""

    name: str
    prices: dict[int, int]
    areas: frozenset[int]
    agreement: tuple[date, date]
    workers: dict[int, tuple[date, date]]


@dataclass(frozen=True, slots=True)
class ElderFacts:
    """`place`: the community; `service_class` in the beginning; `signed`: day of the notice, None: there is none."""

    place: int
    service_class: int
    since: datetime
    signed: date | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line beside the elder's: of a seat, a service or a contact."""

    kind: str
    number: str
    dialled: datetime
    answered: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallFacts:
    """A call that is over. `elder` 0: nobody knows them; `seconds` of sound, 0: nothing was recorded; `acted`: users
    who did something in it; `excepted`: when it was put on record that nobody answers."""

    elder: int
    kind: str
    opened: datetime
    answered: datetime | None
    emergency: datetime | None
    arrived: datetime | None
    outcome: str
    lines: tuple[Line, ...]
    seconds: float
    acted: tuple[int, ...]
    excepted: datetime | None


@dataclass(slots=True)
class Log:
    """`around`: a community to itself and all places above it. `free`: the days on which nobody works. `home_limit`:
    fen of a month's visits of one elder that are shared. `seats`: extension to its place, 0: the centre; `agents`:
    user to the seat where they usually sit."""

    sample: int = 0
    home_limit: int = 0
    hours: tuple[int, int] = (9, 17)
    free: set[date] = field(default_factory=set)
    around: dict[int, frozenset[int]] = field(default_factory=dict)
    services: dict[int, ServiceFacts] = field(default_factory=dict)
    firms: dict[int, FirmFacts] = field(default_factory=dict)
    elders: dict[int, ElderFacts] = field(default_factory=dict)
    seats: dict[str, int] = field(default_factory=dict)
    agents: dict[int, str] = field(default_factory=dict)
    calls: dict[str, CallFacts] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)

    def of(self, *kinds: What) -> Iterable[Entry]:
        return (entry for entry in self.entries if entry.what in kinds)
