"""The code that is fixed in an elder's home (Y1): who scans it is at the door (T2). Random, so that it tells nothing of
whom it belongs to and cannot be guessed; it opens nothing by itself."""

from __future__ import annotations

from datetime import datetime
from secrets import choice
from typing import Final

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now

_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another: it may have to be typed
LENGTH: Final = 12


class VisitCode(Base):
    """The newest one of an elder that is not withdrawn is printed; every one that is not withdrawn counts."""

    __tablename__ = "visit_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]


async def code_of(session: AsyncSession, elder: int, *, by: str) -> str:
    """The code to be printed; made when there is none yet."""
    query = select(VisitCode.code).where(VisitCode.elder_id == elder, VisitCode.withdrawn_at.is_(None))
    return await session.scalar(query.order_by(VisitCode.id.desc()).limit(1)) or _make(session, elder, by=by)


async def replace_code(session: AsyncSession, elder: int, *, by: str) -> str:
    """A new code; whoever has a copy of an old one gets in nowhere with it any more."""
    for old in await session.scalars(
        select(VisitCode).where(VisitCode.elder_id == elder, VisitCode.withdrawn_at.is_(None))
    ):
        old.withdrawn_at = utc_now()
    return _make(session, elder, by=by)


async def opens(session: AsyncSession, code: str, elder: int | None) -> bool:
    """Whether this is the code of that elder's home; how it was typed does not matter."""
    query = select(VisitCode.id).where(
        VisitCode.code == plain_code(code), VisitCode.elder_id == elder, VisitCode.withdrawn_at.is_(None)
    )
    return await session.scalar(query) is not None


def plain_code(typed: str) -> str:
    """`ab2c-9k4m 77xp` -> `AB2C9K4M77XP`"""
    return "".join(char for char in typed.upper() if char in _LETTERS)


def grouped(code: str) -> str:
    """As it is printed, to be read and typed."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def _make(session: AsyncSession, elder: int, *, by: str) -> str:
    code = "".join(choice(_LETTERS) for _ in range(LENGTH))
    session.add(VisitCode(elder_id=elder, code=code, made_by=by))
    audit(session, by, "visit_code.make", f"elder:{elder}")
    return code
