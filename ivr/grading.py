"""How the elder found the call (S2.2, H4): asked for by key at its end, while they are still on the line.

Only after a talk that was no alarm: who was in need is followed up by a person. A key is a grade; whoever hangs up,
speaks or does nothing is let go as after any call, and has said nothing. A new alarm of theirs comes first.
"""

from __future__ import annotations

from ivr.case import Leg
from ivr.commands import Play, StartMusic, StartTimer, Timer
from ivr.events import KeyPressed
from ivr.turn import Turn
from ivr.vocabulary import RATING_KEYS, CaseKind, CaseState, Prompt, Rating, TimerKind, Topic

GOODBYE = Timer(TimerKind.GOODBYE)
_LAST_WORDS = frozenset({Prompt.GOODBYE, Prompt.CARE_SORRY})
_TALKED = frozenset({CaseState.TALKING, CaseState.CONSULTING})
_OTHERWISE_ASKED = frozenset({Topic.EMERGENCY, Topic.FALSE_ALARM, Topic.COMPLAINT})


def is_asked(turn: Turn) -> bool:
    """Whether this elder, whose talk is over now, is asked."""
    case = turn.case
    ordinary = case.kind is CaseKind.ORDINARY and not case.urgent and case.topic not in _OTHERWISE_ASKED
    return ordinary and case.state in _TALKED and case.heard and turn.policy.grade_wait > 0


def last_words(turn: Turn, elder: Leg) -> Turn:
    """What an elder hears whom nobody speaks with any more: the question, where it is asked, else the goodbye."""
    if not is_asked(turn):
        return say_goodbye(turn, elder)
    turn.say(elder, Prompt.HOW_WAS_CALL).note(grading=True)
    return turn.do(StartTimer(GOODBYE, turn.policy.grade_wait))


def say_goodbye(turn: Turn, elder: Leg, words: Prompt = Prompt.GOODBYE) -> Turn:
    return turn.note(grading=False).do(Play(elder.id, words), StartTimer(GOODBYE, turn.policy.goodbye))


def key_pressed(turn: Turn, event: KeyPressed) -> Turn:
    """1, 2 or 3 is what the elder says of the call; any other key asks once more, in the same time."""
    elder = turn.case.elder
    if elder is None or event.leg != elder.id or not turn.case.grading:
        return turn
    grade = RATING_KEYS.get(event.key)
    if grade is None:
        return ask_again(turn)
    turn.note(grade=grade, graded_at=turn.at)
    return say_goodbye(turn, elder, Prompt.CARE_SORRY if grade is Rating.DISSATISFIED else Prompt.GOODBYE)


def ask_again(turn: Turn) -> Turn:
    elder = turn.case.elder
    if elder is None or not elder.up or not turn.case.grading:
        return turn
    return turn.say(elder, Prompt.HOW_WAS_CALL)


def prompt_finished(turn: Turn, elder: Leg, prompt: Prompt, problem: str) -> Turn:
    """After the question music, until a key is pressed or the time is over; a question that could not be put is none.
    After the last words the line is closed."""
    if turn.case.grading and prompt is Prompt.HOW_WAS_CALL:
        return say_goodbye(turn, elder) if problem else turn.do(StartMusic(elder.id))
    return turn.hang_up(elder) if prompt in _LAST_WORDS else turn


def time_is_over(turn: Turn) -> Turn:
    """Nothing was pressed; or the goodbye takes too long."""
    elder = turn.case.elder
    if elder is None or not elder.alive:
        return turn
    return say_goodbye(turn, elder) if turn.case.grading else turn.hang_up(elder)


def give_way(turn: Turn) -> Turn:
    """The elder needs us, on another line: nobody keeps them on this one."""
    return time_is_over(turn.note(grading=False)) if turn.case.grading else turn
