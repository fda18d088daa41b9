"""Reports: each figure of a place and a period, and of each part of the place (T6, X11)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from models.org import OrgUnit
from models.queries.reports import Figures, report
from models.reports.definitions import FIGURES
from models.reports.periods import Period, PeriodKind, of_day
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount
from tests.unit.models.year.recount.reports import Asked


async def of_a_month(session: AsyncSession, life: Life, recount: Recount) -> None:
    """Of the one that runs: of one place at each look, of each of them in the course of the year."""
    places = [None, *sorted(set().union(*life.log.around.values()))]
    unit = places[life.today.month % len(places)]
    await _same(session, life, recount, unit, of_day(PeriodKind.MONTH, life.today))


async def of_the_year(session: AsyncSession, life: Life, recount: Recount) -> None:
    """Once, when it is over but for some minutes."""
    if (life.today + timedelta(days=1)).year > life.today.year:
        await _same(session, life, recount, None, of_day(PeriodKind.YEAR, life.today))


async def _same(session: AsyncSession, life: Life, recount: Recount, unit: int | None, period: Period) -> None:
    found = await report(session, unit, period, scope=EVERYWHERE, office=life.office, now=life.now)
    below = [part.unit for part in found.parts]
    assert set(below) - {None} == {
        one for around in life.log.around.values() for one in around if await _above(session, one) == unit
    }
    _as_counted(found.figures, life, recount, period, unit)
    for part in found.parts:
        if part.unit is not None:
            _as_counted(part.figures, life, recount, period, part.unit)


def _as_counted(figures: Figures, life: Life, recount: Recount, period: Period, unit: int | None) -> None:
    def here(elder: int) -> bool:
        return unit is None or (elder > 0 and unit in life.log.around[life.log.elders[elder].place])

    counted = recount.reports.figures(Asked(period.first, period.last, life.now, here))
    assert counted.keys() <= FIGURES.keys()
    differ = {name: (number, counted[name]) for name, number in figures.numbers.items() if number != counted[name]}
    assert not differ, (unit, period.text, "house, log:", differ)
    recount.shown.update(name for name, number in figures.numbers.items() if number)


async def _above(session: AsyncSession, unit: int) -> int | None:
    return (await session.get_one(OrgUnit, unit)).parent_id
