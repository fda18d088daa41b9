"""Care calls as they were made, or not: as a list, by day and community, and whom none has reached for long."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import ScalarSelect, Select, Subquery, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.calls import ANSWERED, CareCall, CareState
from models.care.filling import agreeing
from models.care.planning import CareKind, CareReason
from models.care.plans import CarePlan
from models.care.wishes import CareWishes
from models.elders import Elder
from models.org import OrgUnit
from models.queries.elders import on_file
from models.queries.paging import Page, read_page_from
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class CallView:
    """`title` is the plan's; empty when it was removed."""

    id: int
    plan: int | None
    title: str
    elder: int
    elder_name: str
    community: str
    kind: CareKind
    day: date
    due_at: datetime
    latest_at: datetime
    state: CareState
    reason: CareReason | None
    tries: int
    ended_at: datetime | None
    answer: str
    case: str | None


@dataclass(frozen=True, slots=True)
class Unreached:
    """`last` None: no care call has ever reached this elder; `tried`: calls since then that were made in vain."""

    elder: int
    elder_name: str
    community: str
    last: datetime | None
    tried: int
    missed: int


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One day, or one community (`place` empty: of none). `calls`: all that were due and are over."""

    day: date | None
    place: str
    calls: int
    reached: int
    asked_for_help: int
    not_reached: int
    missed: int
    texted: int
    cancelled: int


async def list_calls(
    session: AsyncSession,
    *,
    scope: Scope,
    day: date | None = None,
    elder: int | None = None,
    plan: int | None = None,
    state: CareState | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[CallView]:
    """By the time that they are due, the latest first; the cursor is a number of rows."""
    query = _calls().where(*on_file(scope)).order_by(CareCall.due_at.desc(), CareCall.id)
    for column, wanted in (
        (CareCall.day, day),
        (CareCall.elder_id, elder),
        (CareCall.plan_id, plan),
        (CareCall.state, state),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def counts_by_day(
    session: AsyncSession, first: date, last: date, *, scope: Scope
) -> dict[tuple[date, CareKind], int]:
    """How many calls stand in the planner's table."""
    query = (
        select(CareCall.day, CareCall.kind, func.count())
        .join(Elder, Elder.id == CareCall.elder_id)
        .where(CareCall.day.between(first, last), *on_file(scope))
        .group_by(CareCall.day, CareCall.kind)
    )
    return {(day, kind): count for day, kind, count in await session.execute(query)}


async def list_unreached(
    session: AsyncSession, *, scope: Scope, org_unit: int | None = None, limit: int = 50, after: int | None = None
) -> Page[Unreached]:
    """Elders who agree to care calls, those first whom none has reached for longest; the cursor is a number of rows."""
    last = _last_reached()
    query = (
        select(Elder.id, Elder.name, OrgUnit.name, last.c.at)
        .join(CareWishes, CareWishes.elder_id == Elder.id)
        .join(last, last.c.elder == Elder.id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(*on_file(scope, org_unit=org_unit), *agreeing())
        .order_by(last.c.at.is_not(None), last.c.at, Elder.id)
    )
    page = await read_page_from(session, query, _unreached, skip=after or 0, limit=limit)
    since = await _since_then(session, [view.elder for view in page.items])
    return replace(
        page,
        items=tuple(
            replace(
                view,
                tried=since.get((view.elder, CareState.NOT_REACHED), 0),
                missed=since.get((view.elder, CareState.MISSED), 0),
            )
            for view in page.items
        ),
    )


def _last_reached() -> Subquery:
    """Elder and the end of the last call that reached them: looked up in the index, one entry for each elder and state,
    for an elder has hundreds of calls a year."""

    def newest(state: CareState) -> ScalarSelect[datetime | None]:
        ended = select(CareCall.ended_at).where(CareCall.elder_id == Elder.id, CareCall.state == state)
        ended = ended.where(CareCall.ended_at.is_not(None)).order_by(CareCall.ended_at.desc()).limit(1)
        return ended.correlate(Elder).scalar_subquery()

    first, second = ANSWERED
    both = select(Elder.id.label("elder"), newest(first).label("one"), newest(second).label("other")).subquery("both")
    later = case((both.c.one.is_(None) | (both.c.other > both.c.one), both.c.other), else_=both.c.one)
    return select(both.c.elder, later.label("at")).subquery("last_reached")


async def _since_then(session: AsyncSession, elders: Collection[int]) -> dict[tuple[int, CareState], int]:
    """How many calls of each of these elders were in vain, or not made, since one has reached them."""
    last = _last_reached()
    query = (
        select(CareCall.elder_id, CareCall.state, func.count())
        .join(last, last.c.elder == CareCall.elder_id)
        .where(
            CareCall.elder_id.in_(elders),
            CareCall.state.in_((CareState.NOT_REACHED, CareState.MISSED)),
            (CareCall.ended_at > last.c.at) | last.c.at.is_(None),
        )
        .group_by(CareCall.elder_id, CareCall.state)
    )
    return {(elder, state): many for elder, state, many in await session.execute(query)}


async def report_by_day(session: AsyncSession, first: date, last: date, *, scope: Scope) -> list[ReportLine]:
    """Each day of the period, also those without a call."""
    query = (
        select(CareCall.day, CareCall.state, func.count())
        .join(Elder, Elder.id == CareCall.elder_id)
        .where(CareCall.day.between(first, last), scope.of_elders())
        .group_by(CareCall.day, CareCall.state)
    )
    counts: dict[date, dict[CareState, int]] = {first + timedelta(days=n): {} for n in range((last - first).days + 1)}
    for day, state, count in await session.execute(query):
        counts[day][state] = count
    return [_line(day, "", found) for day, found in counts.items()]


async def report_by_place(session: AsyncSession, first: date, last: date, *, scope: Scope) -> list[ReportLine]:
    """Each place with a call in this period, by name; elders of no place last."""
    query = (
        select(OrgUnit.name, Elder.org_unit_id, CareCall.state, func.count())
        .select_from(CareCall)
        .join(Elder, Elder.id == CareCall.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(CareCall.day.between(first, last), scope.of_elders())
        .group_by(OrgUnit.name, Elder.org_unit_id, CareCall.state)
    )
    names: dict[int | None, str] = {}
    counts: dict[int | None, dict[CareState, int]] = {}
    for name, unit, state, count in await session.execute(query):
        names[unit] = name or ""
        counts.setdefault(unit, {})[state] = count
    order = sorted(counts, key=lambda unit: (unit is None, names[unit]))
    return [_line(None, names[unit], counts[unit]) for unit in order]


def summed(lines: Sequence[ReportLine]) -> ReportLine:
    """All of these lines in one (K6)."""
    return ReportLine(
        None,
        "",
        *(
            sum(getattr(line, name) for line in lines)
            for name in ("calls", "reached", "asked_for_help", "not_reached", "missed", "texted", "cancelled")
        ),
    )


def _line(day: date | None, place: str, found: dict[CareState, int]) -> ReportLine:
    names = (
        CareState.REACHED,
        CareState.ASKED_FOR_HELP,
        CareState.NOT_REACHED,
        CareState.MISSED,
        CareState.TEXTED,
        CareState.CANCELLED,
    )
    values = [found.get(state, 0) for state in names]
    return ReportLine(day, place, sum(values), *values)


def _calls() -> Select[CareCall, str | None, str, str | None]:
    return (
        select(CareCall, CarePlan.title, Elder.name, OrgUnit.name)
        .join(Elder, Elder.id == CareCall.elder_id)
        .outerjoin(CarePlan, CarePlan.id == CareCall.plan_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
    )


def _view(row: CareCall, title: str | None, elder: str, community: str | None) -> CallView:
    return CallView(
        id=row.id,
        plan=row.plan_id,
        title=title or "",
        elder=row.elder_id,
        elder_name=elder,
        community=community or "",
        kind=row.kind,
        day=row.day,
        due_at=row.due_at,
        latest_at=row.latest_at,
        state=row.state,
        reason=row.reason,
        tries=row.tries,
        ended_at=row.ended_at,
        answer=row.answer,
        case=row.case_id,
    )


def _unreached(elder: int, name: str, community: str | None, last: datetime | None) -> Unreached:
    return Unreached(elder, name, community or "", last, 0, 0)
