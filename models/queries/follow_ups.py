"""Follow-ups as a list and one by one: what is owed, to whom, by whom, what came of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import FollowUpKind, Rating
from models.base import utc_now
from models.elders import Elder
from models.follow_ups import Ended, FollowUp, FollowUpTry, TryResult
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit, subtree
from models.queries.paging import Page, Progress, read_page_from
from models.scope import Scope

Agent = int | Literal["nobody"]


@dataclass(frozen=True, slots=True)
class FollowUpView:
    """`elder_name`: empty for a file that was deleted; `agent`: the user whose it is; `answers`: question to choice;
    `said`: the grade that was pressed."""

    id: int
    version: int
    case: str | None
    order: int | None
    elder: int | None
    elder_name: str
    community: str
    kind: FollowUpKind
    due_at: datetime
    overdue: bool
    sample_day: date | None
    agent: int | None
    tries: int
    next_try_at: datetime | None
    done_at: datetime | None
    done_by: str
    ended: Ended | None
    result: str
    answers: dict[str, Any]
    satisfaction: str
    note: str
    said: Rating | None
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class TryView:
    at: datetime
    by: str
    result: TryResult


async def list_follow_ups(
    session: AsyncSession,
    *,
    scope: Scope,
    state: Progress | None,
    overdue: bool = False,
    agent: Agent | None = None,
    kind: FollowUpKind | None = None,
    org_unit: int | None = None,
    sample_day: date | None = None,
    dissatisfied: bool = False,
    limit: int = 50,
    after: int | None = None,
) -> Page[FollowUpView]:
    """Open ones first by when they are due; the cursor is a number of rows. `overdue`: those only; `dissatisfied`: only
    those who have pressed that."""
    wanted = [scope.of_elders()]
    done = FollowUp.done_at.is_not(None)
    if state is not None:
        wanted.append(done if state == "done" else ~done)
    if overdue:
        wanted.append(_overdue())
    if agent is not None:
        wanted.append(FollowUp.agent_id.is_(None) if agent == "nobody" else FollowUp.agent_id == agent)
    if kind is not None:
        wanted.append(FollowUp.kind == kind)
    if org_unit is not None:
        wanted.append(Elder.org_unit_id.in_(subtree(org_unit)))
    if dissatisfied:
        wanted.append(FollowUp.said == Rating.DISSATISFIED)
    if sample_day is not None:
        wanted.append(FollowUp.sample_day == sample_day)
    query = _follow_ups().where(*wanted).order_by(done, FollowUp.due_at, FollowUp.id)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def count_overdue(session: AsyncSession, *, scope: Scope) -> int:
    """How many are owed and late."""
    query = select(func.count()).select_from(FollowUp).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    return await session.scalar(query.where(scope.of_elders(), _overdue())) or 0


async def count_dissatisfied(session: AsyncSession, *, scope: Scope) -> int:
    """How many have pressed that they are dissatisfied, and nobody has asked them why."""
    query = select(func.count()).select_from(FollowUp).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    said = FollowUp.done_at.is_(None), FollowUp.said == Rating.DISSATISFIED
    return await session.scalar(query.where(scope.of_elders(), *said)) or 0


async def find_follow_up(session: AsyncSession, follow_up: int, *, scope: Scope) -> FollowUpView | None:
    """None: there is none, or it is out of scope."""
    row = (await session.execute(_follow_ups().where(FollowUp.id == follow_up, scope.of_elders()))).first()
    return None if row is None else _view(*row)


async def follow_up_view(session: AsyncSession, follow_up: int) -> FollowUpView:
    """The follow-up of this id, which there must be."""
    return _view(*(await session.execute(_follow_ups().where(FollowUp.id == follow_up))).one())


async def follow_ups_of_case(session: AsyncSession, case: str) -> list[FollowUpView]:
    """What is owed, or was done, after this call."""
    query = _follow_ups().where(FollowUp.case_id == case).order_by(FollowUp.id)
    return [_view(*row) for row in await session.execute(query)]


async def follow_ups_of_orders(session: AsyncSession, orders: Collection[int]) -> dict[int, list[FollowUpView]]:
    """Order to its follow-ups (T5): those that name it, and that of the call in which it was wished for."""
    of_call = and_(FollowUp.case_id == WorkOrder.case_id, FollowUp.kind == FollowUpKind.LIFE_SERVICE)
    joined = _follow_ups().add_columns(WorkOrder.id).join(WorkOrder, or_(FollowUp.order_id == WorkOrder.id, of_call))
    found: dict[int, list[FollowUpView]] = {}
    for row, name, community, order in await session.execute(joined.where(WorkOrder.id.in_(orders))):
        found.setdefault(order, []).append(_view(row, name, community))
    return found


async def tries_of(session: AsyncSession, follow_up: int) -> tuple[TryView, ...]:
    """The calls that came to nothing, in order."""
    rows = select(FollowUpTry).where(FollowUpTry.follow_up_id == follow_up).order_by(FollowUpTry.at, FollowUpTry.id)
    return tuple(TryView(row.at, row.by, row.result) for row in await session.scalars(rows))


def _overdue() -> ColumnElement[bool]:
    return and_(FollowUp.done_at.is_(None), FollowUp.due_at < utc_now())


def _follow_ups() -> Select[FollowUp, str | None, str | None]:
    return (
        select(FollowUp, Elder.name, OrgUnit.name)
        .outerjoin(Elder, Elder.id == FollowUp.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
    )


def _view(row: FollowUp, elder_name: str | None, community: str | None) -> FollowUpView:
    return FollowUpView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        order=row.order_id,
        elder=row.elder_id,
        elder_name=elder_name or "",
        community=community or "",
        kind=row.kind,
        due_at=row.due_at,
        overdue=row.done_at is None and row.due_at < utc_now(),
        sample_day=row.sample_day,
        agent=row.agent_id,
        tries=row.tries,
        next_try_at=row.next_try_at,
        done_at=row.done_at,
        done_by=row.done_by,
        ended=row.ended,
        result=row.result,
        answers=row.answers,
        satisfaction=row.satisfaction,
        note=row.note,
        said=row.said,
        said_at=row.said_at,
    )
