"""Calls that are owed afterwards: within 2 days of an emergency or a consultation (S1.8, S2.2, S4.7)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import FollowUpKind
from models.audit import audit
from models.base import Base, choice, utc_now
from models.elders import Elder
from models.scope import EVERYWHERE, Scope
from models.versions import Versioned, changing


class FollowUp(Versioned, Base):
    __tablename__ = "follow_ups"
    __table_args__ = (UniqueConstraint("case_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    kind: Mapped[FollowUpKind] = mapped_column(choice(FollowUpKind))
    booked_at: Mapped[datetime] = mapped_column(default=utc_now)
    due_at: Mapped[datetime] = mapped_column(index=True)
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")
    result: Mapped[str] = mapped_column(default="")
    satisfaction: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")


async def complete(
    session: AsyncSession,
    follow_up: int,
    *,
    version: int,
    by: str,
    done: bool,
    result: str,
    satisfaction: str,
    note: str,
    scope: Scope = EVERYWHERE,
) -> None:
    """Write down what the call brought, or (`done` False) take that back.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
    """
    owed = select(FollowUp).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    found = await session.scalar(owed.where(FollowUp.id == follow_up, scope.of_elders()))
    async with changing(session, found, version=version) as row:
        row.done_at, row.done_by = (utc_now(), by) if done else (None, "")
        row.result, row.satisfaction, row.note = result, satisfaction, note
        audit(session, by, "follow_up.done" if done else "follow_up.reopen", f"follow_up:{follow_up}")
