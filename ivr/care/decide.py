"""The one door of the care call: decide(call, event, policy) -> (call, commands); one function for each state.

What is not expected in a state is ignored, and each arm that ignores says so. A voicemail, silence and a hang-up before
an answer are no answer; a key after the question is one, and so is a word where it can be one (`questions.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ivr.care import events as e
from ivr.care.call import CareCall
from ivr.care.commands import (
    AskContacts,
    CareCommand,
    DialElder,
    Finish,
    HangUpElder,
    OpenCareCase,
    Say,
    StartCareTimer,
    StopCareTimer,
)
from ivr.care.questions import QUESTIONS, Question
from ivr.care.vocabulary import CareCallState, CareCaseKind, CareResult, CareTimer, CareWords
from ivr.policy import Policy

Decision = tuple[CareCall, tuple[CareCommand, ...]]
SPEECH: Final = "speech"


def begin(call: CareCall, policy: Policy) -> Decision:
    """The first try."""
    return call, (DialElder(policy.care_ring),)


def decide(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    """What follows from this event: the call as it is now, and what has to be done, in order."""
    return _STATES[call.state](call, event, policy)


def _pausing(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    match event:
        case e.CareTimerFired(timer=CareTimer.RETRY):
            return _to(call, CareCallState.RINGING, DialElder(policy.care_ring), tries=call.tries + 1, repeats=0)
        case e.AlarmWaits():
            return _end(call, CareResult.PUT_OFF, StopCareTimer(CareTimer.RETRY))
        case _:  # nobody is on any line
            return _ignored(call)


def _ringing(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    match event:
        case e.CareAnswered():
            return _to(call, CareCallState.SPEAKING, _message(call))
        case e.CareNotAnswered() | e.CareHungUp():
            return _not_reached(call, event, policy)
        case e.CareCommandFailed(command="DialElder"):
            return _not_reached(call, event, policy)
        case e.AlarmWaits():
            return _end(call, CareResult.PUT_OFF, HangUpElder())
        case _:  # nobody has picked up yet
            return _ignored(call)


def _speaking(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    match event:
        case e.CareKeyPressed(key=key):
            return _key(call, key, policy)
        case e.WordsSpoken() | e.CareCommandFailed(command="Say"):
            return _to(call, CareCallState.ASKING, StartCareTimer(CareTimer.ANSWER, policy.care_answer))
        case e.VoicemailHeard():
            return _not_reached(call, event, policy, HangUpElder())
        case e.CareHungUp():
            return _not_reached(call, event, policy)
        case _:  # who says hello has not answered the question; one who is spoken to is not cut off for an alarm
            return _ignored(call)


def _asking(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    stop = StopCareTimer(CareTimer.ANSWER)
    match event:
        case e.CareKeyPressed(key=key):
            return _key(call, key, policy, stop)
        case e.ElderSpoke() if not _question(call).graded:
            return _answered(call, SPEECH, CareWords.THANKS, stop)
        case e.CareTimerFired(timer=CareTimer.ANSWER):
            if call.repeats < policy.care_repeats:
                return _to(call, CareCallState.SPEAKING, _message(call), repeats=call.repeats + 1)
            return _not_reached(call, event, policy, HangUpElder())
        case e.VoicemailHeard():
            return _not_reached(call, event, policy, stop, HangUpElder())
        case e.CareHungUp():
            return _not_reached(call, event, policy, stop)
        case _:  # a word is no grade
            return _ignored(call)


def _asking_contacts(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    match event:
        case e.ContactsAsked(somebody=True):
            return _end(call, CareResult.NOT_REACHED)
        case e.ContactsAsked() | e.CareCommandFailed(command="AskContacts"):
            return _end(call, CareResult.NOT_REACHED, OpenCareCase(CareCaseKind.NO_ANSWER))
        case _:  # asking contacts of somebody who does not answer does not wait for an alarm of somebody else
            return _ignored(call)


def _parting(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    match event:
        case e.WordsSpoken() | e.CareCommandFailed(command="Say"):
            return _end(call, CareResult.REACHED, HangUpElder())
        case e.CareKeyPressed(key=key) if key == _question(call).talk:
            return _wants_to_talk(call)
        case e.CareHungUp():
            return _end(call, CareResult.REACHED)
        case _:
            return _ignored(call)


def _ended(call: CareCall, event: e.CareEvent, policy: Policy) -> Decision:
    return _ignored(call)


def _key(call: CareCall, key: str, policy: Policy, *first: CareCommand) -> Decision:
    question = _question(call)
    if key in question.answers:
        return _answered(call, key, question.answers[key], *first)
    if key == question.talk:
        return _wants_to_talk(call, *first)
    # Key 9, or a wrong one: somebody is there, and hears it all again.
    return _to(call, CareCallState.SPEAKING, *first, _message(call))


def _answered(call: CareCall, answer: str, words: CareWords, *first: CareCommand) -> Decision:
    return _to(call, CareCallState.PARTING, *first, Say((words,)), answer=answer)


def _wants_to_talk(call: CareCall, *first: CareCommand) -> Decision:
    """From here on it is a case like any other, with the elder's line in it: whatever an agent can do is done there."""
    question = _question(call)
    said = call if question.graded and call.answer else replace(call, answer=question.talk)
    return _end(said, CareResult.ASKED_FOR_HELP, *first, OpenCareCase(CareCaseKind.HELP))


def _not_reached(call: CareCall, event: e.CareEvent, policy: Policy, *first: CareCommand) -> Decision:
    """Another try when there is one and it still comes in time; else contacts where that is promised."""
    pause = timedelta(minutes=policy.care_pause)
    if call.tries < policy.care_tries and event.at + pause < call.latest:
        again = StartCareTimer(CareTimer.RETRY, pause.total_seconds())
        return _to(call, CareCallState.PAUSING, *first, again)
    if call.must_answer:
        return _to(call, CareCallState.ASKING_CONTACTS, *first, AskContacts())
    return _end(call, CareResult.NOT_REACHED, *first)


def _end(call: CareCall, result: CareResult, *commands: CareCommand) -> Decision:
    return _to(call, CareCallState.ENDED, *commands, Finish(result, call.answer))


def _question(call: CareCall) -> Question:
    return QUESTIONS[call.question]


def _message(call: CareCall) -> Say:
    return Say(_question(call).words)


def _to(call: CareCall, state: CareCallState, *commands: CareCommand, **changes: int | str) -> Decision:
    return replace(call, state=state, **changes), commands  # type: ignore[arg-type] # fields of CareCall


def _ignored(call: CareCall) -> Decision:
    return call, ()


_STATES: Final[dict[CareCallState, Callable[[CareCall, e.CareEvent, Policy], Decision]]] = {
    CareCallState.PAUSING: _pausing,
    CareCallState.RINGING: _ringing,
    CareCallState.SPEAKING: _speaking,
    CareCallState.ASKING: _asking,
    CareCallState.ASKING_CONTACTS: _asking_contacts,
    CareCallState.PARTING: _parting,
    CareCallState.ENDED: _ended,
}
