"""A case that a care call leads to (S5). With the elder on the line it is a call like any other: `states/arriving.py`.
Here is the other one: nobody has answered, neither the elder, each time they were rung, nor a contact."""

from __future__ import annotations

from ivr import silence
from ivr.case import Case
from ivr.commands import LookUp, MakeBridge, StartTimer
from ivr.events import CallArrived
from ivr.turn import Turn
from ivr.vocabulary import CaseKind, CaseState, Place, Role


def is_unanswered(event: CallArrived) -> bool:
    """There is no line."""
    return event.kind is CaseKind.CARE and not event.channel


def nobody_answers(case: Case) -> bool:
    """The elder was rung for it, and there was never a line."""
    return case.kind is CaseKind.CARE and case.elder is None


def open_case(turn: Turn, event: CallArrived) -> Turn:
    """They were rung back often enough: as soon as the file is there, or cannot be had, there is no response (S4.3)."""
    turn.note(
        caller=event.caller,
        kind=event.kind,
        opened_at=event.at,
        bridges=frozenset({Place.ELDER}),
    )
    turn.do(MakeBridge(Place.ELDER), LookUp(event.caller), StartTimer(silence.CALL_BACK, turn.policy.call_back_pause))
    return turn.find_seat(Role.A).go(CaseState.CALLING_BACK)
