"""What is going to go out: counted for the calendar, elder by elder for a trial run, and for one elder a year ahead.

Nothing is written, and nothing is read from the planner's table: it is worked out from plans, wishes and bulletins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.bulletins import CareBulletin
from models.care.calendar import Birthday, birthday_of, care_day
from models.care.filling import Book, agreeing, read_book
from models.care.planning import (
    CareKind,
    CareReason,
    Due,
    Hours,
    Plan,
    announces,
    due_on,
    falls_on,
    is_in_force,
    upcoming,
)
from models.care.plans import CarePlan
from models.care.wishes import CareWishes, person_of
from models.elders import Elder, ElderStatus
from models.org import OrgUnit
from models.queries.elders import on_file
from models.queries.paging import Page
from models.scope import Scope

Group = tuple[int | None, int]  # place and class of elders


@dataclass(frozen=True, slots=True)
class ForecastView:
    """One call that is to come; `problem`: it cannot be made, and why. `text` is what will be said."""

    plan: int
    title: str
    text: str
    kind: CareKind
    elder: int
    elder_name: str
    community: str
    day: date
    at: datetime
    latest: datetime
    problem: CareReason | None


async def forecast(session: AsyncSession, first: date, days: int, *, scope: Scope) -> dict[tuple[date, CareKind], int]:
    """How many calls each day of each kind will have, for the elders as they are on file now."""
    book = await read_book(session, first)
    groups, birthdays = await _groups(session, scope), await _birthdays(session, scope)
    of_one = await _in_scope(session, book, scope)
    counts: Counter[tuple[date, CareKind]] = Counter()
    for ahead in range(days):
        day = first + timedelta(days=ahead)
        known = care_day(day)
        for plan in book.plans:
            if not is_in_force(plan, day) or (plan.elder is not None and plan.elder not in of_one):
                continue
            if plan.kind is CareKind.BIRTHDAY:
                many = sum(_many(plan, birthdays.get(birthday, {}), of_one, birthday) for birthday in known.birthdays)
            elif plan.kind is CareKind.WEATHER:
                many = sum(
                    _many(plan, _of_units(groups, bulletin.units), of_one)
                    for bulletin in book.bulletins
                    if bulletin.kind in plan.on and announces(bulletin, day)
                )
            else:
                many = len(plan.times) * _many(plan, groups, of_one) if falls_on(plan, known) else 0
            if many:
                counts[day, plan.kind] += many
    return dict(counts)


def _many(
    plan: Plan, groups: Mapping[Group, int], of_one: Mapping[int, Birthday | None], birthday: Birthday | None = None
) -> int:
    if plan.elder is not None:
        return int(birthday is None or of_one[plan.elder] == birthday)
    return sum(
        many
        for (unit, service_class), many in groups.items()
        if (plan.units is None or unit in plan.units) and plan.service_class in (None, service_class)
    )


def _of_units(groups: Mapping[Group, int], units: frozenset[int] | None) -> Mapping[Group, int]:
    return groups if units is None else {group: many for group, many in groups.items() if group[0] in units}


async def _groups(session: AsyncSession, scope: Scope) -> dict[Group, int]:
    query = select(Elder.org_unit_id, Elder.service_class, func.count())
    query = query.join(CareWishes, CareWishes.elder_id == Elder.id)
    query = query.where(*on_file(scope), *agreeing(), Elder.status == ElderStatus.ACTIVE)
    rows = await session.execute(query.group_by(Elder.org_unit_id, Elder.service_class))
    return {(unit, service_class): many for unit, service_class, many in rows}


async def _birthdays(session: AsyncSession, scope: Scope) -> dict[Birthday, Counter[Group]]:
    query = select(Elder.born, CareWishes.birthday_by, Elder.org_unit_id, Elder.service_class)
    query = query.join(CareWishes, CareWishes.elder_id == Elder.id)
    query = query.where(*on_file(scope), *agreeing(), Elder.status == ElderStatus.ACTIVE, Elder.born.is_not(None))
    found: dict[Birthday, Counter[Group]] = {}
    for born, by, unit, service_class in await session.execute(query):
        if born is not None:
            found.setdefault(birthday_of(born, by), Counter())[unit, service_class] += 1
    return found


async def _in_scope(session: AsyncSession, book: Book, scope: Scope) -> dict[int, Birthday | None]:
    """The elders who have a plan of their own and may be seen."""
    wanted = {plan.elder for plan in book.plans if plan.elder is not None}
    query = select(Elder, CareWishes).join(CareWishes, CareWishes.elder_id == Elder.id)
    query = query.where(Elder.id.in_(wanted), *on_file(scope), *agreeing(), Elder.status == ElderStatus.ACTIVE)
    return {elder.id: person_of(elder, wishes).birthday for elder, wishes in await session.execute(query)}


async def trial(
    session: AsyncSession, day: date, *, scope: Scope, hours: Hours, limit: int = 50, after: int | None = None
) -> Page[ForecastView]:
    """What would go out on this day, elder by elder; the cursor is an elder's id, and an elder's calls stay together,
    so that a page may be a little longer than `limit`."""
    book, found = await read_book(session, day), list[ForecastView]()
    words = await _words(session, book)
    last = after or 0
    while True:
        query = select(Elder, CareWishes, OrgUnit.name).join(CareWishes, CareWishes.elder_id == Elder.id)
        query = query.outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        query = query.where(Elder.id > last, *on_file(scope), *agreeing()).order_by(Elder.id).limit(500)
        rows = (await session.execute(query)).all()
        for elder, wishes, community in rows:
            if len(found) >= limit:
                return Page(tuple(found), str(last))
            last = elder.id
            due = due_on(day, person_of(elder, wishes), book.of(elder.id), book.bulletins, hours=hours)
            in_order = sorted(due, key=lambda one: one.at)
            found.extend(_view(one, elder, community, words) for one in in_order)
        if len(rows) < 500:
            return Page(tuple(found), None)


async def next_calls(
    session: AsyncSession, elder: Elder, first: date, days: int, *, hours: Hours
) -> list[ForecastView]:
    """This elder's calls, if there is consent for any."""
    wishes = await session.get(CareWishes, elder.id)
    if wishes is None or wishes.consent_on is None or wishes.stopped_on is not None:
        return []
    book = await read_book(session, first)
    words, person = await _words(session, book), person_of(elder, wishes)
    found = upcoming(person, book.of(elder.id), book.bulletins, first=first, days=days, hours=hours)
    return [_view(one, elder, None, words) for one in found]


async def _words(session: AsyncSession, book: Book) -> dict[tuple[str, int], tuple[str, str]]:
    """Title and text of each plan; the text of each bulletin."""
    plans = await session.scalars(select(CarePlan).where(CarePlan.id.in_([plan.id for plan in book.plans])))
    words = {("plan", row.id): (row.title, row.text) for row in plans}
    issued = select(CareBulletin).where(CareBulletin.id.in_([one.id for one in book.bulletins]))
    return words | {("bulletin", row.id): ("", row.text) for row in await session.scalars(issued)}


def _view(due: Due, elder: Elder, community: str | None, words: dict[tuple[str, int], tuple[str, str]]) -> ForecastView:
    title, text = words["plan", due.plan]
    if due.bulletin is not None:
        text = words["bulletin", due.bulletin][1]
    return ForecastView(
        plan=due.plan,
        title=title,
        text=text,
        kind=due.kind,
        elder=elder.id,
        elder_name=elder.name,
        community=community or "",
        day=due.day,
        at=due.at,
        latest=due.latest,
        problem=due.problem,
    )
