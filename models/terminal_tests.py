"""Terminals are tested regularly by station staff (S8): when each was heard last."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Terminal
from models.phone_numbers import canonical


async def record_test(session: AsyncSession, caller: str, *, area_code: str, at: datetime) -> bool:
    """Write down that the terminal with this line was heard; False when no terminal has it."""
    line = canonical(caller, area_code)
    heard = update(Terminal).where(Terminal.line_canonical == line).values(last_tested_at=at)
    return await session.scalar(heard.returning(Terminal.id)) is not None
