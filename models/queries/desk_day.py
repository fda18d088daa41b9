"""What one agent's desk shows of the day: calls that nobody answered in time and what became of them, the follow-ups
and complaints that are theirs, what they have taken down and nobody has worked on yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind, CaseState, FollowUpKind, LegKind, Role
from models.base import utc_now
from models.cases import CaseLegRow, CaseRow
from models.complaint_clocks import clocks_of
from models.complaint_rules import Facts, Person, is_about
from models.complaints import UNANSWERED, Complaint, ComplaintState
from models.elders import Elder
from models.follow_ups import FollowUp
from models.masking import hidden
from models.office_hours import OfficeHours
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
    """A follow-up that somebody has taken, or of a case that their seat had and nobody has taken; of a visit that was
    drawn there is no `case`."""

    id: int
    case: str | None
    elder: int | None
    elder_name: str
    kind: FollowUpKind
    due_at: datetime
    overdue: bool


@dataclass(frozen=True, slots=True)
class ComplaintLine:
    """A complaint that is somebody's to answer: `due` is the nearer of its clocks."""

    id: int
    elder_name: str
    words: str
    due: datetime
    late: bool


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


async def follow_ups_of_seat(
    session: AsyncSession, extension: str, until: datetime, *, user: int | None = None
) -> list[DueView]:
    """Those that are still owed and due before this moment, taken by this user, or of cases in which this seat was A
    and that nobody has taken; those which are to be tried again later are not among them."""
    of_seat = exists().where(
        CaseLegRow.case_id == FollowUp.case_id,
        CaseLegRow.kind == LegKind.SEAT,
        CaseLegRow.role == Role.A,
        CaseLegRow.number == extension,
    )
    mine = and_(FollowUp.agent_id.is_(None), of_seat)
    mine = mine if user is None else or_(FollowUp.agent_id == user, mine)
    now = utc_now()
    to_be_rung = or_(FollowUp.next_try_at.is_(None), FollowUp.next_try_at < now)
    query = select(FollowUp, Elder.name).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    query = query.where(FollowUp.done_at.is_(None), FollowUp.due_at < until, mine, to_be_rung)
    return [
        DueView(row.id, row.case_id, row.elder_id, name or "", row.kind, row.due_at, row.due_at < now)
        for row, name in await session.execute(query.order_by(FollowUp.due_at).limit(MOST))
    ]


async def complaints_of(session: AsyncSession, person: Person, *, office: OfficeHours) -> list[ComplaintLine]:
    """Those that this person is to answer, the most urgent first; who complains about them, they are not told (H8)."""
    query = select(Complaint, Elder.name).outerjoin(Elder, Elder.id == Complaint.elder_id)
    query = query.where(Complaint.assigned_to == person.id, Complaint.state.in_(sorted(UNANSWERED)))
    now, found = utc_now(), []
    for row, name in await session.execute(query.order_by(Complaint.opened_at).limit(MOST)):
        clocks = clocks_of(row.state, row.opened_at, row.contacted_at, office=office, now=now)
        due = min(moment for moment in (clocks.contact_due, clocks.answer_due) if moment is not None)
        who = name or row.complainant
        found.append(ComplaintLine(row.id, _who_complains(row, who, person), row.words, due, clocks.late))
    return sorted(found, key=lambda complaint: complaint.due)


def _who_complains(row: Complaint, name: str, person: Person) -> str:
    facts = Facts(row.state, row.level, row.about_kind, row.about_id, row.assigned_to)
    return hidden(name) if is_about(facts, person) else name


def _elder_of(row: Complaint, name: str, person: Person) -> tuple[int | None, str]:
    shown = _who_complains(row, name, person)
    return (row.elder_id if shown == name else None), shown


async def drafts_of(session: AsyncSession, person: Person) -> list[DraftLine]:
    """What this person has taken down and nobody has worked on, the latest first."""
    author = person.actor
    orders = select(WorkOrder, Elder.name).outerjoin(Elder, Elder.id == WorkOrder.elder_id)
    orders = orders.where(WorkOrder.drafted_by == author, WorkOrder.state == OrderState.DRAFT)
    complaints = select(Complaint, Elder.name).outerjoin(Elder, Elder.id == Complaint.elder_id)
    complaints = complaints.where(Complaint.drafted_by == author, Complaint.state == ComplaintState.DRAFT)
    found = [
        DraftLine("order", row.elder_id, name or "", row.wish, row.drafted_at)
        for row, name in await session.execute(orders.order_by(WorkOrder.id.desc()).limit(MOST))
    ]
    found += [
        DraftLine("complaint", *_elder_of(row, name or "", person), row.words, row.drafted_at)
        for row, name in await session.execute(complaints.order_by(Complaint.id.desc()).limit(MOST))
    ]
    return sorted(found, key=lambda draft: draft.drafted_at, reverse=True)[:MOST]
