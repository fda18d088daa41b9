"""What pages need of the records and must not wait for: read when a page is opened, remembered while the database is
away."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from models.database import Database, DatabaseUnavailable

T = TypeVar("T")


class Remembered(Generic[T]):
    """`known` is what was read last, `first` until then. `read` is for pages that are opened, not for each ring."""

    def __init__(self, database: Database, find: Callable[[AsyncSession], Awaitable[T]], first: T) -> None:
        self._database = database
        self._find = find
        self.known = first

    async def read(self) -> T:
        try:
            async with self._database.read() as session:
                self.known = await self._find(session)
        except DatabaseUnavailable:
            pass  # what was known before goes on to count
        return self.known
