"""A case as a page shows it: the view, the elder's file, and what follows from both for the eye. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from ivr.case import ContactCard, ElderFile
from ivr.vocabulary import (
    USUAL_OUTCOME,
    AlarmKind,
    CaseKind,
    CaseState,
    LegKind,
    LegState,
    Outcome,
    Place,
    Result,
    Role,
    Service,
    Topic,
)
from models.database import DatabaseUnavailable
from models.queries.cases import case_view
from models.queries.register import file_of
from models.views import CaseView, LegView, TimelineView
from web.controller.shapes import Deadline, LiveCase
from web.keys import DATABASE, MIRROR
from web.places import check_case, scope_of
from web.problems import NotFound
from web.texts import Texts


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A contact and the calls that were made to them, oldest first."""

    card: ContactCard
    legs: tuple[LegView, ...]

    @property
    def last(self) -> LegView | None:
        return self.legs[-1] if self.legs else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """`live` while the controller holds the case; only then are `actions`, `searching`, `next_wave_at` and
    `deadlines` filled."""

    view: CaseView
    file: ElderFile | None
    live: bool = False
    actions: frozenset[str] = frozenset()
    searching: tuple[str, ...] = ()
    next_wave_at: datetime | None = None
    household: tuple[ElderFile, ...] = ()
    deadlines: tuple[Deadline, ...] = ()

    @classmethod
    def of_live(cls, case: LiveCase) -> "Sheet":
        extras = case.extras
        return cls(
            case.view,
            extras.file,
            live=True,
            actions=frozenset(extras.actions),
            searching=extras.searching,
            next_wave_at=extras.next_wave_at,
            household=extras.household,
            deadlines=extras.deadlines,
        )

    @property
    def seats(self) -> dict[str, LegView]:
        """Who is A, B, X now: the live seat leg of each role."""
        return {leg.role: leg for leg in self.legs_of(LegKind.SEAT) if leg.role and _alive(leg)}

    @property
    def live_legs(self) -> tuple[LegView, ...]:
        """People's lines: not the channel that listens for a supervisor."""
        return tuple(leg for leg in self.view.legs if _alive(leg) and leg.kind != LegKind.SNOOP)

    @property
    def supervisor(self) -> LegView | None:
        """Who listens, whispers or has barged in, or is being rung for it."""
        return self.seats.get(Role.S)

    @property
    def ended_legs(self) -> tuple[LegView, ...]:
        return tuple(leg for leg in self.view.legs if not _alive(leg))

    def legs_of(self, *kinds: LegKind) -> tuple[LegView, ...]:
        return tuple(leg for leg in self.view.legs if leg.kind in kinds)

    @property
    def contacts(self) -> tuple[ContactRow, ...]:
        """The file's contacts in their order; then whoever was rung and is no longer on file."""
        cards = list(self.file.contacts if self.file else ())
        known = {card.id for card in cards}
        for leg in self.legs_of(LegKind.CONTACT):
            if leg.contact is not None and leg.contact not in known:
                known.add(leg.contact)
                cards.append(ContactCard(leg.contact, leg.name, "", (leg.number,)))
        calls = self.legs_of(LegKind.CONTACT)
        return tuple(ContactRow(card, tuple(leg for leg in calls if leg.contact == card.id)) for card in cards)

    @property
    def services(self) -> tuple[str, ...]:
        """110, 120, 119: those which were called."""
        return tuple(dict.fromkeys(leg.number for leg in self.legs_of(LegKind.SERVICE)))

    @property
    def calling_services(self) -> tuple[str, ...]:
        """110, 120, 119: those which ring or are on the line now."""
        return tuple(leg.number for leg in self.legs_of(LegKind.SERVICE) if _alive(leg))

    @property
    def police_offered(self) -> bool:
        """Nobody can be reached who could go there, and 110 was not called yet (S4.4)."""
        open_yet = self.view.state == CaseState.NO_RESPONSE and self.view.arrived_at is None
        return open_yet and self._alarmed(AlarmKind.OFFER_POLICE) and Service.POLICE not in self.services

    def _alarmed(self, *kinds: AlarmKind) -> bool:
        return any(alarm.kind in kinds for alarm in self.view.alarms)

    @property
    def agreement_missing(self) -> bool:
        """Calling 120 for an elder needs a signed agreement on file; a warning, never a bar (S1.10)."""
        return self.file is not None and not self.file.agreement_signed

    def role_of(self, extension: str) -> str | None:
        """The role of this seat in the case: now, or when it was last in it."""
        roles = [leg.role for leg in self.legs_of(LegKind.SEAT) if leg.number == extension]
        return roles[-1] if roles else None

    def held_at(self, extension: str) -> datetime | None:
        """Since when this seat holds its line."""
        held = [leg.held_at for leg in self.legs_of(LegKind.SEAT) if leg.number == extension and _alive(leg)]
        return held[-1] if held else None

    def may_hold(self, extension: str) -> bool:
        """The procedure lets somebody be held, and it is this seat that is with the elder."""
        mine = (leg for leg in self.live_legs if leg.kind == LegKind.SEAT and leg.number == extension)
        return "hold" in self.actions and any(leg.place == Place.ELDER for leg in mine)

    @property
    def waits_on_hold(self) -> datetime | None:
        """Since when the elder hears music because those who were with them hold their lines; None: they do not."""
        elder = next((leg for leg in self.live_legs if leg.kind == LegKind.ELDER), None)
        if elder is None or elder.state != LegState.ANSWERED or elder.place != Place.NOWHERE:
            return None
        return max((leg.held_at for leg in self.live_legs if leg.held_at and leg.place == Place.ELDER), default=None)

    @property
    def usual_outcome(self) -> Outcome | None:
        """How a call about this most often ends: what the form for closing proposes."""
        return USUAL_OUTCOME[Topic(self.view.topic)] if self.view.topic else None

    def may_merge(self, leg: LegView) -> bool:
        mergeable = leg.state == LegState.ANSWERED and leg.place != Place.ELDER
        movable = leg.kind != LegKind.ELDER and leg.role != Role.S
        return "merge" in self.actions and movable and mergeable

    def may_split(self, leg: LegView) -> bool:
        movable = leg.kind != LegKind.ELDER and leg.role != Role.S
        return "split" in self.actions and movable and leg.place == Place.ELDER

    def may_hang_up(self, leg: LegView) -> bool:
        return "hangup" in self.actions and _alive(leg)

    def name_of(self, leg_id: str) -> str:
        leg = next((leg for leg in self.view.legs if leg.id == leg_id), None)
        if leg is None:
            return leg_id
        of_file = self.file.name if self.file is not None and leg.kind == LegKind.ELDER else ""
        return leg.name or of_file or leg.number

    def words_for_rescue(self, t: Texts) -> list[tuple[str, str]]:
        """What A reads out to 120, in the order in which it is asked for: label and words."""
        file = self.file
        if file is None:
            known = [
                (t("rescue.who"), t("rescue.unknown")),
                (t("rescue.condition"), self._condition(t)),
                (t("rescue.phone"), self.view.caller),
            ]
            return [(label, words) for label, words in known if words]
        years = _years(file, self)
        age = "" if years is None else t("rescue.years", years=years)
        person = t("rescue.comma").join(part for part in (file.name, t.word("sex", file.sex), age) if part)
        lines = [
            (t("rescue.who"), person),
            (t("rescue.where"), file.address),
            (t("rescue.landmark"), file.landmark),
            (t("rescue.bus_stop"), file.bus_stop),
            (t("rescue.way_in"), file.way_in),
            (t("rescue.condition"), self._condition(t)),
            (t("rescue.health"), t("rescue.comma").join(filter(None, (file.health, file.illnesses)))),
            *(
                (t(f"elder.{name}"), getattr(file, name))
                for name in ("allergies", "medicines", "blood_type", "mobility")
            ),
            (t("rescue.on_site"), self._on_site()),
            (t("rescue.contact"), "" if self._on_site() else self._first_contact()),
            (t("rescue.phone"), file.home_phone or self.view.caller),
        ]
        return [(label, words) for label, words in lines if words]

    def _condition(self, t: Texts) -> str:
        """What is known of how the elder is, from what devices told and from what happened on the line."""
        told = dict.fromkeys(t(f"device_kind.{report.kind}") for report in self.view.reports)
        return t("rescue.comma").join(part for part in (*told, self._on_the_line(t)) if part)

    def _on_the_line(self, t: Texts) -> str:
        if self._alarmed(AlarmKind.ELDER_SPOKE):
            return t("rescue.speaks_again")
        if self._alarmed(AlarmKind.NO_RESPONSE):
            return t("rescue.no_response")
        if self._alarmed(AlarmKind.SILENT, AlarmKind.ABANDONED):
            return t("rescue.silent")
        return t("rescue.pressed") if self.view.kind == CaseKind.SOS else ""

    def _on_site(self) -> str:
        """Who comes or is there already, with the number at which they were reached."""
        come = [leg for leg in self.legs_of(LegKind.CONTACT) if leg.result == Result.ACCEPTED]
        return f"{come[-1].name} {come[-1].number}" if come else ""

    def _first_contact(self) -> str:
        cards = [card for card in (self.file.contacts if self.file else ()) if card.phones]
        return f"{cards[0].name} {cards[0].phones[0]}" if cards else ""


# What a timeline entry's data repeats of the entry itself, and names of no use to a reader.
TOLD_ELSEWHERE: Final = frozenset({"type", "at", "actor", "channel", "recording", "sha256"})


def details(entry: TimelineView, sheet: Sheet, t: Texts) -> Sequence[tuple[str, str]]:
    """What a timeline entry says beyond its name: label and words, legs by the name of who was on them."""
    found: list[tuple[str, str]] = []
    for name, value in entry.data.items():
        words = "" if name in TOLD_ELSEWHERE else _words(name, value, sheet, t)
        if words:
            found.append((t.label(name), words))
    return found


def _words(name: str, value: object, sheet: Sheet, t: Texts) -> str:
    match value:
        case None | "":
            return ""
        case str() if name == "leg":
            return sheet.name_of(value)
        case bool():
            return t("form.yes") if value else t("form.no")
        case str() if name == "kind":
            return t.word("case_kind", value)
        case str() if name == "problem":
            return t.word("tape_problem", value)
        case {"kind": str(kind), "leg": str(leg)} if name == "timer":
            return f"{t.value(name, kind)} {sheet.name_of(leg) if leg else ''}".strip()
        case {"type": str(kind)} if name == "command":
            return kind
        case {"name": str(known)} if name == "file":
            return known
        case dict() | list():
            return ""
        case _:
            return t.value(name, str(value))


async def find_sheet(request: web.Request, case_id: str) -> Sheet:
    """The open case from the mirror, else the case on record. Raises NotFound, also for what is out of sight,
    DatabaseUnavailable."""
    check_case(request, case_id)
    mirror = request.app[MIRROR]
    live, closed = mirror.cases.get(case_id), mirror.just_closed(case_id)
    if live is not None:
        return Sheet.of_live(live)
    try:
        async with request.app[DATABASE].read() as session:
            view = await case_view(session, case_id, scope=scope_of(request))
            file = await file_of(session, view.elder.id) if view is not None and view.elder else None
    except DatabaseUnavailable:
        if closed is None:
            raise
        view = None
    if view is not None and view.state == CaseState.CLOSED:
        return Sheet(view, file)
    if closed is not None:
        return Sheet(closed.view, closed.extras.file)
    if view is None:
        raise NotFound("problem.no_case")
    return Sheet(view, file)


def _alive(leg: LegView) -> bool:
    return leg.state != LegState.ENDED


def _years(file: ElderFile, sheet: Sheet) -> int | None:
    at = sheet.view.opened_at
    if file.born is None or at is None:
        return None
    before_birthday = (at.month, at.day) < (file.born.month, file.born.day)
    return at.year - file.born.year - before_birthday
