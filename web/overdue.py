"""How many follow-ups and complaints are late, for the badge of the board: it is drawn several times a second on every
screen, so a count is kept for half a minute, and while the database is away for as long as that takes."""

import time
from dataclasses import dataclass
from typing import Final

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
        self._known: dict[frozenset[int] | None, tuple[float, int, int]] = {}

    async def read(self, account: Account) -> Late:
        follows, sees = may(account, Right.FOLLOW_UP), may(account, Right.SEE_COMPLAINTS)
        if not (follows or sees):
            return Late(None, None)
        units = account.scope.units
        found = self._known.get(units)
        if found is None or time.monotonic() - found[0] > FRESH:
            found = await self._count(units) or found
        if found is None:
            return Late(None, None)
        return Late(found[1] if follows else None, found[2] if sees else None)

    async def _count(self, units: frozenset[int] | None) -> tuple[float, int, int] | None:
        """None while the database is away."""
        scope = Scope(units=units)
        try:
            async with self._database.read() as session:
                follow_ups = await count_overdue(session, scope=scope)
                office = await office_hours(session, self._fixed)
                complaints = await count_complaints(session, scope=scope, office=office, late=True)
        except DatabaseUnavailable:
            return None
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[units] = found = (time.monotonic(), follow_ups, complaints)
        return found


OVERDUE = web.AppKey("overdue", Overdue)
