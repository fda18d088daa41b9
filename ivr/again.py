"""The same elder rings us again (H12): one need is one case, and nobody is left alone on a line.

- Somebody is with them, or is being found: the new line is answered and goes where the elder's voice goes, beside the
  first. Which of the two they hold to their ear nobody knows; so both count, and the last to end is the end.
- We ring them, or their line is silent: the new line takes the place of that one.
- The case is over, or is being filed: the line opens a new case that names this one.
"""

from __future__ import annotations

from ivr import silence
from ivr.case import Leg
from ivr.commands import Answer, PassOn, StopTimer
from ivr.events import ElderCalledAgain
from ivr.turn import Turn
from ivr.vocabulary import AlarmKind, CaseState, LegKind, Place, Prompt, Result

_WITH_THEM = frozenset({CaseState.ARRIVING, CaseState.RINGING_SEATS, CaseState.TALKING, CaseState.CONSULTING})


def called_again(turn: Turn, event: ElderCalledAgain) -> Turn:
    """The elder rings us once more: agents are told, and the line is taken."""
    if turn.case.leg(event.leg) is not None:
        return turn
    told(turn)
    elder = turn.case.elder
    on_the_line = elder is not None and elder.alive
    beside = on_the_line and (turn.case.state in _WITH_THEM or (turn.case.elder_up and turn.case.heard))
    return open_beside(turn, event) if beside else take_instead(turn, event)


def told(turn: Turn) -> Turn:
    """The same need once more: how often by now."""
    return turn.note(again=turn.case.again + 1).alarm(AlarmKind.CALLS_AGAIN, str(turn.case.again))


def open_beside(turn: Turn, event: ElderCalledAgain) -> Turn:
    second = _line(turn, event, LegKind.SECOND)
    silence.listen(turn.do(Answer(second.id)), second)
    return turn.say(second, Prompt.COMFORT)


def answered(turn: Turn, second: Leg) -> Turn:
    """The second line is up: it goes where the elder is; while they wait, it waits as well."""
    elder = turn.case.elder
    return turn if elder is None or elder.place is Place.NOWHERE else turn.move(second, elder.place)


def take_instead(turn: Turn, event: ElderCalledAgain) -> Turn:
    """Their call is taken and ours let go; so is a silent line, for nobody knows what has picked up there."""
    elder = turn.case.elder
    for second in turn.case.seconds:
        turn.hang_up(second, Result.CANCELLED)
    if elder is not None and elder.alive:
        turn.let_go(elder)
    again = _line(turn.note(heard=False), event, LegKind.ELDER)
    return turn.do(StopTimer(silence.CALL_BACK), StopTimer(silence.REDIAL), Answer(again.id))


def pass_on(turn: Turn, event: ElderCalledAgain) -> Turn:
    """This case is over: the line opens a new one that names it."""
    if turn.case.leg(event.leg) is not None:
        return turn
    return turn.do(PassOn(event.leg, event.channel, event.caller, event.dialled, event.recording))


def _line(turn: Turn, event: ElderCalledAgain, kind: LegKind) -> Leg:
    number = event.caller or turn.case.caller
    leg = Leg(id=event.leg, kind=kind, number=number, channel=event.channel, dialled_at=turn.at)
    turn.case = turn.case.with_leg(leg)
    turn.tape_call(leg, event.recording)
    return leg
