"""Recordings for quality from the log: which calls of a month each agent had when it was drawn, and what was drawn and
scored (K5)."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.unit.models.year.log import Entry, Log, What

EACH_MONTH = 2
SHORTEST = 10.0  # seconds of sound


@dataclass(slots=True)
class Review:
    case: str
    agent: int
    month: str
    score: int | None = None


@dataclass
class Quality:
    """`had`: month to agent to the calls that could be drawn, as of the last draw; `nobodys`: those of which it could
    not be told whose they were; `of`: reviews by number."""

    log: Log
    had: dict[str, dict[int, set[str]]] = field(default_factory=dict)
    nobodys: dict[str, set[str]] = field(default_factory=dict)
    of: dict[int, Review] = field(default_factory=dict)
    _over: list[str] = field(default_factory=list)

    def take(self, entry: Entry) -> None:
        match entry.what:
            case What.CALLED:
                self._over.append(entry.case)
            case What.DRAW:
                self._look(entry.month)
            case What.DRAWN:
                self.of[entry.review] = Review(entry.case, entry.worker, entry.month)
            case What.SCORED:
                self.of[entry.review].score = sum(entry.points)
            case _:
                pass

    def emergency(self, case: str) -> bool:
        return self.log.calls[case].emergency is not None

    def of_month(self, month: str, agent: int) -> list[Review]:
        return [one for one in self.of.values() if (one.month, one.agent) == (month, agent)]

    def lacks(self, month: str, agent: int) -> str:
        """What the rule asks for and the calls of the month did not give."""
        calls = self.had[month][agent]
        if len(calls) < EACH_MONTH:
            return "too_few" if calls else "no_calls"
        return "" if any(map(self.emergency, calls)) else "no_emergency"

    def _look(self, month: str) -> None:
        had: dict[int, set[str]] = {agent: set() for agent in self.log.agents}
        nobodys: set[str] = set()
        for case in self._over:
            facts = self.log.calls[case]
            if f"{facts.opened.astimezone():%Y-%m}" != month or facts.seconds < SHORTEST:
                continue
            for line in facts.lines:
                if line.kind != "seat" or line.answered is None:
                    continue
                people = [agent for agent, seat in self.log.agents.items() if seat == line.number]
                there = people if len(people) == 1 else [agent for agent in people if agent in facts.acted]
                if len(there) == 1:
                    had[there[0]].add(case)
                elif people:
                    nobodys.add(case)
        self.had[month], self.nobodys[month] = had, nobodys
