"""Follow-ups by rule: when to ring again, whom to draw for visits, what may be answered."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.vocabulary import FollowUpKind
from models.follow_up_forms import FORMS, checked
from models.follow_up_tries import HOURS, next_try
from models.register import FormRefused
from models.visit_samples import drawn, seed_of

MOMENTS = st.timedeltas(timedelta(0), timedelta(days=365)).map(lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since)
DAYS = st.dates(date(2026, 1, 1), date(2030, 1, 1))
ELDERS = st.sets(st.integers(1, 10_000), max_size=60)


@pytest.mark.clause("S1.8")
@given(MOMENTS, st.lists(MOMENTS, max_size=6), st.integers(1, 48))
def test_nobody_is_rung_at_night_or_twice_at_the_same_hour(now: datetime, before: list[datetime], pause: int) -> None:
    tried = [*before, now]
    at = next_try(now, tried, timedelta(hours=pause))
    assert timedelta(hours=pause) <= at - now <= timedelta(hours=pause + 24)
    assert at.astimezone().hour in HOURS
    assert at.astimezone().hour not in {one.astimezone().hour for one in tried}


def test_where_every_hour_was_tried_any_of_them_will_do() -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=UTC)
    tried = [now.astimezone().replace(hour=hour) for hour in HOURS]
    assert next_try(now, tried, timedelta(hours=3)).astimezone().hour in HOURS


@pytest.mark.clause("T5")
@given(DAYS, ELDERS, st.integers(0, 80))
def test_anybody_can_draw_the_same_again(day: date, elders: set[int], wanted: int) -> None:
    found = drawn(day, elders, wanted)
    assert found == drawn(day, sorted(elders, reverse=True), wanted)
    assert len(found) == len(set(found)) == min(wanted, len(elders))
    assert set(found) <= elders
    last = max((_rank(day, elder) for elder in found), default="")
    assert all(_rank(day, elder) > last for elder in elders - set(found)) or not found


def _rank(day: date, elder: int) -> str:
    """As the page says that it is reckoned, by hand."""
    return hashlib.sha256(f"yijiantong-home-visits:{day}:{elder}".encode()).hexdigest()


@pytest.mark.clause("T5")
@given(DAYS, ELDERS, st.integers(1, 30))
def test_who_cannot_be_drawn_changes_nothing_for_the_others(day: date, elders: set[int], wanted: int) -> None:
    found = drawn(day, elders, wanted)
    for left in elders - set(found):
        assert drawn(day, elders - {left}, wanted) == found


@pytest.mark.clause("T5")
def test_everybody_is_as_likely_as_another() -> None:
    times = dict.fromkeys(range(50), 0)
    for number in range(2_000):
        for elder in drawn(date(2026, 1, 1) + timedelta(days=number), times, 10):
            times[elder] += 1
    assert all(300 < count < 500 for count in times.values())  # 400 are expected, give or take 5 standard deviations


def test_the_seed_is_the_day_and_a_key_that_is_no_secret() -> None:
    assert seed_of(date(2026, 11, 26)) == "yijiantong-home-visits:2026-11-26"


@pytest.mark.clause("S2.2", "S3.4", "S4.7")
@pytest.mark.parametrize("kind", FollowUpKind)
def test_every_kind_has_a_form_and_takes_its_answers_only(kind: FollowUpKind) -> None:
    right = {question.name: question.choices[-1] for question in FORMS[kind]}
    assert len(right) >= 2
    assert checked(kind, {**right, FORMS[kind][0].name: ""}) == dict(list(right.items())[1:])
    for wrong in ({FORMS[kind][0].name: "perhaps"}, {"weather": "yes"}):
        with pytest.raises(FormRefused, match="answers"):
            checked(kind, wrong)
