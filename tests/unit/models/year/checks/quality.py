"""Recordings for quality: what was drawn keeps to the rule, for each agent and month, and what came of it (K5)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.quality.draws import draws_of
from models.quality.reviews import QualityReview
from models.queries.quality import list_results
from models.scope import EVERYWHERE
from tests.unit.models.year.life import Life
from tests.unit.models.year.recount import Recount
from tests.unit.models.year.recount.quality import EACH_MONTH


async def rule(session: AsyncSession, life: Life, recount: Recount) -> None:
    """Two of each agent and month, one of them an emergency, wherever there were such calls; three only where the first
    two were drawn before the month had an emergency."""
    quality = recount.quality
    rows = (await session.scalars(select(QualityReview))).all()
    assert {row.id: (row.case_id, row.agent_id, row.month) for row in rows} == {
        number: (one.case, one.agent, one.month) for number, one in quality.of.items()
    }
    for row in rows:
        assert row.emergency is quality.emergency(row.case_id)
        assert row.recording_id == f"tape-{row.case_id}"
    for month, had in quality.had.items():
        draws = await draws_of(session, month)
        told = {lot["agent"]: lot for lot in draws[0].lots}
        assert draws[0].unclear == len(quality.nobodys[month])
        assert told.keys() == had.keys()
        for agent, calls in had.items():
            drawn = [one.case for one in quality.of_month(month, agent)]
            assert calls.issuperset(drawn)
            assert len(set(drawn)) == len(drawn)
            urgent = any(map(quality.emergency, drawn))
            assert urgent is any(map(quality.emergency, calls)), (month, agent)
            late = len(draws) > 1 and urgent and not any(map(quality.emergency, drawn[:EACH_MONTH]))
            assert len(drawn) == min(EACH_MONTH, len(calls)) + late, (month, agent)
            lot = told[agent]
            assert (lot["calls"], lot["shortfall"] or "") == (len(calls), quality.lacks(month, agent))


async def results(session: AsyncSession, life: Life, recount: Recount) -> None:
    """By agent and month: drawn, scored, emergencies among the scored, mean and lowest score, those of nothing."""
    page = await list_results(session, scope=EVERYWHERE, since="2027-01", until="2027-12")
    shown = {(one.month, one.agent): one for one in page.items}
    assert shown.keys() == {(one.month, one.agent) for one in recount.quality.of.values()}
    for (month, agent), one in shown.items():
        mine = recount.quality.of_month(month, agent)
        done = [review for review in mine if review.score is not None]
        scores = [review.score for review in done if review.score is not None]
        mean = round(sum(scores) / len(scores), 1) if scores else None
        emergencies = sum(recount.quality.emergency(review.case) for review in done)
        counted = (len(mine), len(done), emergencies, mean, min(scores, default=None), scores.count(0))
        assert (one.drawn, one.finished, one.emergencies, one.average, one.lowest, one.fatal) == counted
