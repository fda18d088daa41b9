"""The score of a worker, its bounds and what moves it; the ranking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy import Policy
from models.suppliers.score import Part, Weights
from models.suppliers.worker_ratings import LEAST_RATED, WorkerFacts, standings, worker_score

pytestmark = pytest.mark.clause("Y4")
POLICY = Policy()
WEIGHTS = Weights.of(POLICY)
COUNT = st.integers(0, 300)


@st.composite
def facts(draw: st.DrawFn) -> WorkerFacts:
    visits = draw(COUNT)
    rated = draw(st.integers(0, visits))
    satisfied = draw(st.integers(0, rated))
    fairly = draw(st.integers(0, rated - satisfied))
    left = rated - satisfied - fairly
    return WorkerFacts(visits, draw(COUNT), satisfied, fairly, left, complaints=draw(COUNT))


def _points(found: WorkerFacts) -> float:
    points = worker_score(found, WEIGHTS).points
    assert 0 <= points <= 100
    return points


@given(facts())
def test_what_goes_well_never_lowers_a_score_and_what_goes_wrong_never_raises_it(found: WorkerFacts) -> None:
    now = _points(found)
    assert _points(replace(found, satisfied=found.satisfied + 1)) >= now
    assert _points(replace(found, visits=found.visits + 1, satisfied=found.satisfied + 1)) >= now
    for bad in ("dissatisfied", "void", "complaints"):
        assert _points(replace(found, **{bad: getattr(found, bad) + 1})) <= now, bad


def test_the_formula_by_hand() -> None:
    found = WorkerFacts(visits=18, void=2, satisfied=8, fairly_satisfied=2, complaints=3)
    score = worker_score(found, WEIGHTS)
    shares = {part.part: part.share for part in score.parts}
    assert shares == pytest.approx({Part.RATINGS: 13 / 15, Part.VOID: 22 / 25, Part.COMPLAINTS: 19 / 23})
    assert score.points == pytest.approx(100 * (40 * 13 / 15 + 15 * 22 / 25 + 15 * 19 / 23) / 70, abs=0.05)


def test_equal_scores_share_a_rank_and_too_few_ratings_have_none() -> None:
    best = WorkerFacts(visits=6, satisfied=6)
    worse = WorkerFacts(visits=6, satisfied=5, dissatisfied=1)
    seldom = WorkerFacts(visits=60, satisfied=LEAST_RATED - 1)
    just = WorkerFacts(visits=5, dissatisfied=LEAST_RATED)
    found = standings({1: worse, 2: seldom, 3: best, 4: just, 5: best}, WEIGHTS)
    placed = [(worker, one.rank, one.shared) for worker, one in found.items()]
    assert placed == [(3, 1, True), (5, 1, True), (1, 3, False), (4, 4, False), (2, None, False)]
