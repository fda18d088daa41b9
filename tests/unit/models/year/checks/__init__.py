"""What the house shows, beside what was counted from the log. Each check is asked at many moments of the year and at
its end, with the clock of the house held there; it raises AssertionError.

A new kind of figure (a statement, a report) is one more module here, one more line in `ALL`, and what it needs to count
again in `recount/`: the log has order, price, class, times and unit of everything that was done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount

from . import calls, complaints, firms, gaps, money, orders, quality, quota, reports

Check = Callable[[AsyncSession, Life, Recount], Awaitable[None]]
ALL: Final[tuple[Check, ...]] = (
    orders.overdue,
    orders.every_one,
    quota.visits_owed,
    firms.standing_and_points,
    firms.workers_of_the_year,
    firms.suspensions,
    firms.nobody_wrongly_asked,
    gaps.too_few,
    calls.overdue,
    calls.results,
    calls.samples,
    complaints.late,
    complaints.levels,
    money.statements,
    quality.rule,
    quality.results,
    reports.of_a_month,
    reports.of_the_year,
)
