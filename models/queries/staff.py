"""People of the staff by their duties, for choosing one of them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.people import User


async def staff_with(session: AsyncSession, roles: Collection[str]) -> dict[int, str]:
    """Number to name of those who have one of these duties and whose account is in use, by name."""
    users = await session.scalars(select(User).where(User.active).order_by(User.name, User.id))
    return {user.id: user.name for user in users if not set(roles).isdisjoint(user.roles)}
