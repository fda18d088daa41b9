"""The draw of recordings (K5): two a month, one an emergency; by its seed anybody comes to the same."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quality.drawing import Candidate, Drawn, Lot, Shortfall, draw_for

pytestmark = pytest.mark.clause("K5")
MONTH = "2026-11"
ME = 7
CALLS = st.lists(st.booleans(), max_size=12).map(
    lambda kinds: [Candidate(ME, f"c{at}", f"c{at}-1", urgent) for at, urgent in enumerate(kinds)]
)
SEEDS = st.integers(0, 2**31 - 1)


def _draw(calls: Sequence[Candidate], seed: int = 1, before: Sequence[Candidate] = ()) -> Lot:
    return draw_for(ME, calls, seed=seed, month=MONTH, before=before)


@given(CALLS, SEEDS)
def test_two_are_drawn_and_one_is_an_emergency_when_there_is_one(calls: list[Candidate], seed: int) -> None:
    lot = _draw(calls, seed)
    drawn = [one for one, _ in lot.drawn]
    assert len(drawn) == min(2, len(calls))
    assert len(set(drawn)) == len(drawn)
    assert set(drawn) <= set(calls)
    has_one = any(one.emergency for one in calls)
    assert any(one.emergency for one in drawn) == has_one
    assert any(as_what is Drawn.EMERGENCY for _, as_what in lot.drawn) == has_one
    assert (lot.shortfall is None) == (len(calls) >= 2 and has_one)


@given(CALLS, SEEDS, st.randoms())
def test_the_same_seed_and_calls_give_the_same_draw(calls: list[Candidate], seed: int, chance: object) -> None:
    mixed = list(reversed(calls))
    assert _draw(mixed, seed) == _draw(calls, seed)


@given(CALLS, CALLS, SEEDS)
def test_a_second_draw_only_fills_up(calls: list[Candidate], more: list[Candidate], seed: int) -> None:
    first = [one for one, _ in _draw(calls, seed).drawn]
    later = [*calls, *(Candidate(ME, f"later-{one.case}", one.recording, one.emergency) for one in more)]
    second = _draw(later, seed + 1, first)
    drawn = [one for one, _ in second.drawn]
    assert not set(drawn) & set(first)
    both = [*first, *drawn]
    came_late = len(first) == 2 and not any(one.emergency for one in first) and any(one.emergency for one in later)
    assert len(both) == min(2, len(later)) + came_late  # the rule wants an emergency, whenever in the month it comes
    assert any(one.emergency for one in both) == any(one.emergency for one in later)
    assert (second.shortfall is None) == (len(later) >= 2 and any(one.emergency for one in later))


def test_different_seeds_draw_different_calls() -> None:
    calls = [Candidate(ME, f"c{at}", f"c{at}-1", at < 10) for at in range(40)]
    drawn = {tuple(one.case for one, _ in _draw(calls, seed).drawn) for seed in range(30)}
    assert len(drawn) > 20


def test_what_is_missing_is_said() -> None:
    none = Candidate(9, "theirs", "theirs-1", emergency=True)
    quiet = [Candidate(ME, f"q{at}", f"q{at}-1", emergency=False) for at in range(3)]
    assert _draw([none]).shortfall is Shortfall.NO_CALLS
    assert _draw(quiet[:1]).shortfall is Shortfall.TOO_FEW
    lot = _draw(quiet)
    assert lot.shortfall is Shortfall.NO_EMERGENCY
    assert [as_what for _, as_what in lot.drawn] == [Drawn.ANY, Drawn.INSTEAD]


def test_another_call_is_another_fingerprint() -> None:
    calls = [Candidate(ME, "c1", "c1-1", emergency=False)]
    assert _draw(calls).fingerprint != _draw([Candidate(ME, "c1", "c1-1", emergency=True)]).fingerprint
    assert _draw(calls).fingerprint == _draw([*calls, Candidate(9, "c2", "c2-1", emergency=True)]).fingerprint
