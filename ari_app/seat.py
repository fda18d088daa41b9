"""A seat: what its agent wants, what it is doing, and what follows from both. No rule of who is rung lives here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.policy import Policy
from ivr.vocabulary import PauseReason, Role, Skill


class SeatState(StrEnum):
    OFFLINE = "offline"
    READY = "ready"
    PAUSED = "paused"
    RESERVED = "reserved"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    DISABLED = "disabled"


@dataclass(slots=True)
class Seat:
    """`willing` is what the agent chose, or `by` (a name) for them; whether the seat is ready depends on its phone and
    work as well. `community`: whose seat it is, None for the centre's. `needed`: somebody waits, and the agent is asked
    to end the wrap-up or the care call, or to file what is owed. `wrap_up_ends`: when the wrap-up ends by itself,
    `prolonged` once at most; `owes`: cases whose outcome this seat has to file, without which it is offered no ordinary
    call. `leaving`: no longer on record, gone as soon as its case lets go of it. `muted`: the agent wants its telephone
    not heard.
    `disabled`: kept on record, and rung for nobody. `place`: its org unit, whether that is a community or not."""

    extension: str
    name: str
    agent: str
    skills: frozenset[Skill]
    since: datetime
    idle_since: datetime
    community: int | None = None
    willing: bool = False
    reason: str = ""
    by: str = ""
    registered: bool = False
    case: str | None = None
    role: Role | None = None
    talking: bool = False
    muted: bool = False
    wrapping_up: bool = False
    wrap_up_ends: datetime | None = None
    prolonged: bool = False
    owes: set[str] = field(default_factory=set)
    needed: bool = False
    leaving: bool = False
    disabled: bool = False
    place: int | None = None

    @property
    def state(self) -> SeatState:
        if self.case is not None:
            return SeatState.TALKING if self.talking else SeatState.RESERVED
        if self.disabled:
            return SeatState.DISABLED
        if not self.registered:
            return SeatState.OFFLINE
        if self.wrapping_up:
            return SeatState.WRAP_UP
        return SeatState.READY if self.willing else SeatState.PAUSED

    def until(self, policy: Policy) -> datetime | None:
        """When the wrap-up ends, or the pause has lasted as long as it may; None in every other state."""
        match self.state:
            case SeatState.WRAP_UP:
                return self.wrap_up_ends
            case SeatState.PAUSED:
                return self.since + timedelta(minutes=pause_limit(policy, self.reason))
            case _:
                return None

    def end_wrap_up(self) -> None:
        self.wrapping_up, self.wrap_up_ends, self.prolonged = False, None, False


def pause_limit(policy: Policy, reason: str) -> float:
    """Minutes. A pause without a reason of ours (an agent who did not answer, `*42`) may last as long as any other."""
    known = reason if reason in tuple(PauseReason) else PauseReason.OTHER
    return float(getattr(policy, f"pause_{known}"))


@dataclass(frozen=True, slots=True)
class SeatSetup:
    """A seat as the records know it; `since` its agent wants what they want. `wrap_up_ends`, `prolonged`: of the
    wrap-up that a former boot has seen begin."""

    extension: str
    name: str
    agent: str = ""
    skills: frozenset[Skill] = frozenset({Skill.AGENT})
    community: int | None = None
    willing: bool = False
    reason: str = ""
    since: datetime | None = None
    wrap_up_ends: datetime | None = None
    prolonged: bool = False
    active: bool = True
    place: int | None = None
