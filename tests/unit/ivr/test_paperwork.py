"""What an agent writes down beside the call, and what follows from it."""

from __future__ import annotations

import pytest

from ivr.commands import BookFollowUp, DraftComplaint, DraftOrder, FindSeat
from ivr.events import (
    ClassifyRequested,
    CloseRequested,
    DraftComplaintRequested,
    DraftOrderRequested,
    EmergencyRequested,
)
from ivr.vocabulary import USUAL_OUTCOME, Aid, CaseKind, FollowUpKind, Outcome, Refusal, Role, Skill, Topic, Urgency
from tests.unit.ivr.world import POLICY, World, refusal


@pytest.mark.clause("S2.1")
def test_a_call_is_marked_and_marked_anew(talking: World) -> None:
    talking.ask(ClassifyRequested, topic=Topic.MEDICAL)
    assert talking.case.topic is Topic.MEDICAL
    assert refusal(talking.ask(ClassifyRequested, topic=Topic.MEDICAL)) is Refusal.ALREADY_DONE
    talking.ask(ClassifyRequested, topic=Topic.LEGAL)
    assert talking.case.topic is Topic.LEGAL


def test_every_topic_has_a_usual_outcome() -> None:
    assert set(USUAL_OUTCOME) == set(Topic)


@pytest.mark.clause("S2.2")
@pytest.mark.parametrize(
    ("topic", "owed"),
    [
        (None, FollowUpKind.CONSULTATION),
        (Topic.MEDICAL, FollowUpKind.CONSULTATION),
        (Topic.FALSE_ALARM, FollowUpKind.CONSULTATION),
        (Topic.EMERGENCY, FollowUpKind.EMERGENCY),
        (Topic.LIFE_SERVICE, FollowUpKind.LIFE_SERVICE),
        (Topic.COMPLAINT, FollowUpKind.COMPLAINT),
    ],
)
def test_the_follow_up_is_of_the_kind_that_was_marked(talking: World, topic: Topic | None, owed: FollowUpKind) -> None:
    if topic is not None:
        talking.ask(ClassifyRequested, topic=topic)
    talking.hang_up("elder")
    talking.ask(CloseRequested, outcome=Outcome.OTHER, note="")
    assert talking.follow_ups == [BookFollowUp(owed, POLICY.follow_up)]


def test_an_emergency_is_followed_up_as_one_whatever_was_marked(talking: World) -> None:
    talking.ask(ClassifyRequested, topic=Topic.LIFE_SERVICE)
    talking.ask(EmergencyRequested)
    talking.ask(CloseRequested, outcome=Outcome.RESCUED, note="")
    talking.wait(POLICY.goodbye + 1)
    assert [one.kind for one in talking.follow_ups] == [FollowUpKind.EMERGENCY]


@pytest.mark.clause("S3.1")
def test_a_service_that_is_wanted_becomes_a_draft_once_for_each_kind(talking: World) -> None:
    assert DraftOrder(Aid.MEALS, "午饭") in talking.ask(DraftOrderRequested, aid=Aid.MEALS, wish="午饭")
    assert talking.case.topic is Topic.LIFE_SERVICE
    assert refusal(talking.ask(DraftOrderRequested, aid=Aid.MEALS, wish="午饭")) is Refusal.ALREADY_DONE
    assert DraftOrder(Aid.BATHING, "") in talking.ask(DraftOrderRequested, aid=Aid.BATHING, wish="")


def test_what_was_marked_before_stays(talking: World) -> None:
    talking.ask(ClassifyRequested, topic=Topic.MEDICAL)
    talking.ask(DraftOrderRequested, aid=Aid.MEALS, wish="午饭")
    assert talking.case.topic is Topic.MEDICAL


def test_a_draft_can_be_made_after_the_talk(talking: World) -> None:
    talking.hang_up("elder")
    assert DraftOrder(Aid.MEALS, "午饭") in talking.ask(DraftOrderRequested, aid=Aid.MEALS, wish="午饭")


def test_a_complaint_is_taken_down_once(talking: World) -> None:
    complaint = DraftComplaint("演示·食堂", "送餐晚了")
    assert complaint in talking.ask(DraftComplaintRequested, about="演示·食堂", words="送餐晚了")
    assert talking.case.topic is Topic.COMPLAINT
    again = talking.ask(DraftComplaintRequested, about="", words="送餐晚了")
    assert refusal(again) is Refusal.ALREADY_DONE


def test_nothing_is_written_down_of_a_call_that_nobody_has_answered(ringing: World) -> None:
    assert refusal(ringing.ask(ClassifyRequested, topic=Topic.MEDICAL)) is Refusal.NOT_IN_THIS_STATE


# --- the complaint line (H5) ------------------------------------------------------------------------------------------


@pytest.fixture
def complaining() -> World:
    """A caller on the complaint line, and an agent."""
    world = World()
    world.call(kind=CaseKind.COMPLAINT)
    world.answer("a-1")
    world.say("elder")
    return world


def test_a_complaint_goes_to_the_centre_without_waiting_for_the_register() -> None:
    world = World()
    commands = world.feed(world.dial_in(kind=CaseKind.COMPLAINT))
    assert FindSeat(Role.A, Skill.AGENT, urgency=Urgency.ORDINARY) in commands
    assert world.case.topic is Topic.COMPLAINT


@pytest.mark.clause("H5")
def test_closing_it_makes_a_draft_in_the_words_of_the_note(complaining: World) -> None:
    commands = complaining.ask(CloseRequested, outcome=Outcome.COMPLAINT, note="送餐晚了两个小时")
    assert DraftComplaint("", "送餐晚了两个小时") in commands
    complaining.wait(POLICY.goodbye + 1)
    assert [one.kind for one in complaining.follow_ups] == [FollowUpKind.COMPLAINT]


def test_one_that_was_taken_down_is_not_drafted_again(complaining: World) -> None:
    complaining.ask(DraftComplaintRequested, about="演示·食堂", words="送餐晚了")
    complaining.hang_up("elder")
    complaining.ask(CloseRequested, outcome=Outcome.COMPLAINT, note="")
    assert complaining.drafts == [DraftComplaint("演示·食堂", "送餐晚了")]


def test_a_call_on_that_line_that_is_about_something_else_makes_none(complaining: World) -> None:
    complaining.ask(ClassifyRequested, topic=Topic.MEDICAL)
    complaining.ask(CloseRequested, outcome=Outcome.CONSULTATION, note="")
    assert complaining.drafts == []


def test_a_complaint_that_nobody_answered_is_owed_a_call() -> None:
    world = World(seats=[])
    world.call(kind=CaseKind.COMPLAINT)
    world.hang_up("elder")
    assert world.case.outcome is Outcome.MISSED
    assert [one.kind for one in world.follow_ups] == [FollowUpKind.COMPLAINT]
    assert world.drafts == []
