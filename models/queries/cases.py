"""Cases on record, as views."""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState
from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.elders import Elder
from models.queries.paging import Page, read_page
from models.scope import Scope
from models.views import AlarmView, CaseView, ElderRef, LegView, RecordingView, TimelineView, recording_url, reports_of


class BadCursor(ValueError):
    """A page cursor that was not made here."""


async def case_view(session: AsyncSession, case_id: str, *, scope: Scope) -> CaseView | None:
    """The case with legs, timeline, alarms and recordings; None when there is none of this id."""
    row = (await session.execute(_cases(scope).where(CaseRow.id == case_id))).first()
    return None if row is None else (await _views(session, [(row[0], row[1])]))[0]


async def list_cases(
    session: AsyncSession,
    *,
    scope: Scope,
    state: Literal["open", "closed"] | None = None,
    elder: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[CaseView]:
    """The latest first; opened at `since` or later and before `until`.

    Raises:
        BadCursor: `cursor` is not one of ours.
    """
    query = _cases(scope).order_by(CaseRow.opened_at.desc(), CaseRow.id.desc())
    if state is not None:
        closed = CaseRow.state == CaseState.CLOSED
        query = query.where(closed if state == "closed" else ~closed)
    if elder is not None:
        query = query.where(CaseRow.elder_id == elder)
    if since is not None:
        query = query.where(CaseRow.opened_at >= since)
    if until is not None:
        query = query.where(CaseRow.opened_at < until)
    if cursor is not None:
        at, case_id = _read_cursor(cursor)
        older = (CaseRow.opened_at < at) | ((CaseRow.opened_at == at) & (CaseRow.id < case_id))
        query = query.where(older)
    rows = await read_page(session, query, _row, limit=limit, cursor=_make_cursor)
    return Page(tuple(await _views(session, rows.items)), rows.next)


async def recording_row(session: AsyncSession, recording: str, *, scope: Scope) -> RecordingRow | None:
    """Where a recording's file is; None when there is none of this id."""
    found = (
        select(RecordingRow)
        .join(CaseRow, CaseRow.id == RecordingRow.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
    )
    return await session.scalar(found.where(RecordingRow.id == recording, scope.of_cases()))


async def recording_rows(session: AsyncSession, case_id: str) -> Sequence[RecordingRow]:
    """All recordings of a case."""
    found = select(RecordingRow).where(RecordingRow.case_id == case_id)
    return (await session.scalars(found.order_by(RecordingRow.started_at, RecordingRow.id))).all()


def _cases(scope: Scope) -> Select[CaseRow, str | None]:
    return select(CaseRow, Elder.name).outerjoin(Elder, Elder.id == CaseRow.elder_id).where(scope.of_cases())


def _row(case: CaseRow, elder_name: str | None) -> tuple[CaseRow, str | None]:
    return case, elder_name


def _make_cursor(last: tuple[CaseRow, str | None]) -> str:
    case, _ = last
    return base64.urlsafe_b64encode(f"{case.opened_at.isoformat()} {case.id}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, case_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(" ")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError):
        raise BadCursor("cursor") from None
    if moment.tzinfo is None:
        raise BadCursor("cursor")
    return moment, case_id


async def _views(session: AsyncSession, rows: Sequence[tuple[CaseRow, str | None]]) -> list[CaseView]:
    """Three queries, however many cases."""
    ids = [case.id for case, _ in rows]
    legs: dict[str, list[LegView]] = defaultdict(list)
    timeline: dict[str, list[TimelineView]] = defaultdict(list)
    alarms: dict[str, list[AlarmView]] = defaultdict(list)
    recordings: dict[str, list[RecordingView]] = defaultdict(list)
    if ids:
        of_these = select(CaseLegRow).where(CaseLegRow.case_id.in_(ids))
        for leg in await session.scalars(of_these.order_by(CaseLegRow.case_id, CaseLegRow.position)):
            legs[leg.case_id].append(_leg_view(leg))
        entries = select(TimelineRow).where(TimelineRow.case_id.in_(ids))
        for entry in await session.scalars(entries.order_by(TimelineRow.case_id, TimelineRow.seq)):
            timeline[entry.case_id].append(_entry_view(entry))
            alarms[entry.case_id].extend(_alarms(entry))
        found = select(RecordingRow).where(RecordingRow.case_id.in_(ids))
        for recording in await session.scalars(found.order_by(RecordingRow.started_at, RecordingRow.id)):
            recordings[recording.case_id].append(recording_view(recording))
    return [
        CaseView(
            id=case.id,
            kind=str(case.kind),
            state=str(case.state),
            caller=case.caller,
            elder=None if case.elder_id is None else ElderRef(case.elder_id, name or ""),
            opened_at=case.opened_at,
            answered_at=case.answered_at,
            emergency_at=case.emergency_at,
            arrived_at=case.arrived_at,
            closed_at=case.closed_at,
            topic=_word(case.topic),
            outcome=_word(case.outcome),
            note=case.note,
            abandoned=case.abandoned,
            again=case.again,
            again_of=case.again_of,
            code=case.code,
            grade=_word(case.grade),
            legs=tuple(legs[case.id]),
            timeline=tuple(timeline[case.id]),
            alarms=tuple(alarms[case.id]),
            reports=reports_of((entry.event, entry.data) for entry in timeline[case.id]),
            recordings=tuple(recordings[case.id]),
        )
        for case, name in rows
    ]


def _leg_view(leg: CaseLegRow) -> LegView:
    return LegView(
        id=leg.id,
        kind=str(leg.kind),
        role=_word(leg.role),
        mode=_word(leg.mode),
        number=leg.number,
        name=leg.name,
        contact=leg.contact,
        state=str(leg.state),
        place=str(leg.place),
        result=_word(leg.result),
        dialled_at=leg.dialled_at,
        answered_at=leg.answered_at,
        ended_at=leg.ended_at,
        cause=leg.cause,
    )


def _entry_view(entry: TimelineRow) -> TimelineView:
    return TimelineView(entry.seq, entry.at, entry.event, entry.actor, entry.cause, entry.data)


def _alarms(entry: TimelineRow) -> list[AlarmView]:
    return [
        AlarmView(command["kind"], command["detail"], entry.at)
        for command in entry.commands
        if command["do"] == "alarm"
    ]


def recording_view(row: RecordingRow) -> RecordingView:
    """A recording as pages and API show it."""
    return RecordingView(
        id=row.id,
        started_at=row.started_at,
        seconds=row.seconds,
        url=recording_url(row.id),
        problem=row.problem,
        place=row.place,
        people=tuple(row.people),
        sha256=row.sha256,
        removed_at=row.removed_at,
    )


def _word(value: str | None) -> str | None:
    return None if value is None else str(value)
