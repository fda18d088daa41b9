"""Each order from the log: where it stands, whose it is, at which price, how long the visit was (T1, T3, H7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.unit.models.year.log import Entry, Log, What

CALL_WITHIN = timedelta(minutes=30)  # H7
OPEN_WITH_FIRM = frozenset({"offered", "accepted", "elder_called", "appointed", "started"})
DONE = frozenset({"finished", "checked", "settled"})
_PLAIN = {
    What.OFFERED: "offered",
    What.ACCEPTED: "accepted",
    What.DECLINED: "declined",
    What.WITHDRAWN: "draft",
    What.RUNG: "elder_called",
    What.APPOINTED: "appointed",
    What.STARTED: "started",
    What.VOIDED: "void",
    What.CANCELLED: "cancelled",
    What.LOOKED_AT: "checked",
}


@dataclass(slots=True)
class Story:
    """`fen` for one unit of the service; `minutes` whole ones, between the scans."""

    number: int
    elder: int
    service: int
    drafted: datetime
    state: str = "draft"
    supplier: int = 0
    fen: int = 0
    call_due: datetime | None = None
    rung: datetime | None = None
    worker: int = 0
    appointed: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    minutes: int | None = None
    grade: str = ""
    redo_of: int = 0


@dataclass
class Orders:
    log: Log
    of: dict[int, Story] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.what is What.DRAFTED:
            self.of[entry.order] = Story(entry.order, entry.elder, entry.service, entry.at)
        elif (story := self.of.get(entry.order)) is not None:
            story.state = _PLAIN.get(entry.what, story.state)
            self._with_a_firm(story, entry)
            self._at_the_door(story, entry)

    def _with_a_firm(self, story: Story, entry: Entry) -> None:
        match entry.what:
            case What.OFFERED:
                story.supplier, story.fen, story.call_due = entry.supplier, entry.fen, entry.at + CALL_WITHIN
                story.worker, story.appointed, story.rung = 0, None, None
            case What.DECLINED | What.WITHDRAWN:
                story.supplier, story.fen, story.call_due, story.worker, story.appointed = 0, 0, None, 0, None
                story.rung = None
            case What.RUNG:
                story.rung = entry.at
            case What.APPOINTED:
                story.worker, story.appointed = entry.worker, entry.when
            case _:
                pass

    def _at_the_door(self, story: Story, entry: Entry) -> None:
        match entry.what:
            case What.STARTED:
                story.started = entry.when
            case What.ENDED:
                self._ended(story, entry)
            case What.REACHED if entry.words and story.state in DONE:
                story.grade = entry.words
                story.state = "checked" if story.state == "finished" else story.state
            case _:
                pass

    def redone(self, entry: Entry, *, keeps_firm: bool) -> None:
        """The same wish once more: with the same firm at the same price, or with nobody."""
        old = self.of[entry.of]
        new = Story(entry.order, old.elder, old.service, entry.at, redo_of=old.number)
        if keeps_firm:
            new.state, new.supplier, new.fen, new.call_due = "accepted", old.supplier, old.fen, entry.at + CALL_WITHIN
        self.of[entry.order] = new

    def overdue(self, now: datetime) -> list[Story]:
        """Elders who wait for a call that should have come, the longest waiting first."""
        waiting = [one for one in self.of.values() if one.state in ("offered", "accepted")]
        late = [one for one in waiting if one.call_due is not None and one.call_due < now]
        return sorted(late, key=lambda one: one.call_due or now)

    def open_of(self, firm: int) -> int:
        return sum(one.supplier == firm and one.state in OPEN_WITH_FIRM for one in self.of.values())

    def _ended(self, story: Story, entry: Entry) -> None:
        assert story.started is not None
        assert entry.when is not None
        story.ended, story.minutes = entry.when, int((entry.when - story.started).total_seconds()) // 60
        long_enough = story.minutes >= self.log.services[story.service].least_minutes
        story.state = "finished" if long_enough else "void"
