"""Visits that were made and are owed (T1): twelve a year for the first two classes, month by month."""

from __future__ import annotations

from collections import Counter
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.visits_owed import Standing, list_visits_owed
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount
from tests.unit.models.year.recount.orders import DONE

OWED = {1: 12, 2: 12, 3: 0}
EVERYTHING = 1_000_000  # rows


async def visits_owed(session: AsyncSession, life: Life, recount: Recount) -> None:
    expected = {elder: made for elder, made in _counted(life, recount).items() if made[2]}
    wanted: dict[Standing, set[int]] = {
        "any": set(expected),
        "behind": {elder for elder, (done, by_now, _) in expected.items() if done < by_now},
        "over": {elder for elder, (done, _, owed) in expected.items() if done > owed},
    }
    for standing, elders in wanted.items():
        page = await list_visits_owed(
            session, scope=EVERYWHERE, policy=life.policy, today=life.today, standing=standing, limit=EVERYTHING
        )
        shown = {one.elder: (one.done, one.by_now, one.owed) for one in page.items}
        assert shown == {elder: expected[elder] for elder in elders}, standing


def _counted(life: Life, recount: Recount) -> dict[int, tuple[int, int, int]]:
    """Elder who is alive to visits of this year, those owed by now, those owed in the year."""
    made = Counter(
        story.elder
        for story in recount.orders.of.values()
        if story.state in DONE
        and life.log.services[story.service].is_visit
        and story.ended is not None
        and story.ended.astimezone().year == life.today.year
    )
    found = {}
    for elder, facts in life.log.elders.items():
        if elder not in recount.dead:
            owed = OWED[recount.money.class_at(elder, life.now)]
            months = _whole_months(facts.since.astimezone().date(), life.today)
            found[elder] = (made[elder], owed * months // 12, owed)
    return found


def _whole_months(since: date, today: date) -> int:
    """Months of this year that are over, in all of which the elder was on file."""
    firsts = [date(today.year, month, 1) for month in range(1, today.month)]
    return sum(since < first for first in firsts)
