"""Each complaint from the log: its level, where it stands, whether it is late (H8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.unit.models.year.log import Entry, Log, What

CONTACT = timedelta(hours=24)
HIGHEST = 3
ANSWERED = frozenset({"answered", "closed"})
_AFTER = {
    "assigned": "assigned",
    "investigated": "investigated",
    "opinion": "opinion",
    "returned": "assigned",
    "approved": "approved",
    "answered": "answered",
}


@dataclass(slots=True)
class Turn:
    """The time on one level, with its two clocks."""

    since: datetime
    contacted: datetime | None = None
    answered: datetime | None = None


@dataclass(slots=True)
class Complaint:
    """`turns`: its levels so far, the one it is on last; `said`: what was answered when they were asked last."""

    order: int
    turns: list[Turn]
    state: str = "draft"
    level: int = 1
    said: str = ""

    @property
    def taken_down(self) -> datetime:
        return self.turns[0].since

    @property
    def since(self) -> datetime:
        """From when the clocks of this level run."""
        return self.turns[-1].since

    @property
    def contacted(self) -> bool:
        return self.turns[-1].contacted is not None


@dataclass
class Complaints:
    log: Log
    of: dict[int, Complaint] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.what is What.COMPLAINED:
            self.of[entry.complaint] = Complaint(entry.order, [Turn(entry.at)])
        elif entry.what is What.STEP:
            self._step(self.of[entry.complaint], entry)

    def _step(self, one: Complaint, entry: Entry) -> None:
        step, _, said = entry.words.partition(":")
        one.state = _AFTER.get(step, one.state)
        turn = one.turns[-1]
        if step in ("contacted", "answered"):
            turn.contacted = turn.contacted or entry.at
        if step == "answered":
            turn.answered = entry.at
        if step == "asked":
            one.state, one.said = "closed", said
            if said == "dissatisfied":
                one.state, one.level = "draft", min(one.level + 1, HIGHEST)
                one.turns.append(Turn(entry.at))

    def late(self, now: datetime) -> set[int]:
        return {number for number, one in self.of.items() if self._is_late(one, now)}

    def _is_late(self, one: Complaint, now: datetime) -> bool:
        """Nobody has spoken with them for a day, or no answer after a working day."""
        if one.state in ANSWERED:
            return False
        first, last = self.log.hours
        return (not one.contacted and now - one.since >= CONTACT) or (
            self.worked(one.since, now) >= timedelta(hours=last - first)
        )

    def contact(self, one: Complaint, now: datetime) -> str:
        """Whether somebody has spoken with them within a day, on every level: in_time, late, or open."""
        return _together(_clock(turn.contacted, (turn.contacted or now) - turn.since >= CONTACT) for turn in one.turns)

    def answer(self, one: Complaint, now: datetime) -> str:
        """Whether they were answered within a working day, on every level."""
        first, last = self.log.hours
        whole = timedelta(hours=last - first)
        ends = [(turn, turn.answered or now) for turn in one.turns]
        return _together(_clock(turn.answered, self.worked(turn.since, end) >= whole) for turn, end in ends)

    def worked(self, since: datetime, until: datetime) -> timedelta:
        """How much of the time between was worked, day by day."""
        first, last = self.log.hours
        total, day = timedelta(0), since.astimezone().date()
        while day <= until.astimezone().date():
            if day not in self.log.free:
                midnight = datetime.combine(day, datetime.min.time())
                opens = (midnight + timedelta(hours=first)).astimezone()
                closes = (midnight + timedelta(hours=last)).astimezone()
                total += max(timedelta(0), min(closes, until) - max(opens, since))
            day += timedelta(days=1)
        return total


def _clock(done: datetime | None, over: bool) -> str:
    return "late" if over else "open" if done is None else "in_time"


def _together(clocks: Iterable[str]) -> str:
    told = set(clocks)
    return next(one for one in ("late", "open", "in_time") if one in told)
