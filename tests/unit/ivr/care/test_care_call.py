"""One care call after the other, told as stories: what happened, and what is done about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ivr.care import commands as c
from ivr.care import events as e
from ivr.care.call import CareCall
from ivr.care.decide import begin, decide
from ivr.care.vocabulary import (
    CareCallState,
    CareCaseKind,
    CareQuestion,
    CareResult,
    CareTimer,
    CareWords,
    Unanswered,
)
from ivr.policy import Policy

pytestmark = pytest.mark.clause("S5")
NINE = datetime(2027, 1, 5, 9, tzinfo=UTC)
POLICY = Policy()
MESSAGE = c.Say((CareWords.GREETING, CareWords.MESSAGE, CareWords.QUESTION))


class Story:
    """A call and what has been done in it; `at` minutes after nine."""

    def __init__(
        self,
        *,
        hours: float = 4,
        must_answer: bool = False,
        policy: Policy = POLICY,
        question: CareQuestion = CareQuestion.WELL,
    ) -> None:
        self.policy = policy
        call = CareCall(NINE + timedelta(hours=hours), must_answer, question=question)
        self.call, self.done = begin(call, policy)

    def hear(self, kind: type[Any], *, at: float = 0, **what: Any) -> tuple[c.CareCommand, ...]:
        event = kind(at=NINE + timedelta(minutes=at), **what)
        self.call, self.done = decide(self.call, event, self.policy)
        return self.done

    def answered(self) -> Story:
        self.hear(e.CareAnswered)
        self.hear(e.WordsSpoken)
        assert self.call.state is CareCallState.ASKING
        return self

    def key(self, key: str) -> tuple[c.CareCommand, ...]:
        return self.hear(e.CareKeyPressed, key=key)


def test_somebody_is_well_and_presses_1() -> None:
    story = Story()
    assert story.done == (c.DialElder(POLICY.care_ring),)
    assert story.hear(e.CareAnswered) == (MESSAGE,)
    assert story.hear(e.WordsSpoken) == (c.StartCareTimer(CareTimer.ANSWER, POLICY.care_answer),)
    assert story.key("1") == (c.StopCareTimer(CareTimer.ANSWER), c.Say((CareWords.THANKS,)))
    assert story.hear(e.WordsSpoken) == (c.HangUpElder(), c.Finish(CareResult.REACHED, "1"))


def test_a_word_after_the_question_is_an_answer_and_hello_is_none() -> None:
    story = Story()
    story.hear(e.CareAnswered)
    assert story.hear(e.ElderSpoke) == ()
    story.hear(e.WordsSpoken)
    story.hear(e.ElderSpoke)
    assert story.hear(e.CareHungUp) == (c.Finish(CareResult.REACHED, "speech"),)


def test_a_key_in_the_middle_of_the_message_counts() -> None:
    story = Story()
    story.hear(e.CareAnswered)
    assert story.key("1") == (c.Say((CareWords.THANKS,)),)


@pytest.mark.parametrize("key", ["9", "5", "#"])
def test_nine_or_a_wrong_key_says_it_again(key: str) -> None:
    story = Story().answered()
    assert story.key(key) == (c.StopCareTimer(CareTimer.ANSWER), MESSAGE)
    assert story.call.repeats == 0  # somebody is there


def test_silence_is_asked_again_and_then_counts_as_not_reached() -> None:
    story = Story().answered()
    for _ in range(int(POLICY.care_repeats)):
        assert story.hear(e.CareTimerFired, timer=CareTimer.ANSWER) == (MESSAGE,)
        story.hear(e.WordsSpoken)
    pause = c.StartCareTimer(CareTimer.RETRY, POLICY.care_pause * 60)
    assert story.hear(e.CareTimerFired, timer=CareTimer.ANSWER) == (c.HangUpElder(), pause)
    assert story.hear(e.CareTimerFired, timer=CareTimer.RETRY) == (c.DialElder(POLICY.care_ring),)
    assert (story.call.tries, story.call.repeats) == (2, 0)


def test_a_voicemail_is_no_answer() -> None:
    for story in (Story().answered(), Story()):
        if story.call.state is CareCallState.RINGING:
            story.hear(e.CareAnswered)
        assert c.HangUpElder() in story.hear(e.VoicemailHeard)
        assert story.call.state is CareCallState.PAUSING


def test_two_opens_a_case_that_takes_the_line_over() -> None:
    story = Story().answered()
    done = story.key("2")
    help_case = (c.OpenCareCase(CareCaseKind.HELP), c.Finish(CareResult.ASKED_FOR_HELP, "2"))
    assert done == (c.StopCareTimer(CareTimer.ANSWER), *help_case)
    assert story.hear(e.CareHungUp) == ()  # the line is the case's


def test_who_is_thanked_and_then_wants_to_talk_is_not_sent_away() -> None:
    story = Story().answered()
    story.key("1")
    assert story.key("2") == (c.OpenCareCase(CareCaseKind.HELP), c.Finish(CareResult.ASKED_FOR_HELP, "2"))


def test_a_daily_check_that_nobody_answers_ends_as_a_case() -> None:
    story = Story(must_answer=True)
    minute = 0.0
    for _ in range(int(POLICY.care_tries) - 1):
        story.hear(e.CareNotAnswered, at=minute, why=Unanswered.NO_ANSWER)
        minute += POLICY.care_pause
        story.hear(e.CareTimerFired, at=minute, timer=CareTimer.RETRY)
    assert story.hear(e.CareNotAnswered, at=minute, why=Unanswered.BUSY) == (c.AskContacts(),)
    done = story.hear(e.ContactsAsked, at=minute + 2, somebody=False)
    assert done == (c.OpenCareCase(CareCaseKind.NO_ANSWER), c.Finish(CareResult.NOT_REACHED))


def test_a_contact_who_looks_after_the_elder_spares_the_case() -> None:
    story = Story(must_answer=True, policy=Policy.of({"care_tries": 1}))
    story.hear(e.CareNotAnswered, why=Unanswered.NO_ANSWER)
    assert story.hear(e.ContactsAsked, somebody=True) == (c.Finish(CareResult.NOT_REACHED),)


def test_a_greeting_that_nobody_answers_is_left_at_that() -> None:
    story = Story(policy=Policy.of({"care_tries": 1}))
    assert story.hear(e.CareNotAnswered, why=Unanswered.UNREACHABLE) == (c.Finish(CareResult.NOT_REACHED),)


def test_no_try_begins_after_the_latest_moment() -> None:
    story = Story(hours=POLICY.care_pause / 60)
    assert story.hear(e.CareNotAnswered, why=Unanswered.NO_ANSWER) == (c.Finish(CareResult.NOT_REACHED),)


@pytest.mark.clause("K8")
def test_an_alarm_stops_what_rings_and_cuts_nobody_off() -> None:
    ringing, pausing, asking, parting = Story(), Story(), Story().answered(), Story().answered()
    assert ringing.hear(e.AlarmWaits) == (c.HangUpElder(), c.Finish(CareResult.PUT_OFF))
    pausing.hear(e.CareNotAnswered, why=Unanswered.NO_ANSWER)
    assert pausing.hear(e.AlarmWaits)[-1] == c.Finish(CareResult.PUT_OFF)
    assert asking.hear(e.AlarmWaits) == ()
    parting.key("1")
    assert parting.hear(e.AlarmWaits) == ()


SERVICE = c.Say((CareWords.GREETING, CareWords.HOW_WAS_SERVICE))


@pytest.mark.clause("H4", "S3.4")
@pytest.mark.parametrize(("key", "words"), [("1", CareWords.THANKS), ("2", CareWords.THANKS), ("3", CareWords.SORRY)])
def test_a_service_is_rated_by_a_key_and_by_nothing_else(key: str, words: CareWords) -> None:
    story = Story(question=CareQuestion.SERVICE)
    assert story.hear(e.CareAnswered) == (SERVICE,)
    story.hear(e.WordsSpoken)
    assert story.hear(e.ElderSpoke) == ()  # a word is no grade
    for again in ("9", "7"):
        assert story.key(again) == (c.StopCareTimer(CareTimer.ANSWER), SERVICE)
        story.hear(e.WordsSpoken)
    assert story.key(key) == (c.StopCareTimer(CareTimer.ANSWER), c.Say((words,)))
    assert story.hear(e.WordsSpoken) == (c.HangUpElder(), c.Finish(CareResult.REACHED, key))


@pytest.mark.clause("H4", "S2.2")
def test_who_is_dissatisfied_may_talk_to_an_agent_and_the_grade_stays() -> None:
    story = Story(question=CareQuestion.CONSULTATION)
    assert story.hear(e.CareAnswered) == (c.Say((CareWords.GREETING, CareWords.HOW_WAS_CONSULTATION)),)
    story.key("3")
    assert story.key("0") == (c.OpenCareCase(CareCaseKind.HELP), c.Finish(CareResult.ASKED_FOR_HELP, "3"))
    other = Story(question=CareQuestion.SERVICE).answered()
    assert c.OpenCareCase(CareCaseKind.HELP) in other.key("0")
    assert other.call.answer == "0"  # which is no grade
