"""Which tables the outbox sends from, and how much of them all still waits to be sent. A new kind of text message is a
new table in `TABLES`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.care.texting import CareTextRow
from models.messages import MessageRow, MessageStatus, Outgoing
from models.orders.messages import OrderMessage

TABLES: Final[tuple[type[Outgoing], ...]] = (MessageRow, OrderMessage, CareTextRow)  # the more urgent first


@dataclass(frozen=True, slots=True)
class Owed:
    """Messages that wait to be sent; `since` the first of them was asked for."""

    waiting: int
    since: datetime | None


async def owed(session: AsyncSession) -> Owed:
    """Of all kinds together."""
    waiting, since = 0, None
    for table in TABLES:
        wanted = select(func.count(table.id), func.min(table.asked_at)).where(table.status == MessageStatus.WAITING)
        count, first = (await session.execute(wanted)).one()
        waiting += count
        since = min(filter(None, (since, first)), default=None)
    return Owed(waiting, since)
