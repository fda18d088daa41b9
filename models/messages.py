"""The outbox: text messages that are owed to people; `ari_app/outbox.py` sends them. Those to contacts are here,
written by the journal in the transaction of the decision that led to them, once for each case, contact and kind; those
about work orders are `orders/messages.py`'s, and are sent in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import MessageKind
from models.base import Base, choice

NO_MOBILE: Final = "没有可接收短信的手机号 / no mobile number"


class MessageStatus(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


class Outgoing:
    """What the outbox needs to know of a message. `kind` is the name of its text; `parameters` fill the blanks in it;
    `due_at` is when it is tried next; `reference` is the service's id."""

    id: Mapped[int] = mapped_column(primary_key=True)
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

    @property
    def text(self) -> str:
        """The name of the text that it says."""
        raise NotImplementedError

    @property
    def our_reference(self) -> str:
        """The same for each try to send it, unlike any other's."""
        raise NotImplementedError

    def parameters_afterwards(self) -> dict[str, Any]:
        """What is kept of the parameters once it is sent or given up."""
        return self.parameters


class MessageRow(Outgoing, Base):
    """To a contact of an elder who has called."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("case_id", "contact", "kind"), Index(None, "status", "due_at"))

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"))
    contact: Mapped[int]
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind))

    @property
    def text(self) -> str:
        return str(self.kind)

    @property
    def our_reference(self) -> str:
        return f"{self.case_id}-{self.contact}-{self.kind}"


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


Row = TypeVar("Row", bound=Outgoing)


async def take_due(
    session: AsyncSession, table: type[Row], *, now: datetime, lease: timedelta, limit: int
) -> list[Row]:
    """The messages that are due, kept from every other sender for the time of the lease. Whoever dies while sending
    leaves them due again: better two messages than none."""
    wanted = (
        select(table)
        .where(table.status == MessageStatus.WAITING, table.due_at <= now)
        .order_by(table.due_at, table.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = list(await session.scalars(wanted))
    for row in rows:
        row.due_at, row.tries = now + lease, row.tries + 1
    return rows


async def anything_due(session: AsyncSession, table: type[Outgoing], now: datetime) -> bool:
    due = select(table.id).where(table.status == MessageStatus.WAITING, table.due_at <= now).limit(1)
    return await session.scalar(due) is not None


async def settle(session: AsyncSession, table: type[Outgoing], message: int, **values: Any) -> None:
    """Write down what became of it; what was settled already stays."""
    waiting = table.status == MessageStatus.WAITING
    await session.execute(update(table).where(table.id == message, waiting).values(**values))


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
