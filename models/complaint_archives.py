"""Archives of a year's complaints (H8): who had one made, how far it is, what it holds. The file itself is made by
`web/archiving.py`; where it lies is told here. A file is kept for 30 days: it can be made again at any time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.masking import numbers_in
from models.refusing import refuse

KEPT: Final = timedelta(days=30)
FIRST_YEAR: Final = 2000
REASON: Final = (2, 200)  # characters


class ArchiveState(StrEnum):
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    REMOVED = "removed"


class ComplaintArchive(Base):
    """`whole`: unmasked and with recordings, for the `reason` given; `done` of `total` complaints are in it; `size` in
    bytes and `sha256` (hex) of the file once it is there. It is for whoever asked for it alone: others may see less."""

    __tablename__ = "complaint_archives"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    state: Mapped[ArchiveState] = mapped_column(choice(ArchiveState), default=ArchiveState.WORKING)
    whole: Mapped[bool]
    reason: Mapped[str]
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    recordings: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str] = mapped_column(default="")
    asked_at: Mapped[datetime] = mapped_column(default=utc_now)
    asked_by: Mapped[str]
    ended_at: Mapped[datetime | None]


def path_of(home: Path, number: int) -> Path:
    """Where the file lies."""
    return home / "complaint-archives" / f"complaints-{number}.zip"


def years_until(now: datetime, first: datetime | None) -> list[int]:
    """The years that can be archived, the latest first."""
    last = now.astimezone().year
    return list(range(last, (last if first is None else first.astimezone().year) - 1, -1))


async def begin(session: AsyncSession, year: int, *, reason: str, by: str) -> ComplaintArchive:
    """An archive that is to be made; with a `reason`, unmasked and with recordings.

    Raises:
        FormRefused: no such year, a reason that says nothing, or the last one of theirs is not ready yet.
    """
    reason = reason.strip()
    if not FIRST_YEAR <= year <= utc_now().astimezone().year:
        refuse("year", "没有这个年份", "there is no such year")
    if reason and not REASON[0] <= len(reason) <= REASON[1]:
        refuse("reason", "请写明理由（2至200字）", "say why, in 2 to 200 characters")
    working = select(ComplaintArchive.id).where(
        ComplaintArchive.asked_by == by, ComplaintArchive.state == ArchiveState.WORKING
    )
    if await session.scalar(working.limit(1)) is not None:
        refuse("year", "上一次归档尚未完成", "the archive before is not ready yet")
    row = ComplaintArchive(year=year, whole=bool(reason), reason=numbers_in(reason), asked_by=by)
    session.add(row)
    await session.flush()
    shown = "all" if reason else "masked"
    audit(session, by, "complaint_archive.begin", f"archive:{row.id}", year=year, shown=shown, reason=row.reason)
    return row


async def archives_of(session: AsyncSession, by: str, *, limit: int = 20) -> Sequence[ComplaintArchive]:
    """Those that this person asked for, the latest first."""
    rows = select(ComplaintArchive).where(ComplaintArchive.asked_by == by)
    return (await session.scalars(rows.order_by(ComplaintArchive.id.desc()).limit(limit))).all()


async def broken_off(session: AsyncSession) -> Sequence[int]:
    """Whoever made these is gone: at the start of the process that makes them. Their numbers: what there is of their
    files is to go."""
    working = ComplaintArchive.state == ArchiveState.WORKING
    left = (await session.scalars(select(ComplaintArchive.id).where(working))).all()
    await session.execute(update(ComplaintArchive).where(working).values(state=ArchiveState.FAILED, ended_at=utc_now()))
    return left


async def over_age(session: AsyncSession, now: datetime) -> Sequence[ComplaintArchive]:
    """Those whose file is to go."""
    rows = select(ComplaintArchive).where(
        ComplaintArchive.state == ArchiveState.DONE, ComplaintArchive.asked_at < now - KEPT
    )
    return (await session.scalars(rows)).all()
