"""Silence, and ringing back: when a silent line is an emergency (S4.1), how often the elder is rung (S4.2, S4.5)."""

from __future__ import annotations

from itertools import takewhile

from ivr import rescue
from ivr.case import Leg
from ivr.commands import Announce, DetectSpeech, StartTimer, StopTimer, Timer
from ivr.events import KeyPressed, SpeechHeard
from ivr.turn import Turn
from ivr.vocabulary import CaseState, LegKind, Place, Prompt, Refusal, Result, Role, TimerKind

SILENCE = Timer(TimerKind.SILENCE)
CALL_BACK = Timer(TimerKind.CALL_BACK)
REDIAL = Timer(TimerKind.REDIAL)
TIMERS = (SILENCE, CALL_BACK, REDIAL)
_ASKED = (Prompt.CAN_YOU_HEAR_ME, Prompt.CAN_YOU_HEAR_ME_AGAIN)
QUESTIONS = len(_ASKED)
_OVER_AT_ONCE = frozenset({Result.BUSY, Result.REJECTED, Result.UNREACHABLE, Result.WRONG_NUMBER})
_DOUBLINGS = 10


def listen(turn: Turn, elder: Leg) -> Turn:
    """From here on we are told when the elder speaks. Before any prompt: Asterisk does nothing else with a channel, nor
    answers the request, until the prompt has ended."""
    return turn.do(DetectSpeech(elder.id, turn.policy.speech_level))


def watch(turn: Turn) -> Turn:
    """Somebody is with the elder who has not been heard yet: the clock runs."""
    if turn.case.heard:
        return turn
    return turn.note(asked=0).do(StartTimer(SILENCE, turn.policy.silence))


def is_elders(turn: Turn, event: SpeechHeard | KeyPressed) -> bool:
    """A weak voice counts, and so does any key, on each line of theirs."""
    return any(line.id == event.leg for line in turn.lines_of_elder())


def elder_heard(turn: Turn, event: SpeechHeard | KeyPressed) -> Turn:
    """The elder speaks, or presses a key: they are there."""
    return heard(turn) if is_elders(turn, event) else turn


def agent_hears(turn: Turn) -> Turn:
    """The agent hears what the line's meter does not."""
    if not turn.case.elder_up:
        return turn.refuse(Refusal.NOT_IN_THIS_STATE, "the elder is not on the line")
    return turn.refuse(Refusal.ALREADY_DONE) if turn.case.heard else heard(turn)


def heard(turn: Turn) -> Turn:
    """The elder answers: they are not silent, on this line."""
    return turn if turn.case.heard else turn.note(heard=True).do(StopTimer(SILENCE))


def still_silent(turn: Turn) -> Turn:
    """Ask twice, so that agent and elder both hear it."""
    if turn.case.heard or not turn.case.elder_up:
        return turn
    question = _ASKED[turn.case.asked]
    turn.note(asked=turn.case.asked + 1)
    last = turn.case.asked == QUESTIONS
    pause = turn.policy.silence_decides if last else turn.policy.silence
    return turn.do(Announce(Place.ELDER, question), StartTimer(SILENCE, pause))


# --- ringing back ---------------------------------------------------------------------------------------------------


def call_back(turn: Turn) -> Turn:
    """The elder has to be rung: up to twice (S4.2), with an agent on the case. Said again when their line has ended:
    the pause counts from there."""
    elder = turn.case.elder
    for second in turn.case.seconds:
        turn.hang_up(second, Result.CANCELLED)
    if elder is not None and elder.alive:
        turn.hang_up(elder)
    turn.note(heard=False).do(StopTimer(SILENCE))
    if turn.case.state is not CaseState.CALLING_BACK:
        turn.go(CaseState.CALLING_BACK)
    return turn.find_seat(Role.A).do(StartTimer(CALL_BACK, turn.policy.call_back_pause))


def redial_soon(turn: Turn) -> Turn:
    """B rings the elder without pause until helpers arrive (S4.5)."""
    elder = turn.case.elder
    if turn.case.arrived_at or (elder is not None and elder.alive) or not rescue.number_of_elder(turn):
        return turn
    return turn.do(StartTimer(REDIAL, _pause_before_redial(turn)))


def _pause_before_redial(turn: Turn) -> float:
    """Longer and longer while the line is busy or out of order: each try is over at once, and for hours they would fill
    the record and the screens with nothing else."""
    lines = [leg for leg in turn.case.legs if leg.kind is LegKind.ELDER]
    in_vain = sum(1 for _ in takewhile(lambda leg: leg.result in _OVER_AT_ONCE, reversed(lines)))
    pause, longest = turn.policy.redial_pause, max(turn.policy.redial_pause, turn.policy.redial_longest)
    return min(pause * 2.0 ** min(max(0, in_vain - 1), _DOUBLINGS), longest)


def redial(turn: Turn) -> Turn:
    """The pause is over."""
    elder = turn.case.elder
    gone = elder is None or not elder.alive
    return rescue.ring_elder(turn) if gone and not turn.case.arrived_at else turn
