"""The month's money from the log: what was owed for all months up to one, as known when its statements were made, less
what stood in the statements that were locked before (X6, S6)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from tests.unit.models.year.log import Entry, Log, What

from .orders import DONE, Orders, Story

FEE = 2_000  # fen a month for the call service
FEE_PAID = {1: 100, 2: 50, 3: 0}  # class to per cent
Key = tuple[int, int, str]  # order, or 0 for the call service; elder; month


@dataclass(frozen=True, slots=True)
class Due:
    """What one thing costs, or in a statement what it costs more than before; `government` and `own` in fen. `visits`
    is 0 for the call service and where only the shares have changed, -1 where a visit is taken back."""

    order: int
    elder: int
    of: str
    place: int
    service_class: int
    percent: int
    price: int
    supplier: int = 0
    worker: int = 0
    minutes: int = 0
    visits: int = 0
    government: int = 0
    own: int = 0

    @property
    def key(self) -> Key:
        return self.order, self.elder, self.of

    def less(self, before: Due) -> Due:
        visits = self.visits - before.visits
        return replace(
            self,
            visits=visits,
            minutes=visits * self.minutes,
            government=self.government - before.government,
            own=self.own - before.own,
        )


@dataclass
class Money:
    """`statements`: month to what stands in it; `locked`: months in their order; `billed`: all that was owed when the
    last one was locked."""

    log: Log
    orders: Orders
    statements: dict[str, list[Due]] = field(default_factory=dict)
    locked: list[str] = field(default_factory=list)
    billed: dict[Key, Due] = field(default_factory=dict)
    gone: dict[int, date] = field(default_factory=dict)
    classes: dict[int, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    _owed: dict[str, dict[Key, Due]] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        match entry.what:
            case What.CLASSED:
                self.classes[entry.elder].append((entry.at, entry.service_class))
            case What.DIED | What.DIED_ON:
                assert entry.when is not None
                self.gone[entry.elder] = entry.when.date()
            case What.RECKONED:
                self._reckoned(entry.month)
            case What.LOCKED:
                self.locked.append(entry.month)
                self.billed = self._owed[entry.month]
                for due in self.billed.values():
                    story = self.orders.of.get(due.order)
                    if story is not None and story.state == "checked":
                        story.state = "settled"
            case _:
                pass

    def class_at(self, elder: int, at: datetime) -> int:
        changed = [its_class for since, its_class in self.classes[elder] if since <= at]
        return changed[-1] if changed else self.log.elders[elder].service_class

    def _reckoned(self, month: str) -> None:
        self.statements.setdefault(month, [])
        first = min(self.statements)
        owed = {due.key: due for due in (*self._visits(first, month), *self._calls(month))}
        self._owed[month] = owed
        corrects = bool(self.locked) and _after(self.locked[-1]) == month
        lines = [
            due.less(self.billed.get(key, replace(due, visits=0, government=0, own=0))) for key, due in owed.items()
        ]
        self.statements[month] = [
            line for line in lines if line.of == month or (corrects and (line.government, line.own) != (0, 0))
        ]

    def _visits(self, first: str, month: str) -> list[Due]:
        """Of the months from `first` to `month`. What was in a locked month and is void now is owed no more."""
        together: dict[tuple[int, str], list[tuple[datetime, Due]]] = defaultdict(list)
        for story in self.orders.of.values():
            if story.ended is not None and first <= (of := f"{story.ended.astimezone():%Y-%m}") <= month:
                known = self.billed.get((story.number, story.elder, of))
                if story.state in DONE or (story.state == "void" and known is not None):
                    due = known or self._visit(story, story.ended, of)
                    counts = int(story.state in DONE)
                    together[story.elder, of].append((story.ended, replace(due, visits=counts)))
        return [due for visits in together.values() for due in self._shared(visits)]

    def _visit(self, story: Story, ended: datetime, of: str) -> Due:
        service, its_class = self.log.services[story.service], self.class_at(story.elder, ended)
        minutes = story.minutes or 0
        return Due(
            order=story.number,
            elder=story.elder,
            of=of,
            place=self.log.elders[story.elder].place,
            service_class=its_class,
            percent=service.paid[its_class],
            price=story.fen * minutes // 60 if service.unit == "hour" else story.fen,
            supplier=story.supplier,
            worker=story.worker,
            minutes=minutes,
        )

    def _shared(self, visits: list[tuple[datetime, Due]]) -> list[Due]:
        """Of one elder in one month: up to the limit together with the government, above it alone."""
        spent, found = 0, []
        for _, due in sorted(visits, key=lambda one: (one[0], one[1].order)):
            price = due.price * due.visits
            within = max(0, min(price, self.log.home_limit - spent))
            spent += price
            government = (within * due.percent + 99) // 100  # a part of a fen is the government's
            found.append(replace(due, government=government, own=price - government))
        return found

    def _calls(self, month: str) -> list[Due]:
        """Of the locked months whoever stood in them and was not gone before, of this one whoever is served."""
        found = [
            _divided(due, 0 if self._gone_before(due.elder, due.of) else FEE)
            for due in self.billed.values()
            if not due.order
        ]
        for elder, facts in self.log.elders.items():
            if facts.signed is None or f"{facts.signed:%Y-%m}" > month or self._gone_before(elder, month):
                continue
            its_class = self.class_at(elder, datetime(int(month[:4]), int(month[5:]), 1).astimezone())
            due = Due(0, elder, month, facts.place, its_class, FEE_PAID[its_class], FEE)
            found.append(_divided(due, FEE))
        return found

    def _gone_before(self, elder: int, month: str) -> bool:
        return elder in self.gone and f"{self.gone[elder]:%Y-%m}" < month


def _divided(due: Due, fen: int) -> Due:
    government = fen * due.percent // 100
    return replace(due, government=government, own=fen - government)


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04}-{number % 12 + 1:02}"
