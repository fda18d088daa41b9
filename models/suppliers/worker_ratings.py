"""How well a worker does in a period (Y4): a number from 0 to 100, by the shares and weights of a supplier's
(`score.py`) of what one person answers for: ratings, visits that are not void, visits without complaint; and the
ranking. Pure.

    share = (good + PRIOR * START) / (known + PRIOR)
    score = 100 * sum of weight * share / sum of these three weights

Complaints are compared with the visits that counted: a void one must not make them look fewer. Who was rated less often
than `LEAST_RATED` has a score and no rank. Equal scores have the same rank, and the next one is as many further down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from models.suppliers.score import Part, Score, Weights, begun, liked, weighed

LEAST_RATED: Final = 5


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What is counted of a worker, whoever has counted it. `visits` counted, `void` ones did not, and their ratings do
    not either. `complaints`: visits that were complained about, as long as the supplier is meant
    (`complaint_targets.py`)."""

    visits: int = 0
    void: int = 0
    satisfied: int = 0
    fairly_satisfied: int = 0
    dissatisfied: int = 0
    complaints: int = 0

    @property
    def rated(self) -> int:
        return self.satisfied + self.fairly_satisfied + self.dissatisfied

    @property
    def is_ranked(self) -> bool:
        return self.rated >= LEAST_RATED


@dataclass(frozen=True, slots=True)
class Standing:
    """`rank` None: rated too few times; `shared`: somebody else has the same rank."""

    score: Score
    rank: int | None = None
    shared: bool = False


def worker_score(facts: WorkerFacts, weights: Weights) -> Score:
    """The score with its parts."""
    counted = max(facts.visits, facts.complaints)
    return weighed(
        {
            Part.RATINGS: begun(*liked(facts.satisfied, facts.fairly_satisfied, facts.dissatisfied)),
            Part.VOID: begun(facts.visits, facts.visits + facts.void),
            Part.COMPLAINTS: begun(counted - facts.complaints, counted),
        },
        weights,
    )


def standings(facts: Mapping[int, WorkerFacts], weights: Weights) -> dict[int, Standing]:
    """Worker to standing: the best first, those without a rank at the end."""
    scores = {worker: worker_score(one, weights) for worker, one in facts.items()}
    order = sorted(facts, key=lambda worker: (not facts[worker].is_ranked, -scores[worker].points, worker))
    ranked = [scores[worker].points for worker in order if facts[worker].is_ranked]
    alike, first = Counter(ranked), {points: ranked.index(points) + 1 for points in set(ranked)}

    def standing(worker: int) -> Standing:
        mine = scores[worker]
        if not facts[worker].is_ranked:
            return Standing(mine)
        return Standing(mine, first[mine.points], alike[mine.points] > 1)

    return {worker: standing(worker) for worker in order}
