"""What people write down while a case goes on: a note for each of them, saved as they type.

Neither in the journal nor in the case: it would be replayed at each start and sent to every screen with each word, and
the call path has no use for it. What stands in it at the end goes into the case with the outcome. Each has their own
note, so that A and B never write over one another; who types at two desks at once is told (`versions.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.versions import VersionConflict, Versioned, changing

LONGEST: Final = 2_000  # characters, as for the note of the outcome
SITTING: Final = timedelta(minutes=5)  # changes of one sitting are one entry on the audit log: each second brings one


class CaseNote(Versioned, Base):
    """`case_id` is no foreign key: the first words may be typed before the case is on record. `author` as in the
    timeline (`user:7`); `audited_at`: when its change was put on the audit log last."""

    __tablename__ = "case_notes"
    __table_args__ = (UniqueConstraint("case_id", "author"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str]
    author: Mapped[str]
    text: Mapped[str]
    begun_at: Mapped[datetime] = mapped_column(default=utc_now)
    saved_at: Mapped[datetime] = mapped_column(default=utc_now)
    audited_at: Mapped[datetime] = mapped_column(default=utc_now)


@dataclass(frozen=True, slots=True)
class CaseNoteView:
    """`author` as in the timeline (`user:7`)."""

    author: str
    text: str
    version: int
    saved_at: datetime


async def save_note(session: AsyncSession, case: str, author: str, text: str, *, version: int | None) -> CaseNoteView:
    """This author's note; `version` as it was read, None when there was none.

    Raises:
        VersionConflict: the author has written elsewhere meanwhile.
    """
    row = await session.scalar(select(CaseNote).where(CaseNote.case_id == case, CaseNote.author == author))
    now = utc_now()
    if row is None:
        row = CaseNote(case_id=case, author=author, text=text, begun_at=now, saved_at=now, audited_at=now)
        session.add(row)
        try:
            await session.flush()
        except IntegrityError:
            raise VersionConflict(1) from None
        audit(session, author, "case.note", f"case:{case}")
        return _view(row)
    if version is None:
        raise VersionConflict(row.version)
    async with changing(session, row, version=version):
        row.text, row.saved_at = text, now
        if now - row.audited_at >= SITTING:
            row.audited_at = now
            audit(session, author, "case.note", f"case:{case}")
    return _view(row)


async def notes_of(session: AsyncSession, case: str) -> list[CaseNoteView]:
    """All notes of a case, the one begun first first."""
    found = select(CaseNote).where(CaseNote.case_id == case).order_by(CaseNote.id)
    return [_view(row) for row in await session.scalars(found)]


async def cases_with_note(session: AsyncSession, author: str, cases: Iterable[str]) -> dict[str, CaseNoteView]:
    """Which of these cases this author has written something about."""
    mine = select(CaseNote).where(CaseNote.author == author, CaseNote.case_id.in_(tuple(cases)), CaseNote.text != "")
    return {row.case_id: _view(row) for row in await session.scalars(mine)}


def _view(row: CaseNote) -> CaseNoteView:
    return CaseNoteView(row.author, row.text, row.version, row.saved_at)
