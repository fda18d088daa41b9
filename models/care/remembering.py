"""What the planner's rounds so far went by, so that the next one, minutes later, only writes down what has changed: the
calls of elders whose file, wishes or own plans are others than they were. All are looked at when the day, the hours or
a plan for many is another one, and every few hours whatever is remembered. Kept by the process that plans; another one
begins with a whole round, and the table's key keeps each call single."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.filling import agreeing, fill, read_book
from models.care.planning import Hours, Plan
from models.care.wishes import CareWishes
from models.database import Database
from models.elders import Elder
from models.pace import Pace

WHOLE_EVERY: Final = timedelta(hours=6)
MOST: Final = 500  # elders that are planned by name; more of them: everybody


@dataclass(slots=True)
class Remembered:
    """`of_all`: what counts for everybody; `sums`: of all files and wishes, other ones whenever one of them is changed;
    `elders`: a fingerprint of each elder's own."""

    whole_at: datetime | None = None
    of_all: object = None
    sums: object = None
    elders: Mapping[int, int] = field(default_factory=dict)


async def fill_changed(
    db: Database, known: Remembered, *, now: datetime, hours: Hours, pace: Pace | None = None
) -> int:
    """Write down what is new since the last round; how many calls. What this round went by is remembered once all of it
    is written."""
    today = now.astimezone().date()
    async with db.read() as session:
        book = await read_book(session, today)
        own = tuple(plan for plan in book.plans if plan.elder is not None)
        of_all = (today, hours, replace(book, plans=tuple(plan for plan in book.plans if plan.elder is None)))
        sums = (await _sums(session), own)
        is_whole = known.whole_at is None or of_all != known.of_all or now - known.whole_at >= WHOLE_EVERY
        if not is_whole and sums == known.sums:
            return 0
        elders = await _elders(session, own)
    changed = {elder for elder, told in elders.items() if known.elders.get(elder) != told}
    if is_whole or len(changed) > MOST:
        written, known.whole_at = await fill(db, now=now, hours=hours, pace=pace), now
    else:
        written = await fill(db, now=now, hours=hours, pace=pace, only=changed) if changed else 0
    known.of_all, known.sums, known.elders = of_all, sums, elders
    return written


async def _sums(session: AsyncSession) -> tuple[int, ...]:
    """A version counts up with each change, and who is there no more is not counted."""
    told = func.count(), func.max(Elder.id), func.sum(Elder.version), func.sum(CareWishes.version)
    query = select(*told).join(CareWishes, CareWishes.elder_id == Elder.id).where(*agreeing())
    return tuple((await session.execute(query)).one())


async def _elders(session: AsyncSession, own: tuple[Plan, ...]) -> dict[int, int]:
    plans: dict[int, list[Plan]] = {}
    for plan in own:
        plans.setdefault(plan.elder or 0, []).append(plan)
    query = select(Elder.id, Elder.version, CareWishes.version)
    query = query.join(CareWishes, CareWishes.elder_id == Elder.id).where(*agreeing())
    rows = await session.execute(query)
    return {elder: hash((file, wishes, *plans.get(elder, ()))) for elder, file, wishes in rows}
