"""How often somebody may be wrong about a password: growing waits for a name at an address, for an address, and for a
name. Never for ever, and an address at which the name got in lately is not held up by what others try elsewhere.

Names and addresses are kept as hashes only: people type passwords into the field of the user name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=2)  # without another failure
KNOWN_FOR: Final = timedelta(days=30)  # an address at which the name got in


@dataclass(frozen=True, slots=True)
class Rule:
    """`allowed` failures are free, each further one doubles the wait."""

    kind: str
    allowed: int

    def wait(self, failures: int) -> timedelta:
        over = failures - self.allowed
        return timedelta(0) if over < 0 else min(FIRST_WAIT * 2 ** min(over, 10), LONGEST_WAIT)


# A person who mistypes; somebody who tries one password on many names (a whole office may sit behind one address); many
# addresses that try one name.
PAIR: Final = Rule("pair", 5)
ADDRESS: Final = Rule("address", 30)
NAME: Final = Rule("name", 50)
_KNOWN: Final = "known"


class LogInTries(Base):
    """`key` is the kind of rule and a hash; of kind `known`, `failed_at` is when the name got in there last."""

    __tablename__ = "log_in_tries"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    locked_until: Mapped[datetime | None]


async def locked_until(session: AsyncSession, username: str, address: str) -> datetime | None:
    """When this name may be tried again from this address; None for at once."""
    rules = _rules(username, address)
    known = _key(_KNOWN, username, address)
    rows = {
        row.key: row
        for row in await session.scalars(select(LogInTries).where(LogInTries.key.in_([*rules.values(), known])))
    }
    now = utc_now()
    if known in rows and rows[known].failed_at > now - KNOWN_FOR:
        del rules[NAME]  # what others try elsewhere is not held against the person who works here
    ends = [rows[key].locked_until for key in rules.values() if key in rows]
    return max((end for end in ends if end is not None and end > now), default=None)


async def failed(session: AsyncSession, username: str, address: str) -> datetime | None:
    """One more failure; the end of the wait when it was one too many."""
    now = utc_now()
    await _forget(session, now)
    rules = {key: rule for rule, key in _rules(username, address).items()}
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = [{"key": key, "failures": 0, "failed_at": now} for key in sorted(rules)]
    await session.execute(insert(LogInTries).on_conflict_do_nothing(), fresh)
    # In the order of the keys, so that two failures at once never wait for each other in a circle.
    mine = select(LogInTries).where(LogInTries.key.in_(rules)).order_by(LogInTries.key).with_for_update()
    for row in await session.scalars(mine):
        row.failures = 1 if row.failed_at < now - FORGOTTEN_AFTER else row.failures + 1
        wait = rules[row.key].wait(row.failures)
        row.failed_at, row.locked_until = now, now + wait if wait else None
    await session.flush()
    return await locked_until(session, username, address)


async def succeeded(session: AsyncSession, username: str, address: str) -> None:
    """The failures of this name at this address are forgotten, the address is known."""
    await session.execute(delete(LogInTries).where(LogInTries.key == _key(PAIR.kind, username, address)))
    await session.merge(LogInTries(key=_key(_KNOWN, username, address), failures=0, failed_at=utc_now()))


async def unlock(session: AsyncSession, username: str) -> None:
    """Whatever was tried under this name counts no more, from wherever, nor do the addresses that are locked: nobody
    can tell from which of them the person wants to come in."""
    of_name = LogInTries.key.startswith(f"{PAIR.kind}:{_hash(username)}:")
    of_address = LogInTries.key.startswith(f"{ADDRESS.kind}:") & LogInTries.locked_until.is_not(None)
    await session.execute(
        delete(LogInTries).where(or_(LogInTries.key == _key(NAME.kind, username, ""), of_name, of_address))
    )


async def locks(session: AsyncSession, usernames: list[str]) -> dict[str, datetime]:
    """The names among these that are locked somewhere, and until when."""
    query = select(LogInTries.key, LogInTries.locked_until).where(LogInTries.locked_until > utc_now())
    ends: dict[str, datetime] = {}
    for key, end in (await session.execute(query)).all():
        kind, name, *_ = f"{key}::".split(":")
        if kind != ADDRESS.kind and end is not None:
            ends[name] = max(end, ends.get(name, end))
    return {username: ends[_hash(username)] for username in usernames if _hash(username) in ends}


async def _forget(session: AsyncSession, now: datetime) -> None:
    known = LogInTries.key.startswith(f"{_KNOWN}:")
    old = (~known & (LogInTries.failed_at < now - FORGOTTEN_AFTER)) | (known & (LogInTries.failed_at < now - KNOWN_FOR))
    await session.execute(delete(LogInTries).where(old))


def _rules(username: str, address: str) -> dict[Rule, str]:
    return {
        PAIR: _key(PAIR.kind, username, address),
        ADDRESS: _key(ADDRESS.kind, "", address),
        NAME: _key(NAME.kind, username, ""),
    }


def _key(kind: str, username: str, address: str) -> str:
    parts = (kind, _hash(username) if username else "", _hash(address) if address else "")
    return ":".join(parts).rstrip(":")


def _hash(text: str) -> str:
    return hashlib.sha256(text.strip().lower().encode()).hexdigest()[:32]
