"""The data of one alarm: Case, its Legs, the elder's file as the call needs it. Frozen; no rule lives here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from ivr.vocabulary import (
    Aid,
    CaseKind,
    CaseState,
    DeviceKind,
    LegKind,
    LegState,
    Mode,
    Outcome,
    Overflow,
    Place,
    Rating,
    Relation,
    Result,
    Role,
    Skill,
    Topic,
)

ELDERS = (LegKind.ELDER, LegKind.SECOND)


@dataclass(frozen=True, slots=True)
class ContactCard:
    """Somebody who may help. `phones` in the order in which they are tried, each ready to be dialled."""

    id: int
    name: str
    relation: str
    phones: tuple[str, ...]
    kind: Relation = Relation.OTHER


@dataclass(frozen=True, slots=True)
class ElderFile:
    """What an agent must see while the elder is on the line (S7); `address` reaches to the room, `lines` are the
    numbers that their terminals call from, `devices` the serial numbers of these, `org_unit_id` the place that they are
    registered in, which decides who may look. `status` is `away` (until `status_until`), `moved` or `died` of whoever
    is not at home any more, though their line may still call."""

    id: int
    name: str
    sex: str = ""
    born: date | None = None
    home_phone: str = ""
    address: str = ""
    community: str = ""
    landmark: str = ""
    bus_stop: str = ""
    way_in: str = ""
    health: str = ""
    illnesses: str = ""
    medicines: str = ""
    allergies: str = ""
    blood_type: str = ""
    mobility: str = ""
    hearing: str = ""
    aids: str = ""
    doctor: str = ""
    notes: str = ""
    status: str = "active"
    status_since: date | None = None
    status_until: date | None = None
    service_class: int = 3
    community_id: int | None = None
    community_phone: str = ""
    org_unit_id: int | None = None
    language: str = "zh"
    agreement_signed: bool = False
    provisional: bool = False
    lines: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    contacts: tuple[ContactCard, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """Degrees (WGS 84); `accuracy` in metres; `words` where the device can name the place."""

    latitude: float
    longitude: float
    accuracy: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What a device told of itself, by its own clock (`at`); `words` is the text of an SMS, or the device's own."""

    device: str
    kind: DeviceKind
    at: datetime
    position: Position | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class LadderTry:
    """Somebody whom the ladder below the controller rang. `joined_at`: they were brought to the elder then; only
    `ACCEPTED` means that they were with each other until one of them put down."""

    kind: LegKind
    number: str
    dialled_at: datetime
    name: str = ""
    contact: int | None = None
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    ended_at: datetime | None = None
    result: Result | None = None

    @property
    def spoke(self) -> bool:
        return self.joined_at is not None and self.result is Result.ACCEPTED


@dataclass(frozen=True, slots=True)
class Leg:
    """One person's line. `number` is an extension for seats, else what was dialled; `cause` is Q.850; `channel` is
    Asterisk's id where it was not ours to choose (a call that came in). `relieves`: the role that this seat takes over
    once it answers; `mode`: what a supervisor's seat does; `target`: the leg that a snoop channel listens to.
    `held_at`: since when whoever speaks on it holds it. `hung_up`: we have asked for its end."""

    id: str
    kind: LegKind
    number: str
    name: str = ""
    role: Role | None = None
    relieves: Role | None = None
    mode: Mode | None = None
    target: str = ""
    contact: int | None = None
    phone_index: int = 0
    state: LegState = LegState.DIALLING
    place: Place = Place.NOWHERE
    result: Result | None = None
    keys: str = ""
    channel: str = ""
    dialled_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None
    held_at: datetime | None = None
    hung_up: bool = False

    @property
    def alive(self) -> bool:
        return self.state is not LegState.ENDED

    @property
    def up(self) -> bool:
        return self.state is LegState.ANSWERED


@dataclass(frozen=True, slots=True)
class Tape:
    """One recording: `file` below the recordings folder; of the line `leg`, or of the bridge `place`. `people`: the
    legs that were on it, in the order in which they came. `running`: those who are to be heard on it are still there;
    `problem` (a TapeProblem): what is said, or part of it, is not in the file."""

    file: str
    started_at: datetime
    leg: str = ""
    place: Place = Place.NOWHERE
    people: tuple[str, ...] = ()
    running: bool = True
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """All that follows from one alarm. `caller` is the CLI as digits (may be empty), or whom
    an agent rings, and `callee` then their name, `channel` Asterisk's own id of the
    call that came in, `tapes` its recordings.

    `heard`: the elder has spoken or pressed a key on the present line; `asked`: how often they were asked whether they
    hear us; `call_backs`: how often they were rung back (S4.2), without the times when the line was `busy`;
    `next_wave_at`: when the contacts after `wave` are rung; `messaged`: contacts who were asked for help by SMS.

    `community`: whose seat is asked first (H2); `waiting_since`: when the case began to look for an agent A whom it has
    not got yet; `overflow`: what was done about that so far; `ahead`: how many stood before it in the row when
    it joined, None while it stands in none.

    `professional`: whom an agent has asked for, until somebody has come or nobody can be found; `ordered` and
    `complained`: the drafts that were made of this case.

    `again`: how often the same need was reported again (H12), `again_of`: the earlier case, where that was over
    already; `household`: whom this line may belong to, when it is not one person alone; `device`: which
    device raised the alarm, `reports`: all that devices told.

    `grading`: the elder is being asked how the call was; `grade`: what they pressed, at `graded_at`.

    `code`: the sub-code of the outcome (`models/dispositions.py`).

    `broke`: the elder's line broke off, and they have not been told so yet; `exchange_since`: when the Asterisk was
    started in which the lines live, once it has died during this case."""

    id: str
    caller: str = ""
    callee: str = ""
    dialled: str = ""
    channel: str = ""
    kind: CaseKind = CaseKind.SOS
    state: CaseState = CaseState.ARRIVING
    opened_at: datetime | None = None
    answered_at: datetime | None = None
    emergency_at: datetime | None = None
    arrived_at: datetime | None = None
    closed_at: datetime | None = None
    file: ElderFile | None = None
    household: tuple[ElderFile, ...] = ()
    again: int = 0
    again_of: str = ""
    device: str = ""
    reports: tuple[DeviceReport, ...] = ()
    legs: tuple[Leg, ...] = ()
    tapes: tuple[Tape, ...] = ()
    bridges: frozenset[Place] = field(default_factory=frozenset)
    searching: frozenset[Role] = field(default_factory=frozenset)
    abandoned: bool = False
    broke: bool = False
    exchange_since: datetime | None = None
    heard: bool = False
    asked: int = 0
    call_backs: int = 0
    busy: int = 0
    police_offered: bool = False
    wave: int = 0
    next_wave_at: datetime | None = None
    messaged: frozenset[int] = field(default_factory=frozenset)
    community: int | None = None
    waiting_since: datetime | None = None
    ahead: int | None = None
    overflow: frozenset[Overflow] = field(default_factory=frozenset)
    professional: Skill | None = None
    topic: Topic | None = None
    ordered: frozenset[Aid] = field(default_factory=frozenset)
    complained: bool = False
    grading: bool = False
    grade: Rating | None = None
    graded_at: datetime | None = None
    outcome: Outcome | None = None
    code: str = ""
    note: str = ""

    @property
    def urgent(self) -> bool:
        """An alarm, or an ordinary call that has become an emergency."""
        return self.kind in {CaseKind.SOS, CaseKind.SENSOR} or self.emergency_at is not None

    def leg(self, leg_id: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.id == leg_id), None)

    def live(self, *kinds: LegKind) -> Iterator[Leg]:
        """The legs that have not ended, of these kinds or of all."""
        return (leg for leg in self.legs if leg.alive and (not kinds or leg.kind in kinds))

    @property
    def elder(self) -> Leg | None:
        """The elder's present or last leg."""
        return next((leg for leg in reversed(self.legs) if leg.kind is LegKind.ELDER), None)

    def is_elder(self, leg: Leg) -> bool:
        """Not an earlier line of the elder's: what becomes of that one tells nothing of them any more."""
        return self.elder is not None and self.elder.id == leg.id

    @property
    def seconds(self) -> tuple[Leg, ...]:
        """Other lines of the elder's that are open beside the present one, but for those that we are hanging up."""
        return tuple(leg for leg in self.live(LegKind.SECOND) if leg.result is None)

    @property
    def elder_up(self) -> bool:
        return self.elder is not None and self.elder.up

    def seat(self, role: Role) -> Leg | None:
        """The live leg of the seat in this role, or of the duty phone that took it over."""
        return next((leg for leg in self.live(LegKind.SEAT, LegKind.DUTY) if leg.role is role), None)

    def seat_up(self, role: Role) -> bool:
        leg = self.seat(role)
        return leg is not None and leg.up

    @property
    def agents(self) -> Iterator[Leg]:
        """The live legs of those who work on the case, at a seat or a duty phone: not of one who only supervises."""
        working = (leg for leg in self.live(LegKind.SEAT, LegKind.DUTY) if leg.kind is LegKind.SEAT or leg.role)
        return (leg for leg in working if leg.role is not Role.S)

    def seat_of(self, extension: str) -> Leg | None:
        return next((leg for leg in self.live(LegKind.SEAT) if leg.number == extension), None)

    @property
    def elder_alone(self) -> bool:
        """The elder is on the line and nobody else is in the elder's bridge, or only who holds their line there."""
        there = (leg for leg in self.legs if leg.up and leg.place is Place.ELDER and leg.kind not in ELDERS)
        company = any(leg.held_at is None for leg in there)
        return self.elder_up and not company

    def count(self, kind: LegKind, **same: object) -> int:
        """How many legs of this kind there were, with these attribute values."""
        return sum(leg.kind is kind and all(getattr(leg, k) == v for k, v in same.items()) for leg in self.legs)

    def with_leg(self, leg: Leg) -> Case:
        """This case with the leg added, or replaced where one of its id stands."""
        if self.leg(leg.id) is None:
            return replace(self, legs=(*self.legs, leg))
        return replace(self, legs=tuple(leg if old.id == leg.id else old for old in self.legs))
