"""Marks on a recording: at which second what is to be heard. The reviewer's, until the review is finished."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.quality.reviews import QualityReview, check_reviewer, seconds_of
from models.register import FormRefused
from models.text import plain
from models.versions import NoSuchRecord

LONGEST: Final = 200
MOST: Final = 100  # of one review


class QualityMark(Base):
    """`at` in seconds from the beginning of the recording."""

    __tablename__ = "quality_marks"

    id: Mapped[int] = mapped_column(primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("quality_reviews.id", ondelete="CASCADE"), index=True)
    at: Mapped[float]
    note: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str]


async def add(session: AsyncSession, review: QualityReview, at: float, note: str, *, user: int) -> QualityMark:
    """Raises FormRefused: it is not this user's review, or a field is wrong."""
    check_reviewer(review, user)
    text = plain(note).strip()
    if not text or len(text) > LONGEST:
        raise FormRefused.of("note", f"请填写，不超过{LONGEST}字", f"1 to {LONGEST} characters")
    if not 0 <= at <= await seconds_of(session, review) + 1:
        raise FormRefused.of("at", "不在录音之内", "not within the recording")
    if (await session.scalar(select(func.count()).where(QualityMark.review_id == review.id)) or 0) >= MOST:
        raise FormRefused.of("note", f"标记不得超过{MOST}个", f"{MOST} marks at most")
    mark = QualityMark(review_id=review.id, at=at, note=text, made_by=f"user:{user}")
    session.add(mark)
    await session.flush()
    audit(session, mark.made_by, "quality_mark.add", f"quality_review:{review.id}", mark=mark.id)
    return mark


async def remove(session: AsyncSession, review: QualityReview, mark: int, *, user: int) -> None:
    """Raises NoSuchRecord, FormRefused as in `add`."""
    check_reviewer(review, user)
    row = await session.get(QualityMark, mark)
    if row is None or row.review_id != review.id:
        raise NoSuchRecord
    await session.delete(row)
    audit(session, f"user:{user}", "quality_mark.remove", f"quality_review:{review.id}", mark=mark)


async def marks_of(session: AsyncSession, review: int) -> list[QualityMark]:
    """In the order of the recording."""
    found = select(QualityMark).where(QualityMark.review_id == review).order_by(QualityMark.at, QualityMark.id)
    return list(await session.scalars(found))
