"""Reviews: one scored listen to a recording. Drawn, scored by a sheet, answered by the agent once, replied to once.

Nobody reviews their own calls. A score that was given stays as it is: what is to be said about it afterwards is the
agent's answer and the reviewer's reply. A review for calibration is the reviewer's own business: it counts for nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.cases import CaseRow, RecordingRow
from models.elders import Elder
from models.quality.drawing import Drawn
from models.quality.score_sheets import items_of, scored, sheet_of
from models.register import FormRefused
from models.scope import EVERYWHERE, Scope
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

LONGEST: Final = 2000


class QualityReview(Versioned, Base):
    """`month` as in `months.py`; `emergency`: the case has become one; `points` by item of the sheet, `missed` its
    fatal items; `score` None until it is finished. `draw_id` None: it was asked for by a calibration."""

    __tablename__ = "quality_reviews"
    __table_args__ = (UniqueConstraint("calibration_id", "reviewer_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("quality_draws.id", ondelete="CASCADE"), index=True)
    drawn_as: Mapped[Drawn | None] = mapped_column(choice(Drawn))
    calibration_id: Mapped[int | None] = mapped_column(ForeignKey("calibrations.id", ondelete="CASCADE"), index=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    month: Mapped[str] = mapped_column(index=True)
    emergency: Mapped[bool]
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    sheet_id: Mapped[int | None] = mapped_column(ForeignKey("score_sheets.id"))
    points: Mapped[dict[str, Any]] = mapped_column(default=dict)
    missed: Mapped[list[str]] = mapped_column(default=list)
    score: Mapped[int | None]
    comment: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(default="")
    replied_at: Mapped[datetime | None]
    replied_by: Mapped[str] = mapped_column(default="")


async def review_of(session: AsyncSession, review: int, *, scope: Scope = EVERYWHERE) -> QualityReview:
    """Raises NoSuchRecord: there is none, or its case is out of scope."""
    found = (
        select(QualityReview)
        .join(CaseRow, CaseRow.id == QualityReview.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(QualityReview.id == review, scope.of_cases())
    )
    row = await session.scalar(found)
    if row is None:
        raise NoSuchRecord
    return row


def check_reviewer(review: QualityReview, user: int) -> None:
    """Before anything is written as its reviewer. Raises FormRefused."""
    if review.agent_id == user:
        raise FormRefused.of("reviewer", "不能评自己的通话", "nobody reviews their own calls")
    if review.reviewer_id not in (None, user):
        raise FormRefused.of("reviewer", "已由其他质检员处理", "another reviewer has this one")
    if review.finished_at is not None:
        raise FormRefused.of("reviewer", "已完成评分，不能再改", "it is finished and stays as it is")


async def finish(
    session: AsyncSession,
    review_id: int,
    *,
    version: int,
    sheet: int,
    points: Mapping[str, int | None],
    missed: Collection[str],
    comment: str,
    user: int,
    scope: Scope = EVERYWHERE,
) -> QualityReview:
    """Score it by this sheet, which it keeps.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: a field is wrong, or it is not this user's to score.
    """
    by = f"user:{user}"
    async with changing(session, await review_of(session, review_id, scope=scope), version=version) as review:
        check_reviewer(review, user)
        used = await sheet_of(session, review.sheet_id or sheet)
        if used.id != sheet:  # a calibration's is given
            raise FormRefused.of("sheet", "评分表已更换，请刷新后重试", "this is another sheet: reload the page")
        score = scored(items_of(used), points, missed)
        review.sheet_id, review.points, review.missed = used.id, dict(score.points), sorted(score.missed)
        review.score, review.comment = score.total, _text("comment", comment, needed=bool(score.missed))
        review.reviewer_id, review.finished_at = user, utc_now()
        audit(session, by, "quality_review.finish", f"quality_review:{review.id}", score=score.total)
    return review


async def answer(session: AsyncSession, review_id: int, text: str, *, version: int, user: int) -> QualityReview:
    """What the agent has to say, once.

    Raises:
        NoSuchRecord: there is none of this agent's.
        VersionConflict: as in `versions.changing`.
        FormRefused: nothing is said, or it was before.
    """
    async with changing(session, await own_review(session, review_id, user), version=version) as review:
        if review.answered_at is not None:
            raise FormRefused.of("answered", "已反馈过，只能反馈一次", "it was answered; that is possible once")
        review.answer, review.answered_at = _text("answer", text), utc_now()
        audit(session, f"user:{user}", "quality_review.answer", f"quality_review:{review.id}")
    return review


async def reply(
    session: AsyncSession, review_id: int, text: str, *, version: int, user: int, scope: Scope = EVERYWHERE
) -> QualityReview:
    """What a reviewer says to the agent's answer, once.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: nothing is said, there is no answer yet, or it is the agent themselves.
    """
    async with changing(session, await review_of(session, review_id, scope=scope), version=version) as review:
        if review.answered_at is None or review.replied_at is not None:
            raise FormRefused.of("replied", "没有待答复的反馈", "there is no answer to reply to")
        if review.agent_id == user:
            raise FormRefused.of("replied", "不能答复自己的反馈", "nobody replies to themselves")
        review.reply, review.replied_at, review.replied_by = _text("reply", text), utc_now(), f"user:{user}"
        audit(session, f"user:{user}", "quality_review.reply", f"quality_review:{review.id}")
    return review


async def own_review(session: AsyncSession, review_id: int, user: int) -> QualityReview:
    """A finished review of this agent's own call. Raises NoSuchRecord."""
    row = await session.get(QualityReview, review_id)
    if row is None or row.agent_id != user or row.finished_at is None or row.calibration_id is not None:
        raise NoSuchRecord
    return row


async def seconds_of(session: AsyncSession, review: QualityReview) -> float:
    """How long its recording is."""
    return await session.scalar(select(RecordingRow.seconds).where(RecordingRow.id == review.recording_id)) or 0.0


def _text(field: str, given: str, *, needed: bool = True) -> str:
    text = plain(given).strip()
    if needed and not text:
        raise FormRefused.of(field, "请填写", "this is needed")
    if len(text) > LONGEST:
        raise FormRefused.of(field, f"不得超过{LONGEST}字", f"{LONGEST} characters at most")
    return text
