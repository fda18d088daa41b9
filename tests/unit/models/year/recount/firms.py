"""Each firm from the log: what counts for and against it, its points, whether it may work, when it was stopped, and who
is asked first (S11, H9, H10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.unit.models.year.log import Entry, Log, What

from .orders import DONE, Orders, Story

PUNCTUAL = timedelta(minutes=15)
WINDOW = timedelta(days=365)
WEIGHTS = {"ratings": 40, "punctual": 20, "void": 15, "complaints": 15, "price": 10}
BEFORE_ANYTHING, OF = 4.0, 5  # as if four of five had gone well
WORTH = {"satisfied": 1.0, "fairly_satisfied": 0.5, "dissatisfied": 0.0}
LEAST_POINTS, OFF_FOR_EACH = 60.0, 5.0
RATE, ROW, RATE_FROM = 20.0, 3, 5  # H9
WORKING = frozenset({"probation", "active"})


@dataclass(slots=True)
class Counted:
    """What is known of one order of a firm, or of complaints about none (`order` 0). `at`: when it ended or was made
    void; before that, when it was complained about."""

    at: datetime
    order: int
    ended: bool = False
    void: bool = False
    punctual: bool = True
    grade: str = ""
    complaints: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Figures:
    orders: int = 0
    void: int = 0
    punctual: int = 0
    late: int = 0
    grades: dict[str, int] = field(default_factory=lambda: dict.fromkeys(WORTH, 0))
    complaints: int = 0
    in_a_row: int = 0

    @property
    def rate(self) -> float:
        return 100 * self.complaints / max(self.orders, self.complaints, 1)


@dataclass
class Firms:
    """`stopped`: the firms that had to be suspended, with the moment. `stops`: what they were before each. `wrong`:
    what was done although it could not be, or the other way round."""

    log: Log
    orders: Orders
    status: dict[int, str] = field(default_factory=dict)
    taken_in: dict[int, datetime] = field(default_factory=dict)
    stops: dict[int, list[str]] = field(default_factory=dict)
    stopped: list[tuple[int, datetime]] = field(default_factory=list)
    counted: dict[int, list[Counted]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def works(self, firm: int) -> bool:
        return self.status.get(firm) in WORKING

    def take(self, entry: Entry) -> None:
        """After the order of the entry has been brought up to date."""
        self._standing(entry)
        self._allowed(entry)
        story = self.orders.of.get(entry.order)
        match entry.what:
            case What.ENDED | What.VOIDED if story is not None:
                self._over(story, entry.at)
            case What.REACHED if story is not None and story.state in DONE and entry.words:
                self._row(story.supplier, story.number, entry.at).grade = entry.words
                self._stop_if_needed(story.supplier, entry.at)
            case What.COMPLAINED:
                self._complained(entry, story)
            case What.DROPPED:
                self._dropped(entry.complaint)
            case _:
                pass

    def _standing(self, entry: Entry) -> None:
        firm = entry.supplier
        match entry.what:
            case What.ADMITTED | What.TAKEN_BACK:
                if entry.what is What.TAKEN_BACK and not self._may_come_back(firm, entry.at):
                    self.wrong.append(f"firm {firm} was taken back at {entry.at}")
                self.status[firm], self.taken_in[firm] = "probation", entry.at
            case What.NOT_TAKEN_BACK if self._may_come_back(firm, entry.at):
                self.wrong.append(f"firm {firm} was not taken back at {entry.at}")
            case What.CONFIRMED:
                self.status[firm] = "active"
            case What.BLACKLISTED:
                self.status[firm] = "blacklisted"
            case _:
                pass

    def _allowed(self, entry: Entry) -> None:
        """Nobody takes an order who may not work."""
        refused = entry.what is What.ACCEPT_REFUSED
        if (refused or entry.what is What.ACCEPTED) and self.works(entry.supplier) == refused:
            self.wrong.append(f"order {entry.order}: {entry.what} of firm {entry.supplier} at {entry.at}")

    def _over(self, story: Story, at: datetime) -> None:
        """The visit has ended, or is void."""
        assert story.started is not None
        assert story.appointed is not None
        row = self._row(story.supplier, story.number, at)
        row.at, row.ended, row.void = at, True, story.state == "void"
        row.punctual = story.started <= story.appointed + PUNCTUAL
        self._stop_if_needed(story.supplier, at)

    def figures(self, firm: int, since: datetime) -> Figures:
        rows = [row for row in self.counted.get(firm, ()) if row.at > since]
        found = Figures()
        well = max((row.at for row in rows if not row.complaints and not row.void), default=None)
        for row in rows:
            found.orders += bool(row.order)
            found.void += row.void
            found.punctual += row.ended and row.punctual
            found.late += row.ended and not row.punctual
            if row.grade:
                found.grades[row.grade] += 1
            found.complaints += bool(row.complaints)
            found.in_a_row += bool(row.complaints) and (well is None or row.at > well)
        return found

    def points(self, firm: int, now: datetime) -> float:
        """From 0 to 100, one decimal."""
        found = self.figures(firm, now - WINDOW)
        rated = sum(found.grades.values())
        liked = sum(WORTH[grade] * number for grade, number in found.grades.items())
        counted = max(found.orders, found.complaints)
        facts = self.log.firms[firm]
        percents = [100 * fen / self.log.services[service].limit for service, fen in facts.prices.items()]
        shares = {
            "ratings": _share(liked, rated),
            "punctual": _share(found.punctual, found.punctual + found.late),
            "void": _share(found.orders - found.void, found.orders),
            "complaints": _share(counted - found.complaints, counted),
            "price": (100 - sum(percents) / len(percents)) / 100,
        }
        return round(100 * sum(WEIGHTS[name] * share for name, share in shares.items()) / sum(WEIGHTS.values()), 1)

    def of_workers(self, year: int) -> dict[int, tuple[int, ...]]:
        """Worker to visits that counted, void ones, grades of those that counted, complaints: of the visits that were
        over in this year."""
        found: dict[int, list[int]] = {}
        for row in (row for rows in self.counted.values() for row in rows):
            if row.order and row.ended and row.at.astimezone().year == year:
                numbers = found.setdefault(self.orders.of[row.order].worker, [0] * (3 + len(WORTH)))
                numbers[1 if row.void else 0] += 1
                numbers[-1] += bool(row.complaints)
                if row.grade and not row.void:
                    numbers[2 + list(WORTH).index(row.grade)] += 1
        return {worker: tuple(numbers) for worker, numbers in found.items()}

    def ranking(self, now: datetime) -> list[int]:
        """Those that may work, the best first."""
        return sorted(filter(self.works, self.log.firms), key=lambda firm: (-self.points(firm, now), firm))

    def asked_before(self, entry: Entry) -> None:
        """Whom could be asked at the moment of this entry, and in which order?"""
        if entry.what not in (What.OFFERED, What.NOBODY):
            return
        expected = self._could_be_asked(self.orders.of[entry.order], entry.at)
        if entry.asked != expected:
            self.wrong.append(f"order {entry.order}, {entry.at}: {entry.asked} could be asked, counted {expected}")

    def _could_be_asked(self, story: Story, now: datetime) -> tuple[int, ...]:
        day, around = now.astimezone().date(), self.log.around[self.log.elders[story.elder].place]
        found = []
        for firm, facts in self.log.firms.items():
            workers = _trained(facts.workers.values(), day)
            begins, ends = facts.agreement
            able = story.service in facts.prices and facts.areas & around and begins <= day <= ends and workers
            if self.works(firm) and able and (points := self.points(firm, now)) >= LEAST_POINTS:
                standing = points - OFF_FOR_EACH * self.orders.open_of(firm) / workers
                found.append((-standing, facts.prices[story.service], firm))
        return tuple(firm for _, _, firm in sorted(found))

    def _row(self, firm: int, order: int, at: datetime) -> Counted:
        """What is known of this order with this firm; what was said of it about another is about none of that one's."""
        rows = self.counted.setdefault(firm, [])
        for other in (row for whose, known in self.counted.items() if whose != firm for row in known):
            if order and other.order == order:
                other.order = 0
        known = next((row for row in rows if order and row.order == order), None)
        if known is None:
            known = Counted(at, order)
            rows.append(known)
        return known

    def _complained(self, entry: Entry, story: Story | None) -> None:
        """About the firm that has the order; about one that nobody has, nobody is meant."""
        firm = story.supplier if story is not None else entry.supplier
        if firm:
            self._row(firm, entry.order, entry.at).complaints.add(entry.complaint)
            self._stop_if_needed(firm, entry.at)

    def _dropped(self, complaint: int) -> None:
        for rows in self.counted.values():
            for row in [row for row in rows if complaint in row.complaints]:
                row.complaints.discard(complaint)
                if not row.complaints and not row.ended:
                    rows.remove(row)

    def _stop_if_needed(self, firm: int, now: datetime) -> None:
        if not self.works(firm):
            return
        found = self.figures(firm, max(now - WINDOW, self.taken_in[firm]))
        if found.in_a_row > ROW or (found.orders >= RATE_FROM and found.rate > RATE):
            self.stops.setdefault(firm, []).append(self.status[firm])
            self.stopped.append((firm, now))
            self.status[firm] = "suspended"

    def _may_come_back(self, firm: int, at: datetime) -> bool:
        """Not without an agreement; not who was stopped again on probation."""
        begins, ends = self.log.firms[firm].agreement
        stops = self.stops[firm]
        return begins <= at.astimezone().date() <= ends and not (len(stops) > 1 and stops[-1] == "probation")


def _share(good: float, known: float) -> float:
    return (good + BEFORE_ANYTHING) / (known + OF)


def _trained(spans: Iterable[tuple[date, date]], day: date) -> int:
    return sum(first <= day <= last for first, last in spans)
