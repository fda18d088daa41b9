"""How the clocks of a complaint have gone (H8), on every level that it was on: kept, run out, or not known yet. The
clocks that run now are `complaint_clocks.py`'s; here is what is told of them afterwards, by the same terms.

A level that is over is known by its steps only, the one it is on by its own row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.complaint_clocks import CONTACT_WITHIN
from models.complaints import UNANSWERED, Complaint, ComplaintStep, Step
from models.office_hours import OfficeHours
from models.working_time import after, working_day


class Kept(StrEnum):
    """`OPEN`: it is not done, and not too late for it."""

    IN_TIME = "in_time"
    LATE = "late"
    OPEN = "open"


@dataclass(slots=True)
class Turn:
    """The time on one level: when its clocks began, when who complained was spoken with, when they were answered."""

    since: datetime
    contacted_at: datetime | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Of one complaint: late where it was so on any level."""

    complaint: int
    contact: Kept
    answer: Kept


_TOLD: Final = (Step.CONTACTED, Step.ANSWERED, Step.ESCALATED)


async def histories(
    session: AsyncSession, *wanted: ColumnElement[bool], office: OfficeHours, now: datetime
) -> list[History]:
    """Of the complaints for which all of this holds."""
    answered_at = case((Complaint.state.not_in(sorted(UNANSWERED)), Complaint.answered_at))
    columns = (Complaint.id, Complaint.drafted_at, Complaint.opened_at, Complaint.contacted_at, answered_at)
    steps = select(ComplaintStep.complaint_id, ComplaintStep.step, ComplaintStep.at)
    went_up = steps.join(Complaint, Complaint.id == ComplaintStep.complaint_id).where(
        *wanted, Complaint.level > 1, ComplaintStep.step.in_(_TOLD)
    )
    done: dict[int, list[tuple[Step, datetime]]] = defaultdict(list)
    for number, step, at in await session.execute(went_up.order_by(ComplaintStep.at, ComplaintStep.id)):
        done[number].append((step, at))
    found = []
    for number, drafted_at, *current in await session.execute(select(*columns).where(*wanted)):
        turns = [*_over(drafted_at, done[number]), Turn(*current)]
        found.append(_history(number, turns, office=office, now=now))
    return found


def _over(drafted_at: datetime, steps: Iterable[tuple[Step, datetime]]) -> list[Turn]:
    """The levels that it has left."""
    turns, turn = [], Turn(drafted_at)
    for step, at in steps:
        if step is Step.ESCALATED:
            turns.append(turn)
            turn = Turn(at)
            continue
        turn.contacted_at = turn.contacted_at or at
        if step is Step.ANSWERED:
            turn.answered_at = at  # the answer that it was left with
    return turns


def _history(number: int, turns: list[Turn], *, office: OfficeHours, now: datetime) -> History:
    whole = working_day(office)
    contact = _worst(_kept(turn.since + CONTACT_WITHIN, turn.contacted_at, now) for turn in turns)
    answer = _worst(_kept(after(office, turn.since, whole), turn.answered_at, now) for turn in turns)
    return History(number, contact, answer)


def _kept(due: datetime, done_at: datetime | None, now: datetime) -> Kept:
    """Done at the very moment at which it is due is too late, as `complaint_clocks.py` has it."""
    if (done_at or now) >= due:
        return Kept.LATE
    return Kept.OPEN if done_at is None else Kept.IN_TIME


def _worst(every: Iterable[Kept]) -> Kept:
    told = set(every)
    return next(kept for kept in (Kept.LATE, Kept.OPEN, Kept.IN_TIME) if kept in told)
