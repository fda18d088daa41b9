"""The score, its bounds and what moves it; the suspension; the order of offers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.policy import Policy
from models.suppliers.offering import Candidate, offers, why_not
from models.suppliers.records import SupplierStatus
from models.suppliers.score import Part, SupplierFacts, Weights, score
from models.suppliers.suspension import Limits, may_come_back, reason_to_suspend

POLICY = Policy()
WEIGHTS, LIMITS = Weights.of(POLICY), Limits.of(POLICY)
TODAY = date(2026, 6, 1)
COUNT = st.integers(0, 500)


@st.composite
def facts(draw: st.DrawFn) -> SupplierFacts:
    orders = draw(COUNT)
    rated, timed = draw(st.integers(0, orders)), draw(st.integers(0, orders))
    satisfied, punctual = draw(st.integers(0, rated)), draw(st.integers(0, timed))
    fairly = draw(st.integers(0, rated - satisfied))
    return SupplierFacts(
        orders=orders,
        void=draw(st.integers(0, orders)),
        punctual=punctual,
        late=timed - punctual,
        satisfied=satisfied,
        fairly_satisfied=fairly,
        dissatisfied=rated - satisfied - fairly,
        complaints=draw(COUNT),
        price_percent=draw(st.none() | st.floats(0, 100)),
    )


@pytest.mark.clause("S11")
@given(facts())
def test_a_score_is_the_sum_of_its_parts_between_0_and_100(found: SupplierFacts) -> None:
    result = score(found, WEIGHTS)
    assert [part.part for part in result.parts] == list(Part)
    assert 0 <= result.points <= 100
    assert result.points == pytest.approx(sum(part.points for part in result.parts), abs=0.06)
    assert sum(part.most for part in result.parts) == pytest.approx(100)
    assert all(-1e-9 <= part.share <= 1 + 1e-9 for part in result.parts)


@pytest.mark.clause("H10")
@given(facts(), st.sampled_from(("satisfied", "punctual")))
def test_what_goes_well_never_lowers_a_score(found: SupplierFacts, good: str) -> None:
    better = replace(found, orders=found.orders + 1, **{good: getattr(found, good) + 1})
    assert score(better, WEIGHTS).points >= score(found, WEIGHTS).points


@pytest.mark.clause("H10")
@given(facts(), st.sampled_from(("dissatisfied", "late", "void", "complaints")))
def test_what_goes_wrong_never_raises_its_part(found: SupplierFacts, bad: str) -> None:
    part = {"dissatisfied": Part.RATINGS, "late": Part.PUNCTUAL}.get(bad) or Part(bad)
    worse = replace(found, orders=found.orders + 1, **{bad: getattr(found, bad) + 1})
    before, after = (
        next(one.share for one in score(which, WEIGHTS).parts if one.part is part) for which in (found, worse)
    )
    assert after <= before + 1e-9


@pytest.mark.clause("S11")
def test_the_formula_by_hand() -> None:
    found = SupplierFacts(orders=20, void=2, punctual=9, late=1, satisfied=8, fairly_satisfied=2, price_percent=80)
    shares = {part.part: part.share for part in score(found, WEIGHTS).parts}
    assert shares == pytest.approx(
        {
            Part.RATINGS: (9 + 4) / 15,
            Part.PUNCTUAL: (9 + 4) / 15,
            Part.VOID: (18 + 4) / 25,
            Part.COMPLAINTS: (20 + 4) / 25,
            Part.PRICE: 0.2,
        }
    )
    assert score(found, WEIGHTS).points == pytest.approx(40 * 13 / 15 + 20 * 13 / 15 + 13.2 + 14.4 + 2, abs=0.05)


@pytest.mark.clause("H9")
@given(st.integers(1, 300), st.data())
def test_a_supplier_stops_above_the_rate_and_not_at_it(orders: int, data: st.DataObject) -> None:
    complaints = data.draw(st.integers(0, orders))
    reason = reason_to_suspend(SupplierFacts(orders=orders, complaints=complaints), LIMITS)
    assert bool(reason) == (orders >= 5 and 5 * complaints > orders)


@pytest.mark.clause("H9")
@pytest.mark.parametrize(("in_a_row", "stops"), [(0, False), (3, False), (4, True), (9, True)])
def test_a_supplier_stops_after_more_than_three_complaints_in_a_row(in_a_row: int, stops: bool) -> None:
    found = SupplierFacts(orders=1_000, complaints=in_a_row, complained_in_a_row=in_a_row)
    assert bool(reason_to_suspend(found, LIMITS)) is stops


@pytest.mark.clause("H10")
def test_who_stops_again_while_on_probation_does_not_come_back() -> None:
    applying, probation, active, stopped = (
        SupplierStatus.APPLYING,
        SupplierStatus.PROBATION,
        SupplierStatus.ACTIVE,
        SupplierStatus.SUSPENDED,
    )
    first = [(applying, probation), (probation, stopped)]
    assert may_come_back(first)
    again = [*first, (stopped, probation)]
    assert not may_come_back([*again, (probation, stopped)])
    assert may_come_back([*again, (probation, active), (active, stopped)])


GOOD = Candidate(
    supplier=1,
    name="演示·甲",
    status=SupplierStatus.ACTIVE,
    price=2_500,
    serves_place=True,
    score=85.0,
    workers=2,
    agreement_from=date(2026, 1, 1),
    agreement_until=TODAY,
)


@pytest.mark.clause("H10")
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"status": SupplierStatus.APPLYING}, "admitted"),
        ({"status": SupplierStatus.SUSPENDED}, "suspended"),
        ({"status": SupplierStatus.BLACKLISTED}, "blacklist"),
        ({"price": None}, "service"),
        ({"price_limit": 2_499}, "above the limit"),
        ({"serves_place": False}, "place"),
        ({"agreement_from": None}, "agreement"),
        ({"agreement_from": date(2026, 6, 2)}, "agreement"),
        ({"agreement_until": date(2026, 5, 31)}, "ran out"),
        ({"missing": ("tax",)}, "1 conditions"),
        ({"workers": 0}, "worker"),
        ({"score": 59.9}, "below"),
    ],
)
def test_who_may_not_work_is_left_out_with_the_reason(change: dict[str, object], word: str) -> None:
    assert why_not(GOOD, today=TODAY, least_score=60) is None
    result = offers([replace(GOOD, **change)], today=TODAY, least_score=60, points_each=5)  # type: ignore[arg-type]
    assert result.offered == ()
    assert word in result.left_out[0].why.en


@pytest.mark.clause("S3.2")
def test_the_better_score_comes_first_until_its_hands_are_full() -> None:
    second = replace(GOOD, supplier=2, score=80.0, price=2_000, status=SupplierStatus.PROBATION)
    cheap = replace(GOOD, supplier=3, price=2_400)

    def order(*candidates: Candidate) -> list[int]:
        result = offers(candidates, today=TODAY, least_score=60, points_each=5)
        assert [offer.rank for offer in result.offered] == list(range(1, len(candidates) + 1))
        return [offer.supplier for offer in result.offered]

    assert order(second, GOOD, cheap) == [3, 1, 2]
    assert order(second, replace(GOOD, open_orders=1), cheap) == [3, 1, 2]
    assert order(second, replace(GOOD, open_orders=2), cheap) == [3, 2, 1]  # alike: the cheaper one
    said = offers([second], today=TODAY, least_score=60, points_each=5).offered[0]
    assert said.on_probation
    assert "80" in said.why.zh
    assert "20.00" in said.why.en
