"""Archives of a year's complaints (H8): who had one made, how far it is, what it holds. The file itself is made by
`web/archiving.py`; where it lies is told here. A file is kept for 30 days: it can be made again at any time.

Whoever makes one shows that they live (`alive`), and writes of it only while it counts as theirs: several web processes
may work beside each other, and what one of them left when it died is said to have failed by any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.masking import numbers_in
from models.refusing import refuse

KEPT: Final = timedelta(days=30)
FIRST_YEAR: Final = 2000
REASON: Final = (2, 200)  # characters
STALE: Final = timedelta(seconds=60)  # without a sign of life; whoever makes one gives it every `ALIVE_EVERY`
ALIVE_EVERY: Final = 5.0  # seconds


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
    alive_at: Mapped[datetime] = mapped_column(default=utc_now)


class GivenUp(Exception):
    """The archive is not ours to make any more: it was said to have failed, or is gone."""


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


async def alive(session: AsyncSession, number: int) -> None:
    """Whoever makes it is at it. Raises GivenUp."""
    mine = update(ComplaintArchive).where(ComplaintArchive.id == number, ComplaintArchive.state == ArchiveState.WORKING)
    changed = await session.execute(mine.values(alive_at=utc_now()).returning(ComplaintArchive.id))
    if changed.scalar() is None:
        raise GivenUp


def _silent(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return ComplaintArchive.state == ArchiveState.WORKING, ComplaintArchive.alive_at < now - STALE


async def silent(session: AsyncSession, now: datetime) -> bool:
    """Whether there are any whose maker is gone: nothing was heard of them for a while."""
    return await session.scalar(select(ComplaintArchive.id).where(*_silent(now)).limit(1)) is not None


async def broken_off(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Say of these that they have failed. Their numbers: what there is of their files is to go."""
    failed = update(ComplaintArchive).where(*_silent(now)).values(state=ArchiveState.FAILED, ended_at=now)
    return (await session.scalars(failed.returning(ComplaintArchive.id))).all()


async def over_age(session: AsyncSession, now: datetime) -> Sequence[ComplaintArchive]:
    """Those whose file is to go."""
    rows = select(ComplaintArchive).where(
        ComplaintArchive.state == ArchiveState.DONE, ComplaintArchive.asked_at < now - KEPT
    )
    return (await session.scalars(rows)).all()
