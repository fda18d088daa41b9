"""What one agent's desk shows of the day: calls that nobody answered in time and what became of them, the follow-ups of
their own cases, what they have taken down and nobody has worked on yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind, CaseState, FollowUpKind, LegKind, Role
from models.base import utc_now
from models.cases import CaseLegRow, CaseRow
from models.complaints import OPEN, Complaint
from models.elders import Elder
from models.follow_ups import FollowUp
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.scope import Scope

MOST: Final = 12  # rows of each kind
Became = Literal["spoken", "called_back", "to_file", "in_hand", "not_reached"]


@dataclass(frozen=True, slots=True)
class MissedView:
    """`waited`: seconds until the caller hung up; `became`: how far the call-back has come, `tries` so often."""

    case: str
    kind: CaseKind
    caller: str
    elder: int | None
    elder_name: str
    opened_at: datetime
    waited: float | None
    became: Became
    tries: int


@dataclass(frozen=True, slots=True)
class DueView:
    """A follow-up of a case that this seat has taken."""

    id: int
    case: str
    elder: int | None
    elder_name: str
    kind: FollowUpKind
    due_at: datetime
    overdue: bool


@dataclass(frozen=True, slots=True)
class DraftLine:
    kind: Literal["order", "complaint"]
    elder: int | None
    elder_name: str
    words: str
    drafted_at: datetime


async def missed_calls(session: AsyncSession, since: datetime, *, scope: Scope) -> list[MissedView]:
    """Callers who hung up before anybody spoke with them, the latest first."""
    query = select(CaseRow, Elder.name).outerjoin(Elder, Elder.id == CaseRow.elder_id)
    query = query.where(CaseRow.abandoned, CaseRow.opened_at >= since, scope.of_cases())
    query = query.order_by(CaseRow.opened_at.desc()).limit(MOST)
    rows = (await session.execute(query)).all()
    lines = select(CaseLegRow).where(
        CaseLegRow.case_id.in_([case.id for case, _ in rows]), CaseLegRow.kind == LegKind.ELDER
    )
    legs = (await session.scalars(lines.order_by(CaseLegRow.position))).all() if rows else ()
    return [_missed(case, name or "", [leg for leg in legs if leg.case_id == case.id]) for case, name in rows]


def _missed(case: CaseRow, name: str, legs: list[CaseLegRow]) -> MissedView:
    ended = legs[0].ended_at if legs else None
    return MissedView(
        case=case.id,
        kind=case.kind,
        caller=case.caller,
        elder=case.elder_id,
        elder_name=name,
        opened_at=case.opened_at,
        waited=(ended - case.opened_at).total_seconds() if ended else None,
        became=_became(case),
        tries=max(0, len(legs) - 1),
    )


def _became(case: CaseRow) -> Became:
    if case.answered_at is not None:
        return "spoken"
    match case.state:
        case CaseState.CLOSED:
            return "not_reached"
        case CaseState.CALLING_BACK | CaseState.RINGING_SEATS:
            return "called_back"
        case CaseState.WRAPPING_UP:
            return "to_file"
        case _:
            return "in_hand"


async def follow_ups_of_seat(session: AsyncSession, extension: str, until: datetime) -> list[DueView]:
    """Those that are still owed and due before this moment, of cases in which this seat was A."""
    mine = exists().where(
        CaseLegRow.case_id == FollowUp.case_id,
        CaseLegRow.kind == LegKind.SEAT,
        CaseLegRow.role == Role.A,
        CaseLegRow.number == extension,
    )
    query = select(FollowUp, Elder.name).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    query = query.where(FollowUp.done_at.is_(None), FollowUp.due_at < until, mine).order_by(FollowUp.due_at).limit(MOST)
    now = utc_now()
    return [
        DueView(row.id, row.case_id, row.elder_id, name or "", row.kind, row.due_at, row.due_at < now)
        for row, name in await session.execute(query)
    ]


async def drafts_of(session: AsyncSession, author: str) -> list[DraftLine]:
    """What this person has taken down and nobody has worked on, the latest first."""
    orders = select(WorkOrder, Elder.name).outerjoin(Elder, Elder.id == WorkOrder.elder_id)
    orders = orders.where(WorkOrder.drafted_by == author, WorkOrder.state == OrderState.DRAFT)
    complaints = select(Complaint, Elder.name).outerjoin(Elder, Elder.id == Complaint.elder_id)
    complaints = complaints.where(Complaint.drafted_by == author, Complaint.state.in_(OPEN))
    found = [
        DraftLine("order", row.elder_id, name or "", row.wish, row.drafted_at)
        for row, name in await session.execute(orders.order_by(WorkOrder.id.desc()).limit(MOST))
    ]
    found += [
        DraftLine("complaint", row.elder_id, name or "", row.words, row.drafted_at)
        for row, name in await session.execute(complaints.order_by(Complaint.id.desc()).limit(MOST))
    ]
    return sorted(found, key=lambda draft: draft.drafted_at, reverse=True)[:MOST]
