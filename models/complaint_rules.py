"""Who may do what with a complaint (H8). Pure: what is known of the complaint and of the person goes in, the reason
why not comes out. The person complained about steps back; a leader's opinion is another person's than that of whoever
is responsible; above the first level leaders alone are responsible, and nobody who was so on a level below."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from models.complaints import LEVELS, SUCCESSORS, AboutKind, ComplaintState, Satisfaction, Step
from models.roles import UserRole

HANDLERS: Final = frozenset({UserRole.ADMIN, UserRole.LEAD, UserRole.AGENT, UserRole.PROFESSIONAL})
LEADERS: Final = frozenset({UserRole.ADMIN, UserRole.LEAD})
_BY_LEADERS: Final = frozenset({Step.APPROVED, Step.RETURNED})
_BY_RESPONSIBLE: Final = frozenset({Step.INVESTIGATED, Step.OPINION, Step.ANSWERED, Step.CONTACTED})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the staff: `seat` is where they usually sit."""

    id: int
    seat: str | None
    roles: frozenset[str]

    @property
    def actor(self) -> str:
        return f"user:{self.id}"

    @property
    def handles(self) -> bool:
        return not self.roles.isdisjoint(HANDLERS)

    @property
    def leads(self) -> bool:
        return not self.roles.isdisjoint(LEADERS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask of a complaint. `below`: the users who were responsible on the levels below this one."""

    state: ComplaintState
    level: int
    about_kind: AboutKind
    about_id: str
    assigned_to: int | None
    below: Collection[int] = ()


def is_about(facts: Facts, person: Person) -> bool:
    """Whether it is this person who is complained about."""
    match facts.about_kind:
        case AboutKind.USER:
            return facts.about_id == str(person.id)
        case AboutKind.SEAT:
            return bool(facts.about_id) and facts.about_id == person.seat
        case _:
            return False


def not_responsible(facts: Facts, person: Person) -> str:
    """Why this person cannot be given the complaint; empty: they can."""
    if not person.handles:
        return "no_handler"
    if is_about(facts, person):
        return "concerned"
    if facts.level > 1 and not person.leads:
        return "leaders_only"
    return "was_below" if person.id in facts.below else ""


def not_now(facts: Facts, step: Step, person: Person, *, to: Person | None = None) -> str:
    """Why this person cannot do this now; empty: they can. `to`: whom it is to be given to."""
    if step not in SUCCESSORS[facts.state]:
        return "not_in_this_state"
    if is_about(facts, person):
        return "concerned"
    if not person.handles:
        return "no_handler"
    if step in _BY_LEADERS:
        if not person.leads:
            return "leaders_only"
        return "same_person" if person.id == facts.assigned_to else ""
    if step is Step.ASSIGNED:
        taken = to is not None and to.id == person.id and facts.assigned_to is None
        if not person.leads and not taken:
            return "leaders_only"
        return "no_handler" if to is None else not_responsible(facts, to)
    if step in _BY_RESPONSIBLE and person.id != facts.assigned_to:
        return "not_yours"
    return ""


def possible(facts: Facts, person: Person) -> tuple[Step, ...]:
    """What this person can do now; to give it to somebody counts when they could take it or lead."""
    steps = SUCCESSORS[facts.state]
    return tuple(
        step
        for step in steps
        if not not_now(facts, step, person, to=person)
        or (step is Step.ASSIGNED and person.leads and not is_about(facts, person))
    )


def after_asking(level: int, satisfaction: Satisfaction) -> tuple[ComplaintState, int]:
    """State and level once it is known whether the answer satisfies: to who is dissatisfied it opens again one level
    up, on the highest as often as it takes."""
    if satisfaction is Satisfaction.DISSATISFIED:
        return ComplaintState.DRAFT, min(level + 1, LEVELS)
    return ComplaintState.CLOSED, level
