"""How the carrier writes, as this controller (`caller`): only while the lease is ours, and while callers are not being
answered; what must not be lost, until it is on record, however long the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from ari_app.callers_first import CallersFirst
from ari_app.lease import Ownership
from models.database import Database, DatabaseUnavailable

T = TypeVar("T")
Step = Callable[[AsyncSession], Awaitable[T]]
PATIENCE: Final = 0.3  # seconds for which a write lets callers go first
AGAIN_AFTER: Final = (0.5, 1.0, 2.0, 5.0)  # seconds; then every five


class Writing:
    def __init__(self, database: Database, *, caller: str, ownership: Ownership, callers_first: CallersFirst) -> None:
        self.database = database
        self.caller = caller
        self._ownership = ownership
        self._callers_first = callers_first

    async def write(self, step: Step[T]) -> T:
        """Raises DatabaseUnavailable, LeaseLost."""
        await self._callers_first.pass_by(PATIENCE)
        async with self.database.write() as session:
            await self._ownership.fence(session)
            return await step(session)

    async def until_written(self, step: Step[T]) -> T:
        """Raises LeaseLost: whoever has taken over knows by the row what to do."""
        tries = 0
        while True:
            try:
                return await self.write(step)
            except DatabaseUnavailable:
                await asyncio.sleep(AGAIN_AFTER[min(tries, len(AGAIN_AFTER) - 1)])
                tries += 1
