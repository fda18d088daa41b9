"""Who may do what with a complaint: whoever is complained about does nothing, and two people judge (H8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.complaint_clocks import clocks_of
from models.complaint_rules import Facts, Person, after_asking, not_now, possible
from models.complaints import LEVELS, OPEN, SUCCESSORS, UNANSWERED, AboutKind, ComplaintState, Satisfaction, Step
from models.office_hours import OfficeHours

pytestmark = pytest.mark.clause("H8")
OFFICE = OfficeHours(9, 17)
ROLES = ("agent", "lead", "reviewer", "official", "admin")
PEOPLE = st.builds(
    Person,
    id=st.integers(1, 4),
    seat=st.sampled_from([None, "801", "802"]),
    roles=st.sets(st.sampled_from(ROLES), min_size=1).map(frozenset),
)
FACTS = st.builds(
    Facts,
    state=st.sampled_from(ComplaintState),
    level=st.integers(1, LEVELS),
    about_kind=st.sampled_from(AboutKind),
    about_id=st.sampled_from(["", "1", "2", "801", "802"]),
    assigned_to=st.none() | st.integers(1, 4),
    below=st.frozensets(st.integers(1, 4), max_size=2),
)
STEPS = st.sampled_from(Step)


def _meant(facts: Facts, person: Person) -> bool:
    by_kind = {AboutKind.USER: str(person.id), AboutKind.SEAT: person.seat}
    return facts.about_kind in by_kind and facts.about_id == by_kind[facts.about_kind] != ""


@given(FACTS, STEPS, PEOPLE, PEOPLE)
def test_who_is_complained_about_neither_does_a_step_nor_is_given_it(
    facts: Facts, step: Step, person: Person, other: Person
) -> None:
    if _meant(facts, person):
        assert not_now(facts, step, person, to=other)
        assert not_now(facts, Step.ASSIGNED, other, to=person)
        assert possible(facts, person) == ()


@given(FACTS, STEPS, PEOPLE, PEOPLE)
def test_what_is_allowed_keeps_the_rules(facts: Facts, step: Step, person: Person, to: Person) -> None:
    if not_now(facts, step, person, to=to):
        return
    assert step in SUCCESSORS[facts.state]
    assert person.handles
    if step in (Step.APPROVED, Step.RETURNED):
        assert person.leads
        assert person.id != facts.assigned_to
    if step in (Step.INVESTIGATED, Step.OPINION, Step.ANSWERED):
        assert person.id == facts.assigned_to
    if step is Step.ASSIGNED:
        assert to.id not in facts.below or facts.level == 1
        assert to.leads or facts.level == 1
        assert person.leads or person.id == to.id


@given(FACTS, PEOPLE)
def test_what_is_offered_can_be_done(facts: Facts, person: Person) -> None:
    for step in possible(facts, person):
        others = [Person(9, None, frozenset({"lead"})), person]
        assert any(not not_now(facts, step, person, to=other) for other in others)


@given(st.integers(1, LEVELS), st.sampled_from(Satisfaction))
def test_who_is_dissatisfied_goes_one_level_up_and_no_further_than_there_is(
    level: int, satisfaction: Satisfaction
) -> None:
    state, then = after_asking(level, satisfaction)
    if satisfaction is Satisfaction.DISSATISFIED:
        assert (state, then) == (ComplaintState.DRAFT, min(level + 1, LEVELS))
    else:
        assert (state, then) == (ComplaintState.CLOSED, level)


def test_every_state_has_a_way_to_the_end_and_none_leads_out_of_the_table() -> None:
    assert set(SUCCESSORS) == set(ComplaintState)
    reached, ways = {ComplaintState.DRAFT}, [ComplaintState.DRAFT]
    while ways:
        new = set(SUCCESSORS[ways.pop()].values()) - reached
        reached |= new
        ways += new
    assert reached == set(ComplaintState)
    assert UNANSWERED < OPEN < set(ComplaintState)


@given(
    st.sampled_from(ComplaintState),
    st.timedeltas(timedelta(0), timedelta(days=90)).map(lambda since: datetime(2026, 3, 2, tzinfo=UTC) + since),
    st.timedeltas(timedelta(0), timedelta(days=6)),
    st.booleans(),
)
def test_the_clocks_run_out_24_hours_and_a_working_day_after_it_came(
    state: ComplaintState, opened: datetime, age: timedelta, contacted: bool
) -> None:
    now = opened + age
    clocks = clocks_of(state, opened, opened if contacted else None, office=OFFICE, now=now)
    if state not in UNANSWERED:
        assert (clocks.contact_due, clocks.answer_due, clocks.late) == (None, None, False)
        return
    assert clocks.contact_due == (None if contacted else opened + timedelta(hours=24))
    assert clocks.answer_due is not None
    assert clocks.late == (clocks.answer_due <= now or (not contacted and age >= timedelta(hours=24)))
