"""The draw of a month: whose calls there were, which of them are to be reviewed, by which seed. On record for good.

The seed and the fingerprint of the calls are kept, so that a draw can be repeated (`drawing.py`) and nobody has to be
believed. A second draw of a month only fills up what is missing.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.months import is_month
from models.people import User
from models.quality.candidates import agents_of
from models.quality.drawing import Candidate, Lot, draw_for
from models.quality.reviews import QualityReview
from models.quality.score_sheets import ScoreSheet
from models.register import FormRefused


class QualityDraw(Base):
    """`lots`: for each agent how many calls and emergencies there were, their fingerprint, which reviews were made, and
    what is missing (`drawing.Shortfall`). `unclear`: calls at a seat that several people share, of whom none can be
    told: they are nobody's."""

    __tablename__ = "quality_draws"

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(index=True)
    seed: Mapped[int]
    drawn_at: Mapped[datetime] = mapped_column(default=utc_now)
    drawn_by: Mapped[str]
    unclear: Mapped[int]
    lots: Mapped[list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Found:
    """A draw as it was made now."""

    draw: QualityDraw
    lots: tuple[Lot, ...]


def check_month(month: str) -> None:
    """Raises FormRefused: this is no month."""
    if not is_month(month):
        raise FormRefused.of("month", "月份应为 年-月", "write months as YYYY-MM")


async def draw(
    session: AsyncSession,
    month: str,
    candidates: Sequence[Candidate],
    *,
    unclear: int,
    by: str,
    of_all: bool = True,
    seed: int | None = None,
) -> Found:
    """Draw for every agent from these calls (`candidates_of`, read before); where they are not those `of_all` places,
    for the agents who took them: of the others it cannot be told here what is missing. `seed` None: one that nobody
    chose.

    Raises:
        FormRefused: this is no month.
    """
    check_month(month)
    seed = secrets.randbelow(2**31) if seed is None else seed
    # One draw at a time: two at once would fill up the same month twice.
    await session.execute(select(ScoreSheet.id).where(ScoreSheet.number == 1).with_for_update(key_share=True))
    before = await _before(session, month)
    took = {call.agent for call in candidates}
    agents = [agent for agent in await agents_of(session) if of_all or agent in took]
    lots = tuple(draw_for(agent, candidates, seed=seed, month=month, before=before[agent]) for agent in sorted(agents))
    row = QualityDraw(month=month, seed=seed, drawn_by=by, unclear=unclear, lots=[_told(lot) for lot in lots])
    session.add(row)
    await session.flush()
    for lot in lots:
        session.add_all(_reviews(row, lot))
    await session.flush()
    made = sum(len(lot.drawn) for lot in lots)
    audit(session, by, "quality_draw.draw", f"quality_draw:{row.id}", month=month, seed=seed, drawn=made)
    return Found(row, lots)


async def draws_of(session: AsyncSession, month: str) -> Sequence[QualityDraw]:
    """All draws of a month, the latest first."""
    found = select(QualityDraw).where(QualityDraw.month == month).order_by(QualityDraw.id.desc())
    return (await session.scalars(found)).all()


async def names_of(session: AsyncSession, agents: Iterable[int]) -> dict[int, str]:
    rows = await session.execute(select(User.id, User.name).where(User.id.in_(set(agents))))
    return dict(rows.all())


async def _before(session: AsyncSession, month: str) -> dict[int, list[Candidate]]:
    """What was drawn in this month so far, by agent."""
    found = select(QualityReview).where(QualityReview.month == month, QualityReview.draw_id.is_not(None))
    before: dict[int, list[Candidate]] = defaultdict(list)
    for row in await session.scalars(found.order_by(QualityReview.id)):
        before[row.agent_id].append(Candidate(row.agent_id, row.case_id, row.recording_id, row.emergency))
    return before


def _reviews(draw: QualityDraw, lot: Lot) -> list[QualityReview]:
    return [
        QualityReview(
            draw_id=draw.id,
            drawn_as=as_what,
            case_id=one.case,
            recording_id=one.recording,
            agent_id=one.agent,
            month=draw.month,
            emergency=one.emergency,
        )
        for one, as_what in lot.drawn
    ]


def _told(lot: Lot) -> dict[str, Any]:
    return {
        "agent": lot.agent,
        "calls": lot.calls,
        "emergencies": lot.emergencies,
        "fingerprint": lot.fingerprint,
        "drawn": [{"recording": one.recording, "as": as_what} for one, as_what in lot.drawn],
        "shortfall": lot.shortfall,
    }
