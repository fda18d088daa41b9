"""Calls that are owed afterwards, from the log: when they are due and tried again, how they ended; who is drawn (S3.4,
T5)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.unit.models.year.log import Entry, Log, What

from .orders import DONE, Orders

DUE = timedelta(days=2)
TRIES, PAUSE = 3, timedelta(hours=3)
HOURS = range(9, 20)  # of the day at which somebody may be rung
NEAR = 366  # days within which nobody is drawn twice
RECENT = timedelta(days=30)
KEY = "yijiantong-home-visits"


@dataclass(slots=True)
class Owed:
    order: int
    elder: int
    booked: datetime
    kind: str
    tried: list[datetime] = field(default_factory=list)
    again: datetime | None = None
    done: datetime | None = None
    ended: str = ""
    said: str = ""

    @property
    def due(self) -> datetime:
        return self.booked + DUE


@dataclass
class Calls:
    """`of`: by number. `drawn`: day to the elders who had to be drawn, each with the order that is asked about."""

    log: Log
    orders: Orders
    dead: dict[int, Entry]
    of: dict[int, Owed] = field(default_factory=dict)
    drawn: dict[date, dict[int, int]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        match entry.what:
            case What.ASKED_ABOUT:
                story = self.orders.of[entry.order]
                self.of[entry.follow_up] = Owed(entry.order, story.elder, entry.at, entry.words)
            case What.DIED:
                for call in self.of.values():
                    if call.elder == entry.elder and call.done is None:
                        call.done, call.ended = entry.at, "stopped"
            case What.TRIED:
                _tried(self.of[entry.follow_up], entry)
            case What.REACHED:
                call = self.of[entry.follow_up]
                call.done, call.ended, call.said = entry.at, "reached", entry.words
            case _:
                pass

    def drawn_before(self, entry: Entry) -> None:
        """Whom the draw of this entry had to find."""
        if entry.what is not What.SAMPLED:
            return
        day = entry.at.astimezone().date()
        end = datetime.combine(day, datetime.max.time()).astimezone()
        taken = {elder for other, elders in self.drawn.items() if abs((other - day).days) < NEAR for elder in elders}
        last: dict[int, int] = {}
        for story in self.orders.of.values():
            if story.state in DONE and end - RECENT < story.drafted <= end:
                last[story.elder] = max(story.number, last.get(story.elder, 0))
        row = sorted(last.keys() - taken - self.dead.keys(), key=lambda elder: _lot(day, elder))
        self.drawn[day] = {elder: last[elder] for elder in row[: self.log.sample]}


def _tried(call: Owed, entry: Entry) -> None:
    """Again at an hour at which nobody was rung yet, the first one after the pause; three times in all."""
    call.tried.append(entry.at)
    call.again = None
    if len(call.tried) >= TRIES:
        call.done, call.ended = entry.at, "not_reached"
        return
    used = {at.astimezone().hour for at in call.tried}
    call.again = entry.at + PAUSE
    while call.again.astimezone().hour in used or call.again.astimezone().hour not in HOURS:
        full = call.again.astimezone().replace(minute=0, second=0, microsecond=0)
        call.again = full + timedelta(hours=1)


def _lot(day: date, elder: int) -> str:
    return hashlib.sha256(f"{KEY}:{day:%Y-%m-%d}:{elder}".encode()).hexdigest()
