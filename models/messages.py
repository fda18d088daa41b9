"""The outbox: text messages that are owed to contacts. A row is written by the journal in the transaction of the
decision that led to it, once for each case, contact and kind; `ari_app/outbox.py` sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import MessageKind
from models.base import Base, choice


class MessageStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


class MessageRow(Base):
    """`parameters` fill the blanks of the text; `due_at` is when it is tried next; `reference` is the service's id."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("case_id", "contact", "kind"), Index(None, "status", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    contact: Mapped[int]
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind))
    name: Mapped[str]
    number: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    status: Mapped[MessageStatus] = mapped_column(choice(MessageStatus))
    tries: Mapped[int]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    reference: Mapped[str]
    problem: Mapped[str]


@dataclass(frozen=True, slots=True)
class MessageView:
    """What became of a message, for pages and programs."""

    id: int
    contact: int
    name: str
    number: str
    kind: str
    status: str
    tries: int
    asked_at: datetime
    sent_at: datetime | None
    problem: str


async def take_due(session: AsyncSession, *, now: datetime, lease: timedelta, limit: int) -> list[MessageRow]:
    """The messages that are due, kept from every other sender for the time of the lease. Whoever dies while sending
    leaves them due again: better two messages than none."""
    wanted = (
        select(MessageRow)
        .where(MessageRow.status == MessageStatus.WAITING, MessageRow.due_at <= now)
        .order_by(MessageRow.due_at, MessageRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(await session.scalars(wanted))
    for row in rows:
        row.due_at, row.tries = now + lease, row.tries + 1
    return rows


async def anything_due(session: AsyncSession, now: datetime) -> bool:
    due = select(MessageRow.id).where(MessageRow.status == MessageStatus.WAITING, MessageRow.due_at <= now).limit(1)
    return await session.scalar(due) is not None


async def settle(session: AsyncSession, message: int, **values: Any) -> None:
    """Write down what became of it; what was settled already stays."""
    waiting = MessageRow.status == MessageStatus.WAITING
    await session.execute(update(MessageRow).where(MessageRow.id == message, waiting).values(**values))


async def messages_of(session: AsyncSession, case: str) -> Sequence[MessageView]:
    """Oldest first."""
    rows = await session.scalars(select(MessageRow).where(MessageRow.case_id == case).order_by(MessageRow.id))
    return [
        MessageView(
            id=row.id,
            contact=row.contact,
            name=row.name,
            number=row.number,
            kind=str(row.kind),
            status=str(row.status),
            tries=row.tries,
            asked_at=row.asked_at,
            sent_at=row.sent_at,
            problem=row.problem,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Owed:
    """Messages that wait to be sent; `since` the first of them was asked for."""

    waiting: int
    since: datetime | None


async def owed(session: AsyncSession) -> Owed:
    wanted = select(func.count(MessageRow.id), func.min(MessageRow.asked_at)).where(
        MessageRow.status == MessageStatus.WAITING
    )
    waiting, since = (await session.execute(wanted)).one()
    return Owed(waiting, since)
