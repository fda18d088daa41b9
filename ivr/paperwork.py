"""What an agent writes down beside the call: what it is about, a draft work order (S3.1), a draft complaint (H5)."""

from __future__ import annotations

from typing import assert_never

from ivr.case import Case
from ivr.commands import DraftComplaint, DraftOrder
from ivr.events import ClassifyRequested, DraftComplaintRequested, DraftOrderRequested, Paper
from ivr.turn import Turn
from ivr.vocabulary import CaseKind, CaseState, FollowUpKind, LegKind, Refusal, Role, Topic

_FOLLOW_UP = {
    Topic.EMERGENCY: FollowUpKind.EMERGENCY,
    Topic.LIFE_SERVICE: FollowUpKind.LIFE_SERVICE,
    Topic.COMPLAINT: FollowUpKind.COMPLAINT,
}


def write(turn: Turn, event: Paper) -> Turn:
    """Put on record; nobody on the line notices."""
    match event:
        case ClassifyRequested(topic=topic):
            same = topic is turn.case.topic
            return turn.refuse(Refusal.ALREADY_DONE) if same else turn.note(topic=topic)
        case DraftOrderRequested():
            return draft_order(turn, event)
        case DraftComplaintRequested(about=about, words=words):
            return draft_complaint(turn, about, words)
        case _:
            assert_never(event)


def draft_order(turn: Turn, event: DraftOrderRequested) -> Turn:
    """One draft for each kind of aid. Somebody without a file cannot be verified (S3.1)."""
    if turn.case.file is None:
        return turn.refuse(Refusal.NO_FILE)
    if event.aid in turn.case.ordered:
        return turn.refuse(Refusal.ALREADY_DONE)
    turn.note(ordered=turn.case.ordered | {event.aid}, topic=turn.case.topic or Topic.LIFE_SERVICE)
    return turn.do(DraftOrder(event.aid, event.wish))


def draft_complaint(turn: Turn, about: str, words: str) -> Turn:
    """One complaint for each case."""
    if turn.case.complained:
        return turn.refuse(Refusal.ALREADY_DONE)
    turn.note(complained=True, topic=turn.case.topic or Topic.COMPLAINT)
    return turn.do(DraftComplaint(about, words))


def topic_of(kind: CaseKind) -> Topic | None:
    """What a call is about when only the number is known that was dialled."""
    return Topic.COMPLAINT if kind is CaseKind.COMPLAINT else None


def outcome_filed(turn: Turn) -> Turn:
    """A complaint that nobody has taken down becomes a draft in the words of the outcome (H5)."""
    if turn.case.topic is not Topic.COMPLAINT or turn.case.complained:
        return turn
    return draft_complaint(turn, "", turn.case.note)


def owed_by(case: Case) -> str | None:
    """The seat that has to file the outcome now that the talk is over: the last that took the case as A."""
    if case.state is not CaseState.WRAPPING_UP or case.outcome is not None:
        return None
    taken = (leg for leg in reversed(case.legs) if leg.kind is LegKind.SEAT and leg.role is Role.A and leg.answered_at)
    return next((leg.number for leg in taken), None)


def follow_up_of(case: Case) -> FollowUpKind:
    """Which follow-up is owed (S1.8, S2.2, S3.4, H8)."""
    if case.emergency_at or case.topic is None:
        return FollowUpKind.EMERGENCY if case.emergency_at else FollowUpKind.CONSULTATION
    return _FOLLOW_UP.get(case.topic, FollowUpKind.CONSULTATION)
