"""Calibration: several reviewers score the same recording by the same sheet, each without seeing the others', and then
look at where they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.cases import CaseRow
from models.elders import Elder
from models.quality.reviews import QualityReview, review_of
from models.quality.score_sheets import Item, SheetKind, newest
from models.register import FormRefused
from models.scope import EVERYWHERE, Scope
from models.versions import NoSuchRecord, Versioned, changing


class Calibration(Versioned, Base):
    """`month` and `emergency` as in a review. `closed_at`: nobody joins any more."""

    __tablename__ = "calibrations"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id", ondelete="CASCADE"), index=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    month: Mapped[str]
    emergency: Mapped[bool]
    sheet_id: Mapped[int] = mapped_column(ForeignKey("score_sheets.id"))
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)
    opened_by: Mapped[str]
    closed_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Difference:
    """What each reviewer, in the order given, thought of an item; `spread` between the highest and the lowest, for a
    fatal item 1 when they do not agree."""

    item: Item
    values: tuple[int, ...]

    @property
    def spread(self) -> int:
        return max(self.values, default=0) - min(self.values, default=0)


async def begin(session: AsyncSession, review_id: int, *, user: int, scope: Scope = EVERYWHERE) -> Calibration:
    """With the recording of this review, by the sheet that is in force. Raises NoSuchRecord."""
    review = await review_of(session, review_id, scope=scope)
    kind = SheetKind.EMERGENCY if review.emergency else SheetKind.ORDINARY
    calibration = Calibration(
        case_id=review.case_id,
        recording_id=review.recording_id,
        agent_id=review.agent_id,
        month=review.month,
        emergency=review.emergency,
        sheet_id=(await newest(session, kind)).id,
        opened_by=f"user:{user}",
    )
    session.add(calibration)
    await session.flush()
    audit(session, calibration.opened_by, "calibration.begin", f"calibration:{calibration.id}")
    return calibration


async def calibration_of(session: AsyncSession, calibration: int, *, scope: Scope = EVERYWHERE) -> Calibration:
    """Raises NoSuchRecord: there is none, or its case is out of scope."""
    found = (
        select(Calibration)
        .join(CaseRow, CaseRow.id == Calibration.case_id)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(Calibration.id == calibration, scope.of_cases())
    )
    row = await session.scalar(found)
    if row is None:
        raise NoSuchRecord
    return row


async def join(session: AsyncSession, calibration: Calibration, *, user: int) -> QualityReview:
    """This user's own review of it, made when there is none. Raises FormRefused: it is closed, or their own call."""
    mine = select(QualityReview).where(
        QualityReview.calibration_id == calibration.id, QualityReview.reviewer_id == user
    )
    review = await session.scalar(mine)
    if review is not None:
        return review
    if calibration.closed_at is not None:
        raise FormRefused.of("calibration", "校准已结束", "it is closed")
    if calibration.agent_id == user:
        raise FormRefused.of("calibration", "不能评自己的通话", "nobody reviews their own calls")
    review = QualityReview(
        calibration_id=calibration.id,
        case_id=calibration.case_id,
        recording_id=calibration.recording_id,
        agent_id=calibration.agent_id,
        month=calibration.month,
        emergency=calibration.emergency,
        sheet_id=calibration.sheet_id,
        reviewer_id=user,
    )
    session.add(review)
    await session.flush()
    audit(session, f"user:{user}", "calibration.join", f"calibration:{calibration.id}", review=review.id)
    return review


async def close(
    session: AsyncSession, calibration: int, *, version: int, user: int, scope: Scope = EVERYWHERE
) -> Calibration:
    """Nobody joins any more, and everybody may look. Raises NoSuchRecord, VersionConflict as in `versions.changing`."""
    row = await calibration_of(session, calibration, scope=scope)
    async with changing(session, row, version=version):
        row.closed_at = row.closed_at or utc_now()
        audit(session, f"user:{user}", "calibration.close", f"calibration:{row.id}")
    return row


async def finished_of(session: AsyncSession, calibration: int) -> Sequence[QualityReview]:
    """The reviews that are finished, in the order in which they were."""
    found = select(QualityReview).where(
        QualityReview.calibration_id == calibration, QualityReview.finished_at.is_not(None)
    )
    return (await session.scalars(found.order_by(QualityReview.finished_at, QualityReview.id))).all()


def may_look(calibration: Calibration, mine: QualityReview | None) -> bool:
    """Who has not finished their own would be led by the others'; after the end there is nothing to lead."""
    return calibration.closed_at is not None or (mine is not None and mine.finished_at is not None)


def differences(items: Sequence[Item], reviews: Sequence[tuple[Mapping[str, int], Sequence[str]]]) -> list[Difference]:
    """Item by item; a review is its points and the fatal items that it says were missed."""
    return [
        Difference(
            item,
            tuple(int(item.key in missed) if item.fatal else points.get(item.key, 0) for points, missed in reviews),
        )
        for item in items
    ]
