"""The planner at work: it writes ahead what `planning.py` says is due, closes what is too late, and hands out what is
due now. Asked as often as anybody likes, by as many processes as there are: the table's key keeps each call single.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic
from typing import Any, Final

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.care.vocabulary import CareQuestion
from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind
from models.care.bulletins import CareBulletin, bulletin_of, bulletins_from
from models.care.calls import WAITING, CareCall, CareState
from models.care.halting import is_halted
from models.care.planning import Bulletin, CareKind, CareReason, Due, Hours, Plan, due_on
from models.care.plans import CarePlan, plan_of
from models.care.texting import is_texted, mobile_of, text_instead
from models.care.wishes import CareWishes, person_of
from models.database import Database
from models.elders import GONE, Elder, ElderStatus, Terminal, is_whole
from models.follow_ups import FollowUp
from models.org import list_units
from models.pace import Pace
from models.upsert import insert_or_ignore

AHEAD: Final = 2  # days that are written down: today and tomorrow
MOST_BACK: Final = 31  # days of downtime whose calls are still told one by one
_ELDERS: Final = 500


@dataclass(frozen=True, slots=True)
class Book:
    """All plans and bulletins that count, as the planner needs them."""

    plans: tuple[Plan, ...]
    bulletins: tuple[Bulletin, ...]

    def of(self, elder: int) -> list[Plan]:
        return [plan for plan in self.plans if plan.elder in (None, elder)]


@dataclass(frozen=True, slots=True)
class ClaimedCall:
    """A call that is the claimer's now; `number` is to be dialled. `question`: what is asked in it."""

    id: int
    elder: int
    kind: CareKind
    number: str
    latest: datetime
    tries: int
    plan: int | None
    bulletin: int | None
    question: CareQuestion = CareQuestion.WELL


def hours_of(policy: Policy) -> Hours:
    return Hours(int(policy.care_from * 60), int(policy.care_to * 60))


def agreeing() -> list[ColumnElement[bool]]:
    """Elders who get care calls at all; for a query with `Elder` and `CareWishes` in it."""
    return [
        is_whole(),
        Elder.status.not_in(GONE),
        CareWishes.consent_on.is_not(None),
        CareWishes.stopped_on.is_(None),
    ]


async def read_book(session: AsyncSession, day: date) -> Book:
    """What counts from this day on."""
    above = {unit.id: unit.parent_id for unit in await list_units(session)}
    rows = await session.scalars(select(CarePlan).where(CarePlan.halted_at.is_(None)).order_by(CarePlan.id))
    plans = [row for row in rows if row.ends_on is None or row.ends_on >= day]
    bulletins = await bulletins_from(session, day)
    tops = {row.org_unit_id for row in plans} | {row.org_unit_id for row in bulletins}
    units = {top: _below(top, above) for top in tops}
    return Book(
        tuple(plan_of(row, units[row.org_unit_id]) for row in plans),
        tuple(bulletin_of(row, units[row.org_unit_id]) for row in bulletins),
    )


def _below(top: int | None, above: dict[int, int | None]) -> frozenset[int] | None:
    if top is None:
        return None
    found = set()
    for unit in above:
        at: int | None = unit
        while at is not None and at != top:
            at = above.get(at)
        if at == top:
            found.add(unit)
    return frozenset(found)


async def fill(
    db: Database, *, now: datetime, hours: Hours, pace: Pace | None = None, only: Collection[int] | None = None
) -> int:
    """Write down every call from the last day that was planned to tomorrow; how many were new. Day after day, so that
    whoever goes on after a crash or a downtime knows by the last day where to begin. `only`: those of a few elders."""
    today = now.astimezone().date()
    async with db.read() as session:
        planned = select(CareCall.day).where(CareCall.kind != CareKind.SATISFACTION)  # which is of no plan
        last = await session.scalar(planned.order_by(CareCall.day.desc()).limit(1))
        first = max(min(last or today, today), today - timedelta(days=MOST_BACK))
        book = await read_book(session, first)
    written = 0
    for ahead in range((today - first).days + AHEAD):
        written += await _fill_day(db, first + timedelta(days=ahead), book, hours, pace, only)
    return written


async def _fill_day(
    db: Database, day: date, book: Book, hours: Hours, pace: Pace | None, only: Collection[int] | None
) -> int:
    by_elder: dict[int, list[Plan]] = {}
    for plan in book.plans:
        if plan.elder is not None:
            by_elder.setdefault(plan.elder, []).append(plan)
    of_all = [plan for plan in book.plans if plan.elder is None]
    after: int | None = 0
    written = 0
    while after is not None:
        async with db.read() as session:
            people = await _people(session, after, only)
            due = [
                one
                for elder, wishes in people
                for one in due_on(
                    day, person_of(elder, wishes), [*of_all, *by_elder.get(elder.id, ())], book.bulletins, hours=hours
                )
            ]
            new = await _not_there(session, day, due)
        written += await _write(db, new, pace)
        after = people[-1][0].id if len(people) == _ELDERS else None
    return written


async def _people(
    session: AsyncSession, after: int, only: Collection[int] | None
) -> Sequence[tuple[Elder, CareWishes]]:
    query = select(Elder, CareWishes).join(CareWishes, CareWishes.elder_id == Elder.id)
    query = query.where(Elder.id > after, *agreeing()).order_by(Elder.id).limit(_ELDERS)
    query = query if only is None else query.where(Elder.id.in_(only))
    return [(elder, wishes) for elder, wishes in await session.execute(query)]


async def _not_there(session: AsyncSession, day: date, due: list[Due]) -> list[Due]:
    if not due:
        return []
    there = select(CareCall.plan_id, CareCall.elder_id, CareCall.slot).where(
        CareCall.day == day, CareCall.elder_id.between(due[0].elder, due[-1].elder)
    )
    keys = {tuple(row) for row in await session.execute(there)}
    return [one for one in due if (one.plan, one.elder, one.slot) not in keys]


async def _write(db: Database, due: list[Due], pace: Pace | None) -> int:
    at = 0
    while at < len(due):
        some = due[at : at + (pace.size if pace else len(due))]
        began = monotonic()
        async with db.write() as session:
            await insert_or_ignore(session, CareCall, [_row(one) for one in some])
        if pace is not None:
            await pace.took(monotonic() - began, len(some))
        at += len(some)
    return len(due)


def _row(due: Due) -> dict[str, Any]:
    return {
        "plan_id": due.plan,
        "elder_id": due.elder,
        "day": due.day,
        "slot": due.slot,
        "kind": due.kind,
        "bulletin_id": due.bulletin,
        "due_at": due.at,
        "latest_at": due.latest,
        "state": CareState.DUE if due.problem is None else CareState.MISSED,
        "reason": due.problem,
        "ended_at": None if due.problem is None else due.at,
    }


async def claim(session: AsyncSession, *, now: datetime, limit: int, caller: str) -> list[ClaimedCall]:
    """Up to so many calls that are due, now this caller's; nobody else gets them. Those that must not be made any more
    are closed on the way, those for elders who prefer text messages with a message. None while all is halted."""
    if await is_halted(session):
        return []
    waiting = (
        select(CareCall, Elder, CareWishes, CarePlan, CareBulletin, FollowUp)
        .join(Elder, Elder.id == CareCall.elder_id)
        .outerjoin(CareWishes, CareWishes.elder_id == Elder.id)
        .outerjoin(CarePlan, CarePlan.id == CareCall.plan_id)
        .outerjoin(CareBulletin, CareBulletin.id == CareCall.bulletin_id)
        .outerjoin(FollowUp, FollowUp.id == CareCall.follow_up_id)
        .where(CareCall.state.in_(WAITING), CareCall.due_at <= now, CareCall.latest_at > now)
        .order_by(CareCall.due_at, CareCall.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=CareCall)
    )
    found = (await session.execute(waiting)).all()
    lines = await _lines(session, [elder.id for _, elder, *_ in found])
    today, claimed = now.astimezone().date(), []
    for call, elder, wishes, plan, bulletin, follow_up in found:
        number = elder.home_phone or lines.get(elder.id, "")
        reason = _hindrance(elder, wishes, today, number=number)
        if reason is None and call.kind is CareKind.SATISFACTION:
            reason = None if is_to_be_asked(follow_up) else CareReason.ASKED_ALREADY
        elif reason is None and not _lives(plan, bulletin):
            reason = CareReason.PLAN_ENDED
        if reason is not None:
            call.state, call.reason, call.ended_at = CareState.CANCELLED, reason, now
            continue
        mobile = mobile_of((elder.home_phone, lines.get(elder.id, "")))
        if is_texted(call, wishes, plan, mobile):
            await text_instead(session, call, plan, bulletin, mobile, now=now)
            continue
        call.state, call.caller, call.reason = CareState.CALLING, caller, None
        claimed.append(
            ClaimedCall(
                call.id,
                elder.id,
                call.kind,
                number,
                call.latest_at,
                call.tries,
                call.plan_id,
                call.bulletin_id,
                question_about(follow_up),
            )
        )
    await session.flush()
    return claimed


async def _lines(session: AsyncSession, elders: Iterable[int]) -> dict[int, str]:
    rows = await session.execute(
        select(Terminal.elder_id, Terminal.line).where(Terminal.elder_id.in_(list(elders))).order_by(Terminal.id.desc())
    )
    return dict(rows.all())


def is_to_be_asked(follow_up: FollowUp | None) -> bool:
    """Nobody has been asked about it yet, and no agent has taken it on."""
    if follow_up is None or follow_up.agent_id is not None or follow_up.tries:
        return False
    return follow_up.done_at is None and follow_up.said is None


def question_about(follow_up: FollowUp | None) -> CareQuestion:
    if follow_up is None:
        return CareQuestion.WELL
    return CareQuestion.CONSULTATION if follow_up.kind is FollowUpKind.CONSULTATION else CareQuestion.SERVICE


def _lives(plan: CarePlan | None, bulletin: CareBulletin | None) -> bool:
    withdrawn = bulletin is not None and bulletin.withdrawn_at is not None
    return plan is not None and plan.halted_at is None and not withdrawn


def _hindrance(elder: Elder, wishes: CareWishes | None, today: date, *, number: str) -> CareReason | None:
    """Why this elder is not to be called after all."""
    if elder.status in GONE or elder.merged_into is not None:
        return CareReason.GONE
    if elder.status is ElderStatus.AWAY and (elder.status_until is None or today <= elder.status_until):
        return CareReason.AWAY
    if wishes is None or wishes.consent_on is None or wishes.stopped_on is not None:
        return CareReason.NO_CONSENT
    return None if number else CareReason.NO_NUMBER
