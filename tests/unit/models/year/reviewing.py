"""Recordings for quality (K5): drawn once a month is over, every third month also before, and scored, most of them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

from sqlalchemy import select

from models.quality.candidates import candidates_of
from models.quality.draws import draw
from models.quality.reviews import QualityReview, finish
from models.quality.score_sheets import SheetKind, items_of, newest
from models.scope import EVERYWHERE

from .life import LEADER, Life
from .log import What

DRAWS, EARLY = 2, 12  # days of the month
REVIEWER = 7


async def look(life: Life, day: date) -> None:
    """Once a day; a draw has transactions of its own."""
    before = day.replace(day=1) - timedelta(days=1)
    if day.day == DRAWS and before.year == day.year:
        await _draw(life, f"{before:%Y-%m}")
    if day.day == EARLY and day.month % 3 == 0:
        await _draw(life, f"{day:%Y-%m}")


async def _draw(life: Life, month: str) -> None:
    async with life.db.read() as session:
        calls, unclear = await candidates_of(session, month, scope=EVERYWHERE)
    life.say(What.DRAW, month=month)
    seed = life.calling.randrange(2**31)
    async with life.db.write() as session:
        found = await draw(session, month, calls, unclear=unclear, by=LEADER, seed=seed)
        rows = (await session.scalars(select(QualityReview).where(QualityReview.draw_id == found.draw.id))).all()
        for row in sorted(rows, key=lambda one: one.id):
            life.say(What.DRAWN, review=row.id, case=row.case_id, worker=row.agent_id, month=month)
            if life.calling.random() < 0.85:
                life.after(life.calling.uniform(60, 20_000), partial(_score, life, row.id))


async def _score(life: Life, number: int) -> None:
    """By all items of the sheet; now and then something was missed that makes all else worthless."""
    chance = life.calling
    row = await life.session.get_one(QualityReview, number)
    sheet = await newest(life.session, SheetKind.EMERGENCY if row.emergency else SheetKind.ORDINARY)
    items = items_of(sheet)
    given = {item.key: chance.randint(item.points // 2, item.points) for item in items if not item.fatal}
    fatal = [item.key for item in items if item.fatal]
    missed = fatal[:1] if chance.random() < 0.1 else []
    await finish(
        life.session, number, version=row.version, sheet=sheet.id, points=given, missed=missed, comment="演示",
        user=REVIEWER,
    )  # fmt: skip
    life.say(What.SCORED, review=number, points=() if missed else tuple(given.values()))
