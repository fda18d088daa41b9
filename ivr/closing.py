"""How a case comes to its end: the last words, the last leg, the outcome, the follow-up."""

from __future__ import annotations

from ivr import (
    cascade,
    consultation,
    grading,
    paperwork,
    rescue,
    silence,
)
from ivr.commands import BookFollowUp, Leave, StopTimer
from ivr.events import CloseRequested
from ivr.turn import COMFORT, Turn
from ivr.vocabulary import (
    AlarmKind,
    CaseKind,
    CaseState,
    Outcome,
    Place,
)


def abandoned(turn: Turn) -> Turn:
    """The caller hung up before anybody spoke to them (a long press, then nothing): every such alarm is called back. A
    caller without a number cannot be: that case stays open until somebody has seen to it. An ordinary call is listed as
    missed, with a follow-up that is due; who asked for somebody in a care call is called back."""
    asked_for = turn.case.urgent or turn.case.kind is CaseKind.CARE
    if not asked_for and turn.case.answered_at is None:
        turn.note(abandoned=True, outcome=Outcome.MISSED).stop_finding().hang_up_all().go(CaseState.WRAPPING_UP)
        return close_when_done(turn)
    turn.note(abandoned=True).alarm(AlarmKind.ABANDONED)
    if rescue.number_of_elder(turn):
        return silence.call_back(turn)
    turn.stop_finding().hang_up_all().go(CaseState.WRAPPING_UP)
    return close_when_done(turn)


def say_goodbye(turn: Turn) -> Turn:
    """Everybody hangs up; the elder, if still on the line, is asked how it was, or hears a closing word."""
    consultation.forget(cascade.stop_waves(turn)).stop_finding().do(*(StopTimer(timer) for timer in silence.TIMERS))
    for leg in tuple(turn.case.live()):
        if not turn.case.is_elder(leg) or not leg.up:
            turn.let_go(leg)
            continue
        turn.do(StopTimer(COMFORT))
        if leg.place is not Place.NOWHERE:
            turn.do(Leave(leg.id, leg.place))
        grading.last_words(turn, turn.change(leg, place=Place.NOWHERE))
    return turn.go(CaseState.WRAPPING_UP)


def finish(turn: Turn, event: CloseRequested) -> Turn:
    """An agent files the outcome while people are still on the line."""
    paperwork.outcome_filed(turn.note(outcome=event.outcome, code=event.code, note=event.note))
    return close_when_done(say_goodbye(turn))


def close_when_done(turn: Turn) -> Turn:
    """The last leg has ended: nothing of the case is left in Asterisk; with an outcome the case is closed."""
    case = turn.case
    if any(case.live()):
        return turn
    turn.remove_bridges()
    if case.outcome is None:
        return turn
    if case.kind is not CaseKind.OUTBOUND or case.emergency_at:
        turn.do(BookFollowUp(paperwork.follow_up_of(case), turn.policy.follow_up))
    return turn.note(closed_at=turn.at).go(CaseState.CLOSED)
