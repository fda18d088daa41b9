"""Ordinary calls: missed when nobody answered, otherwise served like any other; they may become emergencies. At
their end the elder is asked by key how it was, and nothing but a key is an answer (S2.2, H4)."""

from __future__ import annotations

import pytest

from ivr.commands import Dial, Play, StartMusic
from ivr.events import (
    ClassifyRequested,
    CloseRequested,
    DeviceReported,
    EmergencyRequested,
    StandDownRequested,
    TimerFired,
)
from ivr.policy import Policy
from ivr.turn import COMFORT
from ivr.vocabulary import (
    AlarmKind,
    CaseKind,
    CaseState,
    DeviceKind,
    FollowUpKind,
    LegKind,
    Outcome,
    Prompt,
    Rating,
    Topic,
)
from tests.unit.ivr.world import World


@pytest.fixture
def waiting() -> World:
    world = World(seats=[])
    world.call(kind=CaseKind.ORDINARY)
    return world


def test_a_call_that_nobody_answered_is_missed_and_owed_a_call(waiting: World) -> None:
    waiting.hang_up("elder")
    assert (waiting.case.state, waiting.case.outcome, waiting.case.abandoned) == (
        CaseState.CLOSED,
        Outcome.MISSED,
        True,
    )
    assert [one.kind for one in waiting.follow_ups] == [FollowUpKind.CONSULTATION]
    assert waiting.alarms == []
    waiting.wait(300)
    assert not [one for told in waiting.story for one in told.commands if isinstance(one, Dial)]


def test_a_call_that_rang_at_a_seat_is_missed_as_well() -> None:
    world = World()
    world.call(kind=CaseKind.ORDINARY)
    world.hang_up("elder")
    assert (world.case.state, world.case.outcome) == (CaseState.CLOSED, Outcome.MISSED)
    assert world.held == []


def test_an_ordinary_call_becomes_an_emergency_with_the_same_key() -> None:
    world = World()
    world.call(kind=CaseKind.ORDINARY)
    world.answer("a-1")
    world.say("elder")
    world.ask(EmergencyRequested)
    world.answer("b-1")
    assert world.case.state is CaseState.EMERGENCY
    assert world.hears("elder") == {"b-1"}


def test_a_caller_whose_agent_was_lost_has_been_answered_and_is_rung_back() -> None:
    world = World(seats=["801"])
    world.call(kind=CaseKind.ORDINARY)
    world.answer("a-1")
    world.hang_up("a-1", 44)
    world.hang_up("elder")
    assert world.case.state is CaseState.CALLING_BACK
    assert AlarmKind.ABANDONED in world.alarms
    assert LegKind.ELDER in {one.kind for one in world.wait(10) if isinstance(one, Dial)}


def talking(kind: CaseKind = CaseKind.ORDINARY, policy: Policy | None = None) -> World:
    world = World() if policy is None else World(policy=policy)
    world.call(kind=kind)
    world.answer("a-1")
    world.say("elder")
    return world


@pytest.fixture
def asked() -> World:
    """The agent has hung up; the elder has not."""
    world = talking()
    world.hang_up("a-1")
    assert (world.case.state, world.hears("elder")) == (CaseState.WRAPPING_UP, Prompt.HOW_WAS_CALL)
    return world


@pytest.mark.parametrize(
    ("key", "grade", "words"),
    [
        ("1", Rating.SATISFIED, Prompt.GOODBYE),
        ("2", Rating.FAIRLY_SATISFIED, Prompt.GOODBYE),
        ("3", Rating.DISSATISFIED, Prompt.CARE_SORRY),
    ],
)
def test_a_key_is_what_the_elder_says_of_the_call(asked: World, key: str, grade: Rating, words: Prompt) -> None:
    asked.press("elder", key)
    assert (asked.case.grade, asked.hears("elder")) == (grade, words)
    asked.press("elder", "123")  # the question is over
    asked.hear_out("elder")
    assert (asked.case.grade, asked.live) == (grade, set())
    asked.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert asked.case.state is CaseState.CLOSED


def test_who_hangs_up_has_said_nothing(asked: World) -> None:
    asked.hang_up("elder")
    assert (asked.case.grade, asked.case.grading, asked.timers, asked.alarms) == (None, False, {}, [])


def test_who_speaks_or_does_nothing_is_let_go_in_time(asked: World) -> None:
    asked.say("elder")
    asked.hear_out("elder")
    assert asked.hears("elder") == "music"
    asked.press("elder", "9")
    assert asked.hears("elder") is Prompt.HOW_WAS_CALL
    asked.wait(asked.policy.grade_wait + asked.policy.goodbye)
    assert (asked.case.grade, asked.live) == (None, set())


@pytest.mark.parametrize("kind", [Play, StartMusic])
def test_what_cannot_be_played_is_not_waited_for(kind: type) -> None:
    world = talking()
    world.refuse_next.add(kind)
    world.hang_up("a-1")
    if kind is StartMusic:
        world.hear_out("elder")
    assert (world.hears("elder"), world.case.grading) == (Prompt.GOODBYE, False)


def test_who_files_the_outcome_while_the_elder_is_there_leaves_the_question_to_them() -> None:
    world = talking()
    world.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    world.press("elder", "2")
    world.hear_out("elder")
    assert (world.case.state, world.case.grade) == (CaseState.CLOSED, Rating.FAIRLY_SATISFIED)


def test_a_new_alarm_of_theirs_comes_first(asked: World) -> None:
    asked.call_again()
    assert (asked.live, len(asked.passed_on)) == (set(), 1)


@pytest.mark.parametrize(("kind", "asks"), [(DeviceKind.FALL, False), (DeviceKind.BATTERY, True)])
def test_so_does_the_alarm_of_a_device(asked: World, kind: DeviceKind, asks: bool) -> None:
    asked.tell(asked.told_by_a_device(kind))
    assert isinstance(asked.story[-1].event, DeviceReported) or not asks
    assert asked.case.grading is asks


def nothing_else(world: World) -> None:
    world.hang_up("a-1")
    assert world.hears("elder") is Prompt.GOODBYE
    world.press("elder", "1")
    assert world.case.grade is None


def test_an_alarm_a_complaint_and_a_house_that_does_not_want_it_ask_nothing() -> None:
    for kind in (CaseKind.SOS, CaseKind.COMPLAINT):
        nothing_else(talking(kind))
    nothing_else(talking(policy=Policy.of({"grade_wait": 0})))
    about_a_complaint = talking()
    about_a_complaint.ask(ClassifyRequested, topic=Topic.COMPLAINT)
    nothing_else(about_a_complaint)
    was_an_emergency = talking()
    was_an_emergency.ask(EmergencyRequested)
    was_an_emergency.answer("b-1")
    was_an_emergency.ask(StandDownRequested)
    nothing_else(was_an_emergency)


def test_who_takes_over_puts_the_question_once_more(asked: World) -> None:
    asked.lines["elder"].sound = None  # stopped, so that the line does what it is told
    asked.tell(TimerFired(at=asked.now, actor="timer", timer=COMFORT))
    assert asked.hears("elder") is Prompt.HOW_WAS_CALL
