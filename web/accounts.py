"""Who is asking: sessions and bearer tokens to accounts. Only hashes of either are kept, here and in the database.

What was found is remembered for some seconds; while the database is away what was found before goes on to count, so
that agents are not logged out in the middle of a call.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.api_tokens import hash_of
from models.base import utc_now
from models.database import Database, DatabaseUnavailable
from models.people import User, is_screen
from models.scope import Scope, scope_of
from models.web_sessions import ApiToken, WebSession

FRESH: Final = 5.0
# A page that is open asks at least every half minute (`api/live.py`), so only who has closed it is idle.
SESSION_IDLE: Final = timedelta(hours=2)
SESSION_LONGEST: Final = timedelta(hours=16)  # a shift of twelve hours and what comes before and after it
# A screen on the wall has nobody who logs in for each shift, shows counts only and can do nothing. It stays logged in
# until nobody has seen it for so long, its password or duties change, or the account is closed.
SCREEN_IDLE: Final = timedelta(days=7)
TOKEN_LIFE: Final = timedelta(hours=12)
TOUCH_EVERY: Final = timedelta(minutes=10)
MOST_REMEMBERED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Account:
    """A person who works with us, as far as a request needs to know. `seat` is an extension, `scope` the places whose
    people they may see; what is on their seat comes on top of it (`places.py`)."""

    id: int
    username: str
    name: str
    roles: frozenset[str]
    seat: str | None
    lang: str
    scope: Scope

    @property
    def actor(self) -> str:
        """As in the timeline and the audit log."""
        return f"user:{self.id}"


@dataclass(frozen=True, slots=True)
class Found:
    """`data` is what aiohttp-session keeps; empty for tokens."""

    account: Account
    data: dict[str, Any]


class Accounts:
    """Looks keys up, remembers, forgets."""

    def __init__(self, db: Database, *, in_a_case: Callable[[str], bool] = lambda _: False) -> None:
        """`in_a_case` tells whether a case is on this seat's screen: then no session ends by itself."""
        self._db = db
        self._in_a_case = in_a_case
        self._known: OrderedDict[str, tuple[float, Found | None]] = OrderedDict()

    async def of_session(self, key: str) -> Found | None:
        """Whose session this is; None when it ended or the account was closed. Raises DatabaseUnavailable."""
        return await self._remembered(hash_of(key), self._read_session)

    async def of_token(self, token: str) -> Found | None:
        """The same for a bearer token."""
        return await self._remembered(hash_of(token), self._read_token)

    async def start_session(self, key: str, data: dict[str, Any], *, user_id: int) -> None:
        now = utc_now()
        async with self._db.write() as session:
            await session.execute(delete(WebSession).where(WebSession.expires_at < now - SESSION_LONGEST))
            row = WebSession(key_hash=hash_of(key), user_id=user_id, data=data, expires_at=now + SESSION_IDLE)
            await session.merge(row)
        self._known.pop(hash_of(key), None)

    async def end_session(self, key: str) -> None:
        self._known[hash_of(key)] = (time.monotonic(), None)
        await self._end(hash_of(key))

    async def issue_token(self, user_id: int, name: str) -> tuple[str, ApiToken]:
        """A new bearer token, told this once."""
        token = token_urlsafe(32)
        now = utc_now()
        row = ApiToken(user_id=user_id, name=name, key_hash=hash_of(token), expires_at=now + TOKEN_LIFE)
        async with self._db.write() as session:
            await session.execute(delete(ApiToken).where(ApiToken.expires_at < now))
            session.add(row)
        return token, row

    async def end_token(self, token: str) -> None:
        self._known[hash_of(token)] = (time.monotonic(), None)
        async with self._db.write() as session:
            await session.execute(delete(ApiToken).where(ApiToken.key_hash == hash_of(token)))

    # --- memory -----------------------------------------------------------------------------------------------------

    async def _remembered(self, key_hash: str, read: Callable[[str], Awaitable[Found | None]]) -> Found | None:
        at, found = self._known.get(key_hash, (float("-inf"), None))
        if time.monotonic() - at < FRESH:
            return found
        try:
            async with asyncio.timeout(2 if found else 10):
                found = await read(key_hash)
        except (DatabaseUnavailable, TimeoutError):
            if found is None:
                raise DatabaseUnavailable("nobody can be recognised now") from None
        self._known[key_hash] = (time.monotonic(), found)
        self._known.move_to_end(key_hash)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return found

    async def _read_session(self, key_hash: str) -> Found | None:
        now = utc_now()
        query = select(WebSession, User).join(User).where(WebSession.key_hash == key_hash, User.active)
        async with self._db.read() as session:
            row = (await session.execute(query)).one_or_none()
            if row is None:
                return None
            begun, user = row
            account = await account_of(session, user)
        screen = is_screen(user.roles)
        over = begun.expires_at <= now or (begun.created_at <= now - SESSION_LONGEST and not screen)
        if over and not (user.seat and self._in_a_case(user.seat)):
            await self._end(key_hash)  # for good: a case that comes later must not bring it back
            return None
        if now - begun.seen_at > TOUCH_EVERY:
            await self._touch(key_hash, SCREEN_IDLE if screen else SESSION_IDLE)
        return Found(account, dict(begun.data))

    async def _read_token(self, key_hash: str) -> Found | None:
        query = select(User).join(ApiToken)
        query = query.where(ApiToken.key_hash == key_hash, ApiToken.expires_at > utc_now(), User.active)
        async with self._db.read() as session:
            user = await session.scalar(query)
            return None if user is None else Found(await account_of(session, user), {})

    async def _end(self, key_hash: str) -> None:
        async with self._db.write() as session:
            await session.execute(delete(WebSession).where(WebSession.key_hash == key_hash))

    async def _touch(self, key_hash: str, idle: timedelta) -> None:
        now = utc_now()
        seen = update(WebSession).where(WebSession.key_hash == key_hash)
        async with self._db.write() as session:
            await session.execute(seen.values(seen_at=now, expires_at=now + idle))


async def account_of(session: AsyncSession, user: User) -> Account:
    return Account(
        id=user.id,
        username=user.username,
        name=user.name,
        roles=frozenset(user.roles),
        seat=user.seat,
        lang=user.language,
        scope=await scope_of(session, user.roles, user.org_unit_id, user=user.id),
    )
