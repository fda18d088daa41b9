"""Whatever happens, in whatever order: the laws of the care call hold. Virtual time; hypothesis chooses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ivr.care import commands as c
from ivr.care import events as e
from ivr.care.call import CareCall
from ivr.care.decide import begin, decide
from ivr.care.questions import QUESTIONS
from ivr.care.vocabulary import (
    SUCCESSORS,
    CareCallState,
    CareCaseKind,
    CareQuestion,
    CareResult,
    CareTimer,
    Unanswered,
)
from ivr.policy import Policy

NINE = datetime(2027, 1, 5, 9, tzinfo=UTC)
SPOKEN_TO = (CareCallState.SPEAKING, CareCallState.ASKING, CareCallState.PARTING)
HAPPENINGS = st.sampled_from(
    [
        e.CareAnswered,
        e.VoicemailHeard,
        e.WordsSpoken,
        e.ElderSpoke,
        e.CareHungUp,
        e.AlarmWaits,
    ]
)


class AnyCall(RuleBasedStateMachine):
    """`line`: whether the elder's line is ringing or open; `timers`: when those that run are due; `answer`: the first
    key that was taken for one."""

    question = CareQuestion.WELL

    def __init__(self) -> None:
        super().__init__()
        self.now = NINE
        self.policy = Policy.of({"care_tries": 2, "care_repeats": 1})
        self.call, first = begin(self._new(), self.policy)
        self.timers: dict[CareTimer, datetime] = {}
        self.finished: list[c.Finish] = []
        self.cases: list[CareCaseKind] = []
        self.line = self.dialled = False
        self.asked_for_help = False
        self.answer = ""
        self._carry_out(first)

    def _new(self) -> CareCall:
        must = self.question is CareQuestion.WELL
        return CareCall(NINE + timedelta(hours=1), must_answer=must, question=self.question)

    @rule(kind=HAPPENINGS, seconds=st.floats(0, 600))
    def something_happens(self, kind: type[e.CareHappened], seconds: float) -> None:
        self._hear(kind(at=self._later(seconds)))  # type: ignore[arg-type]

    @rule(key=st.sampled_from("12390"), seconds=st.floats(0, 30))
    def a_key(self, key: str, seconds: float) -> None:
        if (
            self.call.state in (CareCallState.SPEAKING, CareCallState.ASKING)
            and key in QUESTIONS[self.question].answers
        ):
            self.answer = key
        self._hear(e.CareKeyPressed(at=self._later(seconds), key=key))

    @rule(why=st.sampled_from(Unanswered))
    def nobody_answers(self, why: Unanswered) -> None:
        self._hear(e.CareNotAnswered(at=self._later(40), why=why))

    @rule(somebody=st.booleans())
    def contacts_were_asked(self, somebody: bool) -> None:
        self._hear(e.ContactsAsked(at=self._later(60), somebody=somebody))

    @rule(command=st.sampled_from(["DialElder", "Say", "AskContacts", "HangUpElder"]))
    def a_command_fails(self, command: str) -> None:
        self._hear(e.CareCommandFailed(at=self._later(1), command=command))

    @precondition(lambda self: self.timers)
    @rule()
    def a_timer_fires(self) -> None:
        timer = min(self.timers, key=lambda one: self.timers[one])
        self.now = max(self.now, self.timers.pop(timer))
        self._hear(e.CareTimerFired(at=self.now, timer=timer))

    @rule(timer=st.sampled_from(CareTimer))
    def a_timer_that_was_stopped_fires_late(self, timer: CareTimer) -> None:
        if timer not in self.timers and self.call.state is CareCallState.ENDED:
            self._hear(e.CareTimerFired(at=self.now, timer=timer))

    @invariant()
    def it_is_finished_once_and_only_when_it_has_ended(self) -> None:
        assert len(self.finished) == (self.call.state is CareCallState.ENDED)

    @invariant()
    def what_waits_for_nobody_has_a_timer(self) -> None:
        waits = {CareCallState.PAUSING: CareTimer.RETRY, CareCallState.ASKING: CareTimer.ANSWER}
        wanted = {waits[self.call.state]} if self.call.state in waits else set()
        assert set(self.timers) == wanted

    @invariant()
    def no_line_is_left_open(self) -> None:
        if self.call.state in (CareCallState.PAUSING, CareCallState.ASKING_CONTACTS):
            assert not self.line
        if self.call.state is CareCallState.ENDED and not self.cases:
            assert not self.line

    @invariant()
    def help_that_was_asked_for_is_never_lost(self) -> None:
        if self.asked_for_help and self.finished:
            assert self.finished[0].result is CareResult.ASKED_FOR_HELP

    @invariant()
    def a_grade_that_was_pressed_is_what_the_call_brought(self) -> None:
        if self.question is not CareQuestion.WELL and self.answer and self.finished:
            assert self.finished[0].answer == self.answer

    @invariant()
    def no_more_tries_than_the_policy_says(self) -> None:
        assert self.call.tries <= self.policy.care_tries

    def _later(self, seconds: float) -> datetime:
        """Time goes on, but not past a timer that is due."""
        self.now = min([self.now + timedelta(seconds=seconds), *self.timers.values()])
        return self.now

    def _hear(self, event: e.CareEvent) -> None:
        before = self.call
        if isinstance(event, e.CareHungUp | e.CareNotAnswered):
            self.line = False
        self.call, done = decide(before, event, self.policy)
        assert self.call.state is before.state or self.call.state in SUCCESSORS[before.state]
        if isinstance(event, e.AlarmWaits) and before.state in SPOKEN_TO:
            assert c.HangUpElder() not in done  # who is spoken to is not cut off
        if isinstance(event, e.CareCommandFailed) and event.command == "DialElder":
            self.line = False
        self._carry_out(done)

    def _carry_out(self, done: tuple[c.CareCommand, ...]) -> None:
        assert all(not isinstance(one, c.Finish) for one in done[:-1])  # nothing comes after it
        for command in done:
            match command:
                case c.DialElder():
                    assert self.now < self.call.latest
                    self.line = True
                case c.HangUpElder():
                    self.line = False
                case c.StartCareTimer(timer=timer, seconds=seconds):
                    self.timers[timer] = self.now + timedelta(seconds=seconds)
                case c.StopCareTimer(timer=timer):
                    self.timers.pop(timer, None)
                case c.OpenCareCase(kind=kind):
                    self.asked_for_help |= kind is CareCaseKind.HELP
                    self.cases.append(kind)
                case c.Finish():
                    self.finished.append(command)
                case _:
                    pass


class AnyQuestion(AnyCall):
    question = CareQuestion.SERVICE


TestAnyCall = pytest.mark.clause("S5")(AnyCall.TestCase)
TestAnyCall.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestAnyQuestion = pytest.mark.clause("H4", "S3.4")(AnyQuestion.TestCase)
TestAnyQuestion.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
