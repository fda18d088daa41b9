"""How many follow-ups and complaints are late, for the badge of the board: it is drawn several times a second on every
screen and waits for no database, so a count is kept for half a minute and read again beside it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final, NamedTuple

from aiohttp import web

from models.database import Database, DatabaseUnavailable
from models.house_policy import Fixed, office_hours
from models.queries.complaints import count_complaints
from models.queries.follow_ups import count_overdue
from models.scope import Scope
from web.accounts import Account
from web.rights import Right, may

FRESH: Final = 30.0  # seconds
MOST: Final = 500  # places that are remembered


class _Count(NamedTuple):
    """`at` on the clock of `time.monotonic`."""

    at: float
    follow_ups: int
    complaints: int


@dataclass(frozen=True, slots=True)
class Late:
    """None: not for this account to see, or not known yet."""

    follow_ups: int | None
    complaints: int | None

    @property
    def any(self) -> bool:
        return bool(self.follow_ups or self.complaints)


class Overdue:
    """The counts by the places that an account sees; what is on its own seat does not count here."""

    def __init__(self, database: Database, fixed: Fixed) -> None:
        self._database = database
        self._fixed = fixed
        self._known: dict[frozenset[int] | None, _Count] = {}
        self._reading: dict[frozenset[int] | None, asyncio.Task[None]] = {}

    async def read(self, account: Account) -> Late:
        """For a page that is opened. What is known goes on to count while the database is away."""
        if _sees_any(account) and self._is_stale(account.scope.units):
            await self._count(account.scope.units)
        return self.known(account)

    def known(self, account: Account) -> Late:
        """For what is drawn again and again: never waits. What is stale is read beside it, for the next time."""
        units = account.scope.units
        if _sees_any(account) and self._is_stale(units) and units not in self._reading:
            task = self._reading[units] = asyncio.create_task(self._count(units), name="overdue")
            task.add_done_callback(lambda _: self._reading.pop(units, None))
        count = self._known.get(units)
        return Late(
            count.follow_ups if count and may(account, Right.FOLLOW_UP) else None,
            count.complaints if count and may(account, Right.SEE_COMPLAINTS) else None,
        )

    async def close(self) -> None:
        """Wait for what is being read: the database has a deadline for it."""
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    def _is_stale(self, units: frozenset[int] | None) -> bool:
        count = self._known.get(units)
        return count is None or time.monotonic() - count.at > FRESH

    async def _count(self, units: frozenset[int] | None) -> None:
        scope = Scope(units=units)
        try:
            async with self._database.read() as session:
                follow_ups = await count_overdue(session, scope=scope)
                office = await office_hours(session, self._fixed)
                complaints = await count_complaints(session, scope=scope, office=office, late=True)
        except DatabaseUnavailable:
            return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[units] = _Count(time.monotonic(), follow_ups, complaints)


def _sees_any(account: Account) -> bool:
    return may(account, Right.FOLLOW_UP) or may(account, Right.SEE_COMPLAINTS)


OVERDUE = web.AppKey("overdue", Overdue)
