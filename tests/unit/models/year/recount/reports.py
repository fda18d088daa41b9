"""Every figure of a report, from the log: of the people of some places, in a time, as of a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.unit.models.year.log import CallFacts, Entry, Log, What

from .calls import Calls
from .complaints import Complaints
from .orders import DONE, Orders
from .quality import Quality

IN_TIME = (10, 15, 60, 180)  # seconds (K1)
RESCUE = timedelta(seconds=60)
ARRIVAL = (45, 60)  # minutes (K4)
KINDS = {"sos": "alarms", "ordinary": "ordinary", "complaint": "complaint_calls", "sensor": "sensor", "care": "care"}
GRADES = ("satisfied", "fairly_satisfied", "dissatisfied")
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """`here`: whether an elder (0: nobody) is of the places of the report."""

    first: date
    last: date
    now: datetime
    here: Callable[[int], bool]

    def at(self, moment: datetime | None) -> bool:
        return moment is not None and self.first <= moment.astimezone().date() <= self.last


@dataclass
class Reports:
    log: Log
    orders: Orders
    calls: Calls
    complaints: Complaints
    quality: Quality
    dead: dict[int, Entry]
    explained: set[str] = field(default_factory=set)
    classes: dict[int, int] = field(default_factory=dict)
    wishes: dict[int, Entry] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.what is What.EXPLAINED:
            self.explained.add(entry.case)
        elif entry.what is What.WISHED:
            self.wishes[entry.wish] = entry
        elif entry.what is What.STRUCK_OUT:
            del self.wishes[entry.wish]
        elif entry.what is What.ON_FILE:
            self.classes[entry.elder] = self.log.elders[entry.elder].service_class
        elif entry.what is What.CLASSED:
            self.classes[entry.elder] = entry.service_class

    def figures(self, asked: Asked) -> Counter[str]:
        """By the names of the house; what is not in it is 0."""
        told: Counter[str] = Counter()
        for case, facts in self._calls(asked):
            self._call(told, case, facts, asked)
        for count in (self._orders, self._complaints, self._follow_ups, self._wishes, self._reviews, self._register):
            told.update(count(asked))
        return told

    def _calls(self, asked: Asked) -> Iterable[tuple[str, CallFacts]]:
        over = {entry.case for entry in self.log.of(What.CALLED)}
        return ((case, one) for case, one in self.log.calls.items() if case in over and asked.here(one.elder))

    def _call(self, told: Counter[str], case: str, facts: CallFacts, asked: Asked) -> None:
        if asked.at(facts.excepted):
            told.update(["exceptions", "exceptions_explained" if case in self.explained else "exceptions_open"])
        if not asked.at(facts.opened):
            return
        if facts.kind == "outbound":
            told["outbound"] += 1
        else:
            its_class = f"class_{self.classes[facts.elder]}" if facts.elder else "class_none"
            told.update(["calls", KINDS[facts.kind], its_class, f"outcome_{facts.outcome or 'none'}"])
            self._rung(told, facts)
        if facts.kind == "sos":
            _answered(told, facts, asked.now)
        _rescue(told, facts)

    def _rung(self, told: Counter[str], facts: CallFacts) -> None:
        seats = [line for line in facts.lines if line.kind == "seat"]
        for who, station in (("station", True), ("centre", False)):
            rung = [line for line in seats if bool(self.log.seats[line.number]) is station]
            took = [line.answered - line.dialled for line in rung if line.answered]
            told[f"{who}_rung"] += bool(rung)
            told[f"{who}_answered"] += bool(took)
            told[f"{who}_time"] += min(took) // MICROSECOND if took else 0

    def _orders(self, asked: Asked) -> Iterable[str]:
        for one in self.orders.of.values():
            if not asked.at(one.drafted) or not asked.here(one.elder):
                continue
            running = one.state not in {*DONE, "void", "cancelled"}
            yield from ("orders", f"aid_{self.log.services[one.service].aid}")
            yield "orders_running" if running else "orders_done" if one.state in DONE else f"orders_{one.state}"
            if one.rung and one.call_due:
                yield from ("elder_called", *(["elder_called_in_time"] if one.rung <= one.call_due else []))
            if one.grade:
                yield from ("graded", f"grade_{one.grade}")

    def _complaints(self, asked: Asked) -> Iterable[str]:
        for one in self.complaints.of.values():
            if not asked.at(one.taken_down) or not asked.here(self.orders.of[one.order].elder if one.order else 0):
                continue
            yield from ("complaints", "complaints_closed" if one.state == "closed" else "complaints_open")
            if one.turns[-1].answered:
                yield "complaints_answered"
            if one.said == "dissatisfied":
                yield "complaints_dissatisfied"
            contact, answer = self.complaints.contact(one, asked.now), self.complaints.answer(one, asked.now)
            for clock, kept in (("contact", contact), ("answer", answer)):
                if kept != "open":
                    yield from (f"{clock}_known", f"{clock}_{kept}")

    def _follow_ups(self, asked: Asked) -> Iterable[str]:
        for one in self.calls.of.values():
            if not asked.at(one.done) or not asked.here(one.elder):
                continue
            yield from ("follow_ups", f"follow_up_{one.kind}", f"ended_{one.ended}")
            if one.done and one.done <= one.due:
                yield "follow_ups_in_time"
            if one.said in GRADES:
                yield from ("asked", f"said_{one.said}")

    def _wishes(self, asked: Asked) -> Iterable[str]:
        names = {"new_wish": "new_wishes", "refusal": "refusals"}
        yield from (names[one.words] for one in self.wishes.values() if asked.at(one.at) and asked.here(one.elder))

    def _reviews(self, asked: Asked) -> Counter[str]:
        told: Counter[str] = Counter()
        for one in self.quality.of.values():
            facts = self.log.calls[one.case]
            if asked.at(facts.opened) and asked.here(facts.elder):
                told.update(["reviews", "reviews_open" if one.score is None else "reviews_done"])
                told["reviews_emergency"] += facts.emergency is not None
                told["score_points"] += one.score or 0
        return told

    def _register(self, asked: Asked) -> Iterable[str]:
        """The register as it stands, whatever the time; and those who have died in it."""
        for elder, its_class in self.classes.items():
            if asked.here(elder) and elder not in self.dead:
                yield from ("elders", f"elders_class_{its_class}")
        yield from ("elders_died" for one in self.dead.values() if asked.at(one.at) and asked.here(one.elder))


def _answered(told: Counter[str], facts: CallFacts, now: datetime) -> None:
    waited = None if facts.answered is None else facts.answered - facts.opened
    told["unanswered" if waited is None else "answered"] += 1
    told["answer_time"] += 0 if waited is None else waited // MICROSECOND
    for seconds in IN_TIME:
        target = timedelta(seconds=seconds)
        told[f"alarms_known_{seconds}"] += waited is not None or now - facts.opened > target
        told[f"answered_{seconds}"] += waited is not None and waited <= target


def _rescue(told: Counter[str], facts: CallFacts) -> None:
    if facts.emergency is None:
        return
    told["emergencies"] += 1
    rung = [line.dialled - facts.emergency for line in facts.lines if line.kind in ("service", "contact")]
    told["rescue_called"] += bool(rung)
    told["rescue_in_time"] += bool(rung) and min(rung) <= RESCUE
    if facts.arrived is None:
        return
    took = facts.arrived - facts.emergency
    told.update(["arrived", *(f"arrived_{minutes}" for minutes in ARRIVAL if took <= timedelta(minutes=minutes))])
    told["arrival_time"] += took // MICROSECOND
