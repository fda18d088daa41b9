"""Text messages of care as an elder's page shows them, and which contacts may wish for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.texting import CareText, CareTextRow
from models.elders import Contact
from models.messages import MessageStatus

SHOWN = 20  # messages of one elder


@dataclass(frozen=True, slots=True)
class CareTextView:
    """`name` empty: to the elder."""

    asked_at: datetime
    kind: CareText
    name: str
    number: str
    status: MessageStatus
    problem: str


@dataclass(frozen=True, slots=True)
class ContactName:
    id: int
    name: str
    relation: str


async def texts_of(session: AsyncSession, elder: int) -> tuple[CareTextView, ...]:
    """The latest first. Whether the elder may be seen is the caller's to know."""
    rows = select(CareTextRow).where(CareTextRow.elder_id == elder).order_by(CareTextRow.id.desc()).limit(SHOWN)
    return tuple(
        CareTextView(row.asked_at, row.kind, row.name, row.number, row.status, row.problem)
        for row in await session.scalars(rows)
    )


async def contacts_of(session: AsyncSession, elder: int) -> tuple[ContactName, ...]:
    """In their order. Whether the elder may be seen is the caller's to know."""
    rows = select(Contact).where(Contact.elder_id == elder).order_by(Contact.position, Contact.id)
    return tuple(ContactName(row.id, row.name, row.relation) for row in await session.scalars(rows))
