"""Calls that ask by key how a service or a consultation was (S2.2, S3.4, H4): each is booked for a follow-up that
agents owe, so that an answer spares them the call (`follow_up_work.said_by_key`) and none leaves it to them. Asked as
often as anybody likes: the table's key keeps each call single.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any, Final

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind
from models.care.calls import WAITING, CareCall, CareState
from models.care.filling import agreeing, hours_of
from models.care.planning import CareKind, CareReason, Hours, first_allowed, minute_of, moment
from models.care.wishes import CareWishes, person_of
from models.database import Database
from models.elders import Elder, ElderStatus
from models.follow_ups import FollowUp
from models.pace import Pace
from models.upsert import insert_or_ignore

AT_ONCE: Final = 500  # calls that are booked by one look; the next one goes on
_DAY: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Slot:
    """A try may begin from `at` on, and not after `latest`."""

    day: date
    at: datetime
    latest: datetime


def when_to_ask(
    start: datetime, until: datetime, rests: Sequence[tuple[int, int]], hours: Hours, *, taken: frozenset[date]
) -> Slot | None:
    """The first time in the house's hours and outside the elder's rests, from `start` on and before `until`, on a day
    that is not `taken`; None: there is none. Unlike what is said at a planned time, this can wait: it ends where the
    next rest begins."""
    begins = start.astimezone()
    day, minute = begins.date(), minute_of(begins.time()) + 1
    while moment(day, max(minute, hours.opens)) < until:
        at = first_allowed(max(minute, hours.opens), rests)
        if day not in taken and at is not None and at < hours.closes:
            slot = Slot(day, moment(day, at), min(moment(day, min(hours.closes, _next_rest(at, rests))), until))
            if slot.at < slot.latest:
                return slot
        day, minute = day + timedelta(days=1), 0
    return None


def _next_rest(minute: int, rests: Iterable[tuple[int, int]]) -> int:
    return min((begins for begins, _ in rests if begins > minute), default=_DAY)


async def book_questions(db: Database, *, now: datetime, policy: Policy, pace: Pace | None = None) -> int:
    """Book a call for each follow-up of this kind that has none; how many were new. While the policy says that nobody
    is asked, those that wait are called off."""
    if not policy.care_asks:
        await _call_off(db, now)
        return 0
    async with db.read() as session:
        owed = await _owed(session, now)
        booked = await _booked_days(session, {elder.id for _, elder, _ in owed}, now)
    rows = []
    start = now + timedelta(hours=policy.care_asks_after)
    for follow_up, elder, wishes in owed:
        days = booked.setdefault(elder.id, set())
        rests = person_of(elder, wishes).rests
        slot = when_to_ask(start, follow_up.due_at, rests, hours_of(policy), taken=frozenset(days))
        if slot is not None:
            days.add(slot.day)  # nobody is asked twice on one day
            rows.append(_row(follow_up, elder.id, slot))
    return await _write(db, rows, pace)


async def _owed(session: AsyncSession, now: datetime) -> list[tuple[FollowUp, Elder, CareWishes]]:
    """Follow-ups that a machine may ask for, the most urgent first. Who prefers text messages is asked by a person: a
    text has no keys."""
    after_visit = and_(FollowUp.kind == FollowUpKind.LIFE_SERVICE, FollowUp.order_id.is_not(None))
    query = (
        select(FollowUp, Elder, CareWishes)
        .join(Elder, Elder.id == FollowUp.elder_id)
        .join(CareWishes, CareWishes.elder_id == Elder.id)
        .outerjoin(CareCall, CareCall.follow_up_id == FollowUp.id)
        .where(
            FollowUp.done_at.is_(None),
            FollowUp.due_at > now,
            or_(FollowUp.kind == FollowUpKind.CONSULTATION, after_visit),
            FollowUp.agent_id.is_(None),
            FollowUp.tries == 0,
            FollowUp.said.is_(None),
            CareCall.id.is_(None),
            Elder.status == ElderStatus.ACTIVE,
            CareWishes.prefers_sms.is_(False),
            *agreeing(),
        )
        .order_by(FollowUp.due_at, FollowUp.id)
        .limit(AT_ONCE)
    )
    return [(follow_up, elder, wishes) for follow_up, elder, wishes in await session.execute(query)]


async def _booked_days(session: AsyncSession, elders: set[int], now: datetime) -> dict[int, set[date]]:
    """Elder to the days from today on that have such a call already."""
    query = select(CareCall.elder_id, CareCall.day).where(
        CareCall.elder_id.in_(elders), CareCall.day >= now.astimezone().date(), CareCall.kind == CareKind.SATISFACTION
    )
    found: dict[int, set[date]] = {}
    for elder, day in await session.execute(query):
        found.setdefault(elder, set()).add(day)
    return found


def _row(follow_up: FollowUp, elder: int, slot: Slot) -> dict[str, Any]:
    return {
        "follow_up_id": follow_up.id,
        "elder_id": elder,
        "day": slot.day,
        "slot": 0,
        "kind": CareKind.SATISFACTION,
        "due_at": slot.at,
        "latest_at": slot.latest,
        "state": CareState.DUE,
    }


async def _write(db: Database, rows: list[dict[str, Any]], pace: Pace | None) -> int:
    at = 0
    while at < len(rows):
        some = rows[at : at + (pace.size if pace else len(rows))]
        began = monotonic()
        async with db.write() as session:
            await insert_or_ignore(session, CareCall, some)
        if pace is not None:
            await pace.took(monotonic() - began, len(some))
        at += len(some)
    return len(rows)


async def _call_off(db: Database, now: datetime) -> None:
    waiting = CareCall.kind == CareKind.SATISFACTION, CareCall.state.in_(WAITING)
    async with db.read() as session:
        if await session.scalar(select(CareCall.id).where(*waiting).limit(1)) is None:
            return
    off = {"state": CareState.CANCELLED, "reason": CareReason.SWITCHED_OFF, "ended_at": now}
    async with db.write() as session:
        await session.execute(update(CareCall).where(*waiting).values(**off))
