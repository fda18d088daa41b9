"""Who did what to which record, and when. Append only: nothing here is changed, only aged out as a whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from models.base import Base, utc_now


class AuditEntry(Base):
    """`actor` as in the timeline (`user:7`), `action` a verb (`elder.change`), `record` kind and id (`elder:12`)."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    actor: Mapped[str]
    action: Mapped[str]
    record: Mapped[str] = mapped_column(default="", index=True)
    data: Mapped[dict[str, Any]]


class AuditIsFinal(Exception):
    """Somebody tried to change or delete an audit entry."""


@event.listens_for(AuditEntry, "before_update")
@event.listens_for(AuditEntry, "before_delete")
def _refuse(mapper: Mapper[AuditEntry], connection: object, entry: AuditEntry) -> None:
    raise AuditIsFinal(f"audit entry {entry.id} cannot be changed")


def audit(session: AsyncSession, actor: str, action: str, record: str = "", **data: object) -> None:
    """Put this on the record, in the transaction of what it tells about. Ids only, no personal data in `data`."""
    session.add(AuditEntry(actor=actor, action=action, record=record, data=data))
