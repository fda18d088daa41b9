"""The rows behind a number of a report: exactly those that were counted, each with the way to its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import utc_now
from models.cases import CaseRow
from models.complaints import Complaint
from models.elders import Elder, ElderChange
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp
from models.office_hours import OfficeHours
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit
from models.quality.reviews import QualityReview
from models.queries.paging import Page
from models.queries.reports import units_of
from models.reports.counting import count_one, given_to, rows
from models.reports.definitions import FIGURES
from models.reports.figures import MOMENT, Source
from models.reports.periods import Period
from models.scope import Scope
from models.wishes import Wish


@dataclass(frozen=True, slots=True)
class ReportRow:
    """`record`: the id of the case, order, complaint, follow-up, wish or elder; `what` and `state`: keys of words that
    tell it from others (empty: there is none). `elder_name` is empty for a caller whom nobody knows, and in complaints:
    who is complained about must not be told who complains."""

    record: str
    at: datetime | None
    elder: int | None
    elder_name: str
    community: str
    what: str
    state: str


# Of each source: the id of the record, and the two values that are shown of it, each with the section of its words.
_Shown = tuple[Any, tuple[str, Any], tuple[str, Any]]
_NOTHING: Final = ("", literal(None))
_SHOWN: Final[Mapping[Source, _Shown]] = {
    Source.CASES: (CaseRow.id, ("case_kind", CaseRow.kind), ("outcome", CaseRow.outcome)),
    Source.ORDERS: (WorkOrder.id, ("aid", WorkOrder.aid), ("order_state", WorkOrder.state)),
    Source.COMPLAINTS: (Complaint.id, ("complaint_state", Complaint.state), ("satisfaction", Complaint.satisfaction)),
    Source.REVIEWS: (QualityReview.id, ("drawn_as", QualityReview.drawn_as), _NOTHING),
    Source.FOLLOW_UPS: (FollowUp.id, ("follow_up_kind", FollowUp.kind), ("follow_up_ended", FollowUp.ended)),
    Source.WISHES: (Wish.id, ("wish_kind", Wish.kind), _NOTHING),
    Source.EXCEPTIONS: (
        ExceptionReport.case_id,
        ("case_kind", CaseRow.kind),
        ("exception_cause", ExceptionReport.cause),
    ),
    Source.CHANGES: (ElderChange.elder_id, _NOTHING, ("elder_status", Elder.status)),
    Source.ELDERS: (Elder.id, _NOTHING, ("elder_status", Elder.status)),
}
_KEY: Final[Mapping[Source, Any]] = {Source.CHANGES: ElderChange.id, Source.EXCEPTIONS: ExceptionReport.id}


async def list_report_rows(
    session: AsyncSession,
    name: str,
    unit: int | None,
    period: Period,
    *,
    scope: Scope,
    office: OfficeHours,
    limit: int = 50,
    after: int | None = None,
    now: datetime | None = None,
) -> tuple[int, Page[ReportRow]]:
    """How many rows the figure counts, and a page of them, the latest first; the cursor is a number of rows.

    Raises:
        NoSuchRecord: there is no such unit, or it is out of scope.
    """
    at, source = now or utc_now(), FIGURES[name].source
    here, skip = await units_of(session, unit, scope=scope), after or 0
    since, until = period.since, period.until
    given = await given_to(session, source, since=since, until=until, now=at, office=office)
    total = await count_one(session, name, since=since, until=until, given=given, units=here)
    record, (what, what_of), (state, state_of) = _SHOWN[source]
    moment: ColumnElement[Any] = MOMENT.get(source, literal(None))
    shown = select(record, moment, Elder.id, Elder.name, OrgUnit.name, what_of, state_of)
    query = rows(name, shown, since=since, until=until, units=here).outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
    order = (Elder.id,) if source is Source.ELDERS else (moment.desc(), _KEY.get(source, record))
    found = await session.execute(query.order_by(*order).offset(skip).limit(limit + 1), given)
    every = found.all()
    told = source is not Source.COMPLAINTS
    views = tuple(
        ReportRow(
            str(number),
            when,
            elder if told else None,
            (elder_name or "") if told else "",
            community or "",
            _word(what, one),
            _word(state, two),
        )
        for number, when, elder, elder_name, community, one, two in every[:limit]
    )
    return total, Page(views, str(skip + limit) if len(every) > limit else None)


def _word(section: str, value: object) -> str:
    return f"{section}.{value}" if section and value is not None else ""
