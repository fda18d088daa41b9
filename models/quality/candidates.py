"""The calls of a month that can be reviewed, and whose they are.

A call belongs to the person who usually sits at the seat that took it. Where several share a seat, it belongs to the
one of them who did something in the case; when that cannot be told, to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState, LegKind
from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.elders import Elder
from models.people import User, UserRole
from models.quality.drawing import Candidate
from models.quality.months import bounds
from models.scope import Scope

SHORTEST: Final = 10.0  # seconds of sound, below which there is nothing to be reviewed
_AGENTS: Final = frozenset({UserRole.AGENT, UserRole.PROFESSIONAL})
_AT_ONCE: Final = 500  # cases of one query


async def agents_of(session: AsyncSession) -> dict[int, str]:
    """The people who take calls, with their seats."""
    found = select(User.id, User.seat, User.roles).where(User.active, User.seat.is_not(None)).order_by(User.id)
    return {number: seat for number, seat, roles in await session.execute(found) if seat and _AGENTS & set(roles)}


async def candidates_of(session: AsyncSession, month: str, *, scope: Scope) -> tuple[list[Candidate], int]:
    """Closed cases that came in this month, with a recording that is whole, for each agent who spoke in them; and how
    many of them are nobody's."""
    begins, ends = bounds(month)
    at_seat: dict[str, list[int]] = defaultdict(list)
    for number, seat in (await agents_of(session)).items():
        at_seat[seat].append(number)
    query = (
        select(CaseRow.id, CaseRow.emergency_at, CaseLegRow.number, CaseLegRow.id)
        .join(CaseLegRow, CaseLegRow.case_id == CaseRow.id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(
            scope.of_cases(),
            CaseRow.opened_at >= begins,
            CaseRow.opened_at < ends,
            CaseRow.state == CaseState.CLOSED,
            CaseLegRow.kind == LegKind.SEAT,
            CaseLegRow.answered_at.is_not(None),
            CaseLegRow.number.in_(at_seat),
            CaseLegRow.mode.is_(None),  # a supervisor was there as well
        )
    )
    spoke = (await session.execute(query)).all()
    shared = {case for case, _, seat, _ in spoke if len(at_seat[seat]) > 1}
    acted = await _who_acted(session, shared)
    tapes = await _tapes(session, {case for case, *_ in spoke})
    calls: dict[tuple[int, str], Candidate] = {}
    unclear: set[str] = set()
    for case, emergency_at, seat, leg in spoke:
        tape = _heard_on(tapes.get(case, []), leg)
        if tape is None:
            continue
        people = at_seat[seat]
        whose = people if len(people) == 1 else [number for number in people if number in acted.get(case, ())]
        if len(whose) == 1:
            calls[whose[0], case] = Candidate(whose[0], case, tape, emergency_at is not None)
        else:
            unclear.add(case)
    return list(calls.values()), len(unclear)


async def _who_acted(session: AsyncSession, cases: Collection[str]) -> dict[str, set[int]]:
    """The users on the timelines of these cases."""
    acted: dict[str, set[int]] = defaultdict(set)
    for some in _pieces(cases):
        told = select(TimelineRow.case_id, TimelineRow.actor).where(
            TimelineRow.case_id.in_(some), TimelineRow.actor.like("user:%")
        )
        for case, actor in await session.execute(told.distinct()):
            if (number := actor.removeprefix("user:")).isdecimal():
                acted[case].add(int(number))
    return acted


async def _tapes(session: AsyncSession, cases: Collection[str]) -> dict[str, list[RecordingRow]]:
    tapes: dict[str, list[RecordingRow]] = defaultdict(list)
    for some in _pieces(cases):
        whole = select(RecordingRow).where(
            RecordingRow.case_id.in_(some),
            RecordingRow.seconds >= SHORTEST,
            RecordingRow.problem == "",
            RecordingRow.removed_at.is_(None),
        )
        for row in await session.scalars(whole.order_by(RecordingRow.started_at, RecordingRow.id)):
            tapes[row.case_id].append(row)
    return tapes


def _heard_on(tapes: Iterable[RecordingRow], leg: str) -> str | None:
    """The longest recording that this line is on; that of a call which came in has everybody on it."""
    with_them = [row for row in tapes if leg in row.people or not row.place]
    return max(with_them, key=lambda row: row.seconds or 0.0).id if with_them else None


def _pieces(cases: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(cases)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
