"""All that happened to one elder on one line of time: cases, orders and the visits of them, care calls, complaints,
follow-ups, wishes and refusals, tests and repairs of their terminals, papers, changes of the file. A new kind is a new
reader in `_READERS`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nlargest
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.calls import RESULTS, CareCall, CareState
from models.cases import CaseRow
from models.complaints import Complaint
from models.elders import ElderChange, Terminal
from models.follow_ups import FollowUp
from models.orders.work_orders import WorkOrder
from models.papers import Paper
from models.queries.paging import Page
from models.repairs import TerminalRepair
from models.suppliers.records import Worker
from models.terminal_tests import TerminalTest
from models.wishes import STANDS, Wish

Kind = Literal["case", "order", "visit", "care", "complaint", "follow_up", "wish", "test", "repair", "paper", "change"]

_CARE: Final = frozenset(RESULTS) - {CareState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Happened:
    """`what` is a word of the vocabulary of its kind (a case's kind, an aid, a field), `state` of how it stands (state,
    outcome, result), `notes` in somebody's own words; `case` where it belongs to one; `by` an actor."""

    at: datetime
    kind: Kind
    id: str
    what: str = ""
    state: str = ""
    notes: str = ""
    case: str = ""
    by: str = ""


async def timeline_of(
    session: AsyncSession, elder: int, *, limit: int = 50, after: int | None = None
) -> Page[Happened]:
    """The latest first; the cursor is a number of entries. Each kind is read no further than the page reaches."""
    skip = after or 0
    reach = skip + limit + 1
    every = [entry for read in _READERS for entry in await read(session, elder, reach)]
    latest = nlargest(reach, every, key=lambda entry: (entry.at, entry.kind, entry.id))[skip:]
    return Page(tuple(latest[:limit]), str(skip + limit) if len(latest) > limit else None)


async def _cases(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(CaseRow).where(CaseRow.elder_id == elder).order_by(CaseRow.opened_at.desc()).limit(limit)
    return [
        Happened(row.opened_at, "case", row.id, str(row.kind), str(row.outcome or row.state), row.note, row.id)
        for row in await session.scalars(rows)
    ]


async def _orders(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(WorkOrder).where(WorkOrder.elder_id == elder).order_by(WorkOrder.drafted_at.desc()).limit(limit)
    return [
        Happened(
            row.drafted_at,
            "order",
            str(row.id),
            str(row.aid),
            str(row.state),
            row.wish,
            row.case_id or "",
            row.drafted_by,
        )
        for row in await session.scalars(rows)
    ]


async def _visits(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    """At the time when the worker came; by the number of the order."""
    rows = select(WorkOrder, Worker.name).outerjoin(Worker, Worker.id == WorkOrder.worker_id)
    rows = rows.where(WorkOrder.elder_id == elder, WorkOrder.started_at.is_not(None))
    return [
        Happened(row.started_at, "visit", str(row.id), str(row.aid), str(row.state), worker or "")
        for row, worker in await session.execute(rows.order_by(WorkOrder.started_at.desc()).limit(limit))
        if row.started_at is not None
    ]


async def _care_calls(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    """Those that were made or should have been: who is still to be rung, or need not be, is in the calendar."""
    rows = select(CareCall).where(CareCall.elder_id == elder, CareCall.state.in_(_CARE), CareCall.ended_at.is_not(None))
    return [
        Happened(row.ended_at, "care", str(row.id), str(row.kind), str(row.state), case=row.case_id or "")
        for row in await session.scalars(rows.order_by(CareCall.ended_at.desc()).limit(limit))
        if row.ended_at is not None
    ]


async def _complaints(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(Complaint).where(Complaint.elder_id == elder).order_by(Complaint.drafted_at.desc()).limit(limit)
    return [
        Happened(
            row.drafted_at,
            "complaint",
            str(row.id),
            state=str(row.state),
            notes=": ".join(filter(None, (row.about, row.words))),
            case=row.case_id or "",
            by=row.drafted_by,
        )
        for row in await session.scalars(rows)
    ]


async def _follow_ups(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    """At the time when they were done, or are due."""
    rows = select(FollowUp).where(FollowUp.elder_id == elder).order_by(FollowUp.due_at.desc()).limit(limit)
    return [
        Happened(
            row.done_at or row.due_at,
            "follow_up",
            str(row.id),
            str(row.kind),
            "done" if row.done_at else "open",
            row.result,
            row.case_id or "",
            row.done_by,
        )
        for row in await session.scalars(rows)
    ]


async def _wishes(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(Wish).where(Wish.elder_id == elder, STANDS).order_by(Wish.noted_at.desc()).limit(limit)
    return [
        Happened(row.noted_at, "wish", str(row.id), str(row.kind), "", row.words, row.case_id or "", row.noted_by)
        for row in await session.scalars(rows)
    ]


async def _tests(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = (
        select(TerminalTest)
        .join(Terminal, Terminal.id == TerminalTest.terminal_id)
        .where(Terminal.elder_id == elder)
        .order_by(TerminalTest.at.desc())
        .limit(limit)
    )
    return [Happened(row.at, "test", str(row.id), notes=row.line, by=row.by) for row in await session.scalars(rows)]


async def _repairs(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(TerminalRepair).where(TerminalRepair.elder_id == elder)
    return [
        Happened(row.reported_at, "repair", str(row.id), state="done" if row.done_on else "open", notes=row.fault)
        for row in await session.scalars(rows.order_by(TerminalRepair.reported_at.desc()).limit(limit))
    ]


async def _papers(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    rows = select(Paper).where(Paper.elder_id == elder).order_by(Paper.added_at.desc()).limit(limit)
    return [
        Happened(row.added_at, "paper", str(row.id), str(row.kind), row.issued_on.isoformat(), by=row.added_by)
        for row in await session.scalars(rows)
    ]


async def _changes(session: AsyncSession, elder: int, limit: int) -> Sequence[Happened]:
    """Which field, not what stood there: that is in the history."""
    rows = select(ElderChange).where(ElderChange.elder_id == elder).order_by(ElderChange.id.desc()).limit(limit)
    return [Happened(row.at, "change", str(row.id), row.field, by=row.by) for row in await session.scalars(rows)]


_READERS: Final[Sequence[Callable[[AsyncSession, int, int], Awaitable[Sequence[Happened]]]]] = (
    _cases,
    _orders,
    _visits,
    _care_calls,
    _complaints,
    _follow_ups,
    _wishes,
    _tests,
    _repairs,
    _papers,
    _changes,
)
