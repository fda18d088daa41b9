"""Reviews as lists, for reviewers and for the agent whose calls they are; calibrations; results by agent and month."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.cases import CaseRow
from models.elders import Elder
from models.people import User
from models.quality.calibrations import Calibration
from models.quality.reviews import QualityReview
from models.queries.paging import Page, Progress, read_page, read_page_from
from models.scope import Scope
from models.versions import NoSuchRecord

_AGENT = aliased(User, name="agent")
_REVIEWER = aliased(User, name="reviewer")


@dataclass(frozen=True, slots=True)
class ReviewView:
    """`drawn_as` None: for a calibration. `score` from 0 to 100, None until it is finished."""

    id: int
    version: int
    case: str
    recording: str
    opened_at: datetime
    month: str
    emergency: bool
    drawn_as: str | None
    draw: int | None
    calibration: int | None
    agent: int
    agent_name: str
    reviewer: int | None
    reviewer_name: str
    sheet: int | None
    points: Mapping[str, Any]
    missed: tuple[str, ...]
    score: int | None
    comment: str
    finished_at: datetime | None
    answer: str
    answered_at: datetime | None
    reply: str
    replied_at: datetime | None


@dataclass(frozen=True, slots=True)
class Result:
    """One agent in one month. `average` of the finished reviews, None while there is none."""

    agent: int
    agent_name: str
    month: str
    drawn: int
    finished: int
    emergencies: int
    average: float | None
    lowest: int | None
    fatal: int
    answered: int
    unreplied: int


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """`reviews`: how many have begun, `finished`: how many of those are."""

    id: int
    version: int
    case: str
    agent: int
    agent_name: str
    emergency: bool
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None
    reviews: int
    finished: int


async def list_reviews(
    session: AsyncSession,
    *,
    scope: Scope,
    state: Progress | None = None,
    month: str | None = None,
    agent: int | None = None,
    draw: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[ReviewView]:
    """Those that were drawn: what is to be done first, then answers that wait for a reply, then the latest; the cursor
    is a number of rows."""
    done = QualityReview.finished_at.is_not(None)
    waits = QualityReview.answered_at.is_not(None) & QualityReview.replied_at.is_(None)
    order = case((~done, 0), (waits, 1), else_=2)
    query = _reviews().where(scope.of_cases(), QualityReview.calibration_id.is_(None))
    query = query.order_by(order, QualityReview.month.desc(), QualityReview.id.desc())
    if state is not None:
        query = query.where(done & ~waits if state == "done" else ~done | waits)
    if month is not None:
        query = query.where(QualityReview.month == month)
    if agent is not None:
        query = query.where(QualityReview.agent_id == agent)
    if draw is not None:
        query = query.where(QualityReview.draw_id == draw)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def own_reviews(
    session: AsyncSession, agent: int, *, limit: int = 50, after: int | None = None
) -> Page[ReviewView]:
    """The finished ones of this agent's own calls, the latest first; whose calls they were does not matter, for they
    have spoken with them."""
    mine = _reviews().where(
        QualityReview.agent_id == agent,
        QualityReview.finished_at.is_not(None),
        QualityReview.calibration_id.is_(None),
    )
    query = mine.order_by(QualityReview.id.desc())
    if after is not None:
        query = query.where(QualityReview.id < after)
    return await read_page(session, query, _view, limit=limit, cursor=lambda view: view.id)


async def review_view(session: AsyncSession, review: int, *, scope: Scope) -> ReviewView:
    """Raises NoSuchRecord: there is none, or its case is out of scope."""
    row = (await session.execute(_reviews().where(QualityReview.id == review, scope.of_cases()))).first()
    if row is None:
        raise NoSuchRecord
    return _view(*row)


async def list_results(
    session: AsyncSession,
    *,
    scope: Scope,
    since: str,
    until: str,
    agent: int | None = None,
    limit: int = 500,
    after: int | None = None,
) -> Page[Result]:
    """By agent and month, months as text, both included; the latest month first. Calibrations count for nobody."""
    done = QualityReview.finished_at.is_not(None)
    query = (
        select(
            QualityReview.agent_id,
            _AGENT.name,
            QualityReview.month,
            func.count(),
            func.sum(case((done, 1), else_=0)),
            func.sum(case((done & QualityReview.emergency, 1), else_=0)),
            func.avg(QualityReview.score),
            func.min(QualityReview.score),
            func.sum(case((done & (QualityReview.score == 0), 1), else_=0)),
            func.sum(case((QualityReview.answered_at.is_not(None), 1), else_=0)),
            func.sum(case((QualityReview.answered_at.is_not(None) & QualityReview.replied_at.is_(None), 1), else_=0)),
        )
        .join(_AGENT, _AGENT.id == QualityReview.agent_id)
        .join(CaseRow, CaseRow.id == QualityReview.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(
            scope.of_cases(),
            QualityReview.calibration_id.is_(None),
            QualityReview.month >= since,
            QualityReview.month <= until,
        )
        .group_by(QualityReview.agent_id, _AGENT.name, QualityReview.month)
        .order_by(QualityReview.month.desc(), _AGENT.name, QualityReview.agent_id)
    )
    if agent is not None:
        query = query.where(QualityReview.agent_id == agent)
    return await read_page_from(session, query, _result, skip=after or 0, limit=limit)


async def list_calibrations(
    session: AsyncSession, *, scope: Scope, limit: int = 50, after: int | None = None
) -> Page[CalibrationView]:
    """Those that are open first, then the latest; the cursor is a number of rows."""
    query = _calibrations().where(scope.of_cases())
    query = query.order_by(Calibration.closed_at.is_not(None), Calibration.id.desc())
    return await read_page_from(session, query, _calibration, skip=after or 0, limit=limit)


async def calibration_view(session: AsyncSession, calibration: int, *, scope: Scope) -> CalibrationView:
    """Raises NoSuchRecord: there is none, or its case is out of scope."""
    row = (await session.execute(_calibrations().where(Calibration.id == calibration, scope.of_cases()))).first()
    if row is None:
        raise NoSuchRecord
    return _calibration(*row)


def _reviews() -> Select[QualityReview, datetime, str, str | None]:
    return (
        select(QualityReview, CaseRow.opened_at, _AGENT.name, _REVIEWER.name)
        .join(CaseRow, CaseRow.id == QualityReview.case_id)
        .join(_AGENT, _AGENT.id == QualityReview.agent_id)
        .outerjoin(_REVIEWER, _REVIEWER.id == QualityReview.reviewer_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
    )


def _calibrations() -> Select[Calibration, str, int, int]:
    of_it = select(func.count()).where(QualityReview.calibration_id == Calibration.id)
    finished = of_it.where(QualityReview.finished_at.is_not(None))
    return (
        select(Calibration, _AGENT.name, of_it.scalar_subquery(), finished.scalar_subquery())
        .join(CaseRow, CaseRow.id == Calibration.case_id)
        .join(_AGENT, _AGENT.id == Calibration.agent_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
    )


def _view(row: QualityReview, opened_at: datetime, agent: str, reviewer: str | None) -> ReviewView:
    return ReviewView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        recording=row.recording_id,
        opened_at=opened_at,
        month=row.month,
        emergency=row.emergency,
        drawn_as=None if row.drawn_as is None else str(row.drawn_as),
        draw=row.draw_id,
        calibration=row.calibration_id,
        agent=row.agent_id,
        agent_name=agent,
        reviewer=row.reviewer_id,
        reviewer_name=reviewer or "",
        sheet=row.sheet_id,
        points=dict(row.points),
        missed=tuple(row.missed),
        score=row.score,
        comment=row.comment,
        finished_at=row.finished_at,
        answer=row.answer,
        answered_at=row.answered_at,
        reply=row.reply,
        replied_at=row.replied_at,
    )


def _result(
    agent: int,
    name: str,
    month: str,
    drawn: int,
    finished: int,
    emergencies: int,
    average: float | None,
    lowest: int | None,
    fatal: int,
    answered: int,
    unreplied: int,
) -> Result:
    mean = None if average is None else round(float(average), 1)
    return Result(agent, name, month, drawn, finished, emergencies, mean, lowest, fatal, answered, unreplied)


def _calibration(row: Calibration, agent: str, reviews: int, finished: int) -> CalibrationView:
    return CalibrationView(
        id=row.id,
        version=row.version,
        case=row.case_id,
        agent=row.agent_id,
        agent_name=agent,
        emergency=row.emergency,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        closed_at=row.closed_at,
        reviews=reviews,
        finished=finished,
    )
