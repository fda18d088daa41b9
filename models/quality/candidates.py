"""The calls of a month that can be reviewed, and whose they are.

An emergency is a case that has become one: A and B, or the procedure for no response (S4.1). A call belongs to the
person who usually sits at the seat that took it. Where several share a seat, it belongs to the one of them who did
something in the case; when that cannot be told, to nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState, LegKind
from models.cases import CaseLegRow, CaseRow, RecordingRow, TimelineRow
from models.elders import Elder
from models.months import bounds
from models.people import User, UserRole
from models.quality.drawing import Candidate
from models.scope import Scope

SHORTEST: Final = 10.0  # seconds of sound, below which there is nothing to be reviewed
_AGENTS: Final = frozenset({UserRole.AGENT, UserRole.PROFESSIONAL})
_AT_ONCE: Final = 500  # cases of one query


class _Tape(NamedTuple):
    recording: str
    place: str
    people: list[str]
    seconds: float


async def agents_of(session: AsyncSession) -> dict[int, str]:
    """The people who take calls, with their seats."""
    found = select(User.id, User.seat, User.roles).where(User.active, User.seat.is_not(None)).order_by(User.id)
    return {number: seat for number, seat, roles in await session.execute(found) if seat and _AGENTS & set(roles)}


async def candidates_of(session: AsyncSession, month: str, *, scope: Scope) -> tuple[list[Candidate], int]:
    """Closed cases that came in this month, with a recording that is whole, for each agent who spoke in them; and how
    many of them are nobody's. A district's month is read: never while writing."""
    begins, ends = bounds(month)
    at_seat: dict[str, list[int]] = defaultdict(list)
    for number, seat in (await agents_of(session)).items():
        at_seat[seat].append(number)
    of_month = (
        scope.of_cases(),
        CaseRow.opened_at >= begins,
        CaseRow.opened_at < ends,
        CaseRow.state == CaseState.CLOSED,
    )
    query = (
        select(CaseRow.id, CaseRow.emergency_at, CaseLegRow.number, CaseLegRow.id)
        .join(CaseLegRow, CaseLegRow.case_id == CaseRow.id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(
            *of_month,
            CaseLegRow.kind == LegKind.SEAT,
            CaseLegRow.answered_at.is_not(None),
            CaseLegRow.number.in_(at_seat),
            CaseLegRow.mode.is_(None),  # a supervisor was there as well
        )
    )
    spoke = (await session.execute(query)).all()
    acted = await _who_acted(session, {case for case, _, seat, _ in spoke if len(at_seat[seat]) > 1})
    tapes = await _tapes(session, of_month)
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


async def _tapes(session: AsyncSession, of_month: Iterable[ColumnElement[bool]]) -> dict[str, list[_Tape]]:
    """The recordings of these cases that are whole and long enough."""
    whole = (
        select(RecordingRow.case_id, RecordingRow.id, RecordingRow.place, RecordingRow.people, RecordingRow.seconds)
        .join(CaseRow, CaseRow.id == RecordingRow.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(
            *of_month,
            RecordingRow.seconds >= SHORTEST,
            RecordingRow.problem == "",
            RecordingRow.removed_at.is_(None),
        )
        .order_by(RecordingRow.started_at, RecordingRow.id)
    )
    tapes: dict[str, list[_Tape]] = defaultdict(list)
    for case, recording, place, people, seconds in await session.execute(whole):
        tapes[case].append(_Tape(recording, place, people, seconds or 0.0))
    return tapes


def _heard_on(tapes: Iterable[_Tape], leg: str) -> str | None:
    """The longest recording that this line is on; that of a call which came in has everybody on it."""
    with_them = [tape for tape in tapes if leg in tape.people or not tape.place]
    return max(with_them, key=lambda tape: tape.seconds).recording if with_them else None


def _pieces(cases: Collection[str]) -> Iterable[list[str]]:
    ordered = sorted(cases)
    return (ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE))
