"""How well a supplier does, as a number from 0 to 100 with all its parts (S11, H10). Pure: plain facts in, and the
weights of the policy; the page shows the same parts.

Each part is a share from 0 (bad) to 1 (good). Shares of orders begin at `START`, as if `PRIOR` orders had gone so:
otherwise one good or one bad order would decide about a newcomer.

    share = (good + PRIOR * START) / (known + PRIOR)
    score = 100 * sum of weight * share / sum of weights
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ivr.policy import Policy

PRIOR: Final = 5
START: Final = 0.8
FAIRLY: Final = 0.5  # what "fairly satisfied" counts, where "satisfied" counts one


@dataclass(frozen=True, slots=True)
class SupplierFacts:
    """What is counted of a supplier, whoever has counted it. `orders` are all that ended, void ones included; a rating
    or whether somebody was `punctual` is not known of each. `complaints` are orders that were complained about, and
    complaints about no order; `complained_in_a_row` of them are the latest, without an order in between that went
    well, which a void one did not. `price_percent`: own prices in per cent of the highest that are allowed, on average;
    None: no service yet."""

    orders: int = 0
    void: int = 0
    punctual: int = 0
    late: int = 0
    satisfied: int = 0
    fairly_satisfied: int = 0
    dissatisfied: int = 0
    complaints: int = 0
    complained_in_a_row: int = 0
    price_percent: float | None = None

    @property
    def complaint_rate(self) -> float:
        """In per cent of the orders."""
        return 100 * self.complaints / max(self.orders, self.complaints, 1)


class Part(StrEnum):
    RATINGS = "ratings"
    PUNCTUAL = "punctual"
    VOID = "void"
    COMPLAINTS = "complaints"
    PRICE = "price"


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part counts; at least one is above 0."""

    ratings: float
    punctual: float
    void: float
    complaints: float
    price: float

    @classmethod
    def of(cls, policy: Policy) -> Weights:
        return cls(
            ratings=policy.score_ratings,
            punctual=policy.score_punctual,
            void=policy.score_void,
            complaints=policy.score_complaints,
            price=policy.score_price,
        )


@dataclass(frozen=True, slots=True)
class ScorePart:
    """`good` of `known` (for the price: per cent below the highest, of 100); `points` of at most `most`."""

    part: Part
    good: float
    known: float
    share: float
    points: float
    most: float


@dataclass(frozen=True, slots=True)
class Score:
    """`points` from 0 to 100, one decimal: the sum of the parts."""

    points: float
    parts: tuple[ScorePart, ...]


def score(facts: SupplierFacts, weights: Weights) -> Score:
    """The score with its parts, in the order of `Part`."""
    counted = max(facts.orders, facts.complaints)
    below = 100 - min(facts.price_percent, 100) if facts.price_percent is not None else 0.0
    return weighed(
        {
            Part.RATINGS: begun(*liked(facts.satisfied, facts.fairly_satisfied, facts.dissatisfied)),
            Part.PUNCTUAL: begun(facts.punctual, facts.punctual + facts.late),
            Part.VOID: begun(facts.orders - facts.void, facts.orders),
            Part.COMPLAINTS: begun(counted - facts.complaints, counted),
            Part.PRICE: (below, 100, below / 100),
        },
        weights,
    )


def liked(satisfied: int, fairly_satisfied: int, dissatisfied: int) -> tuple[float, int]:
    """Good and known of so many ratings."""
    return satisfied + FAIRLY * fairly_satisfied, satisfied + fairly_satisfied + dissatisfied


def begun(good: float, known: float) -> tuple[float, float, float]:
    """Good, known and the share, which begins at `START`."""
    return good, known, (good + PRIOR * START) / (known + PRIOR)


def weighed(shares: Mapping[Part, tuple[float, float, float]], weights: Weights) -> Score:
    """The score of these parts alone, each with good, known and share."""
    whole = sum(getattr(weights, part) for part in shares)
    parts = []
    for part, (good, known, share) in shares.items():
        most = 100 * getattr(weights, part) / whole
        parts.append(ScorePart(part, good, known, share, points=most * share, most=most))
    return Score(round(sum(part.points for part in parts), 1), tuple(parts))
