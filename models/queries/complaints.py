"""Complaints as a list and one by one, each with its clocks (H8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import utc_now
from models.cases import RecordingRow
from models.complaint_clocks import clocks_of, is_late
from models.complaints import (
    OPEN,
    AboutKind,
    CameBy,
    Complaint,
    ComplaintState,
    ComplaintStep,
    Satisfaction,
    Step,
)
from models.elders import Elder
from models.office_hours import OfficeHours
from models.org import OrgUnit, subtree
from models.queries.drafts import DraftView, shared
from models.queries.paging import Page, read_page
from models.scope import Scope

Handler = int | Literal["nobody"]


@dataclass(frozen=True, slots=True)
class ComplaintView(DraftView):
    """`contact_due`, `answer_due`: None where nothing is owed any more; `late`: one of them is over. `assigned_to` is a
    user's number."""

    state: ComplaintState
    order: int | None
    about: str
    words: str
    about_kind: AboutKind
    about_id: str
    came_by: CameBy
    complainant: str
    caller: str
    community: str
    level: int
    opened_at: datetime
    contacted_at: datetime | None
    contact_due: datetime | None
    answer_due: datetime | None
    late: bool
    assigned_to: int | None
    answer: str
    answered_at: datetime | None
    closed_at: datetime | None
    satisfaction: Satisfaction | None


@dataclass(frozen=True, slots=True)
class StepView:
    """`to_user`: whom it was given to."""

    level: int
    step: Step
    at: datetime
    by: str
    note: str
    to_user: int | None


async def list_complaints(
    session: AsyncSession,
    *,
    scope: Scope,
    office: OfficeHours,
    state: ComplaintState | Literal["open"] | None = None,
    late: bool = False,
    handler: Handler | None = None,
    org_unit: int | None = None,
    elder: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[ComplaintView]:
    """The latest first, taken down at `since` or later and before `until`; the cursor is the id of the last one.
    `late`: those only of which a clock has run out."""
    now = utc_now()
    wanted = [scope.of_elders(), *_of_state(state), *_between(since, until)]
    if late:
        wanted.append(is_late(office, now))
    if handler is not None:
        wanted.append(Complaint.assigned_to.is_(None) if handler == "nobody" else Complaint.assigned_to == handler)
    if org_unit is not None:
        wanted.append(Elder.org_unit_id.in_(subtree(org_unit)))
    if elder is not None:
        wanted.append(Complaint.elder_id == elder)
    if after is not None:
        wanted.append(Complaint.id < after)

    def view(row: Complaint, name: str | None, community: str | None) -> ComplaintView:
        return _view(row, name, community, office=office, now=now)

    query = _complaints().where(*wanted).order_by(Complaint.id.desc())
    return await read_page(session, query, view, limit=limit, cursor=lambda complaint: complaint.id)


async def count_complaints(
    session: AsyncSession, *, scope: Scope, office: OfficeHours, since: datetime | None = None,
    until: datetime | None = None, late: bool = False,
) -> int:  # fmt: skip
    """How many such there are."""
    query = select(func.count()).select_from(Complaint).outerjoin(Elder, Elder.id == Complaint.elder_id)
    query = query.where(scope.of_elders(), *_between(since, until))
    if late:
        query = query.where(is_late(office, utc_now()))
    return await session.scalar(query) or 0


async def complaint_view(
    session: AsyncSession, number: int, *, scope: Scope, office: OfficeHours
) -> ComplaintView | None:
    """None: there is none, or it is out of scope."""
    row = (await session.execute(_complaints().where(Complaint.id == number, scope.of_elders()))).first()
    return None if row is None else _view(*row, office=office, now=utc_now())


async def steps_of(session: AsyncSession, complaint: int) -> tuple[StepView, ...]:
    """What was done, in order, from its coming in on."""
    came = await session.get_one(Complaint, complaint)
    rows = select(ComplaintStep).where(ComplaintStep.complaint_id == complaint)
    return (
        StepView(1, Step.RECEIVED, came.drafted_at, came.drafted_by, "", None),
        *(
            StepView(row.level, row.step, row.at, row.by, row.note, row.to_user)
            for row in await session.scalars(rows.order_by(ComplaintStep.at, ComplaintStep.id))
        ),
    )


async def recordings_of(session: AsyncSession, case: str | None) -> list[RecordingRow]:
    """The recordings of the call in which it was taken down."""
    if case is None:
        return []
    rows = select(RecordingRow).where(RecordingRow.case_id == case)
    return list(await session.scalars(rows.order_by(RecordingRow.started_at, RecordingRow.id)))


def _of_state(state: ComplaintState | Literal["open"] | None) -> list[ColumnElement[bool]]:
    if state is None:
        return []
    return [Complaint.state.in_(sorted(OPEN)) if state == "open" else Complaint.state == state]


def _between(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    wanted = []
    if since is not None:
        wanted.append(Complaint.drafted_at >= since)
    if until is not None:
        wanted.append(Complaint.drafted_at < until)
    return wanted


def _complaints() -> Select[Complaint, str | None, str | None]:
    return (
        select(Complaint, Elder.name, OrgUnit.name)
        .outerjoin(Elder, Elder.id == Complaint.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
    )


def _view(
    row: Complaint, name: str | None, community: str | None, *, office: OfficeHours, now: datetime
) -> ComplaintView:
    clocks = clocks_of(row.state, row.opened_at, row.contacted_at, office=office, now=now)
    return ComplaintView(
        **shared(row, name),
        state=row.state,
        order=row.order_id,
        about=row.about,
        words=row.words,
        about_kind=row.about_kind,
        about_id=row.about_id,
        came_by=row.came_by,
        complainant=row.complainant,
        caller=row.caller,
        community=community or "",
        level=row.level,
        opened_at=row.opened_at,
        contacted_at=row.contacted_at,
        contact_due=clocks.contact_due,
        answer_due=clocks.answer_due,
        late=clocks.late,
        assigned_to=row.assigned_to,
        answer=row.answer,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        satisfaction=row.satisfaction,
    )
