"""Each complaint from the log: its level, where it stands, whether it is late (H8)."""

from __future__ import annotations

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
class Complaint:
    """`since`: from when the clocks of this level run."""

    since: datetime
    state: str = "draft"
    level: int = 1
    contacted: bool = False


@dataclass
class Complaints:
    log: Log
    of: dict[int, Complaint] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.what is What.COMPLAINED:
            self.of[entry.complaint] = Complaint(entry.at)
        elif entry.what is What.STEP:
            self._step(self.of[entry.complaint], entry)

    def _step(self, one: Complaint, entry: Entry) -> None:
        step, _, said = entry.words.partition(":")
        one.state = _AFTER.get(step, one.state)
        one.contacted = one.contacted or step in ("contacted", "answered")
        if step == "asked":
            one.state = "closed"
            if said == "dissatisfied":
                one.state, one.level = "draft", min(one.level + 1, HIGHEST)
                one.since, one.contacted = entry.at, False

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
