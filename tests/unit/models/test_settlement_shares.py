"""Who pays which part: whatever classes, prices, per cent and limits there are, the parts are the whole, nobody pays
more than their share, and the limit of a month holds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.policy import Policy
from models.services.records import ServiceUnit
from models.settlement.due import Visit, class_at, is_served, of_visits
from models.settlement.months import month_after, month_before
from models.settlement.shares import NOTHING, Parts, Terms, call_percent, divided, of_visit, price_of, yuan

BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
_fen, _percent = st.integers(0, 1_000_000), st.integers(0, 100)
_quick = settings(max_examples=60, deadline=None, database=None)


@pytest.mark.clause("S6", "X6")
def test_the_table_of_shares_class_by_class() -> None:
    terms = Terms.of(Policy())
    assert terms == Terms(call_fee=2_000, call_paid=50, home_limit=10_000)
    shares = [divided(terms.call_fee, call_percent(one, terms)) for one in (1, 2, 3)]
    assert shares == [Parts(2_000, 0), Parts(1_000, 1_000), Parts(0, 2_000)]
    assert of_visit(3_000, 100, 10_000) == Parts(3_000, 0)
    assert of_visit(3_000, 50, 2_001) == Parts(1_001, 1_999)  # the half fen is the government's
    assert of_visit(3_000, 100, 0) == Parts(0, 3_000)
    assert of_visit(12_000, 100, None) == Parts(12_000, 0)


@pytest.mark.clause("S6")
@_quick
@given(_fen, _percent, st.none() | st.integers(-500, 1_000_000))
def test_the_parts_of_a_visit_are_the_whole(price: int, percent: int, left: int | None) -> None:
    parts = of_visit(price, percent, left)
    assert parts.amount == price
    assert parts.government >= 0 <= parts.own
    within = price if left is None else min(price, max(left, 0))
    assert within * percent <= parts.government * 100 < within * percent + 100


@pytest.mark.clause("X6")
@_quick
@given(st.lists(st.tuples(_fen, _percent, st.booleans(), st.integers(0, 700)), max_size=12), st.integers(1, 50_000))
def test_the_limit_of_a_month_is_shared_by_its_visits(made: list[tuple[int, int, bool, int]], limit: int) -> None:
    visits = [
        Visit(number, BEGIN + timedelta(hours=hours), price, percent, counts)
        for number, (price, percent, counts, hours) in enumerate(made)
    ]
    parts = of_visits(visits, limit)
    counted = [visit for visit in visits if visit.counts]
    assert parts.keys() == {visit.order for visit in visits}
    assert sum(parts[visit.order].amount for visit in counted) == sum(visit.price for visit in counted)
    assert sum(one.government for one in parts.values()) <= limit
    assert all(parts[visit.order] == NOTHING for visit in visits if not visit.counts)
    assert of_visits(reversed(visits), limit) == parts  # in whatever order they are read
    assert sum(one.government for one in of_visits(visits, 0).values()) == sum(
        divided(visit.price, visit.percent).government for visit in counted
    )


@_quick
@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_correction_and_what_it_corrects_are_what_it_should_have_been(was: int, should: int) -> None:
    before, after = Parts(was, -was), Parts(should, was)
    assert before + (after - before) == after
    whole, fen = yuan(was).lstrip("-").split(".")
    assert int(whole) * 100 + int(fen) == abs(was)
    assert yuan(was).startswith("-") == (was < 0)


def test_what_is_ordered_by_the_hour_costs_its_minutes() -> None:
    assert price_of(3_600, ServiceUnit.HOUR, 95) == 5_700
    assert price_of(3_600, ServiceUnit.VISIT, 95) == price_of(3_600, ServiceUnit.HOUR, None) == 3_600


@pytest.mark.clause("X6", "X7")
def test_a_month_that_was_begun_counts() -> None:
    signed = date(2026, 10, 31)
    assert [is_served(month, signed, None) for month in ("2026-09", "2026-10", "2026-11")] == [False, True, True]
    gone = date(2026, 11, 1)
    assert [is_served(month, signed, gone) for month in ("2026-10", "2026-11", "2026-12")] == [True, True, False]
    assert not is_served("2026-10", None, None)
    assert (month_before("2026-01"), month_after("2026-12")) == ("2025-12", "2027-01")


@pytest.mark.clause("S6", "S7")
def test_the_class_is_that_of_the_day() -> None:
    changes = [(BEGIN, 3), (BEGIN + timedelta(days=9), 2)]
    days = (-1, 0, 5, 9, 20)
    assert [class_at(BEGIN + timedelta(days=day), 1, changes) for day in days] == [3, 2, 2, 1, 1]
