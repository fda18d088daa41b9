"""What may befall the database of a house, each as it really comes: locked, full, dead, hung. Inside, it is away."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager

import psycopg
from sqlalchemy import make_url

from home.postgres import PrivatePostgres

from .house import House

_WRITTEN = ("cases", "case_legs", "timeline")
_REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device'; END $$;
"""


@asynccontextmanager
async def locked(house: House) -> AsyncIterator[None]:
    """Somebody else writes for so long, and nobody can; everybody may read."""
    url = make_url(house.settings.database_url)
    if url.get_backend_name() == "sqlite":
        with closing(sqlite3.connect(str(url.database), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")
    else:
        async with await psycopg.AsyncConnection.connect(_conninfo(house)) as connection:
            await connection.execute(f"LOCK TABLE {', '.join(_WRITTEN)} IN EXCLUSIVE MODE")
            yield
            await connection.rollback()


@asynccontextmanager
async def full(house: House) -> AsyncIterator[None]:
    """PostgreSQL refuses every row with the error of a full disk."""
    async with await psycopg.AsyncConnection.connect(_conninfo(house), autocommit=True) as connection:
        await connection.execute(_REFUSE)
        for table in _WRITTEN:
            await connection.execute(
                f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()"
            )
        yield
        await connection.execute("DROP FUNCTION refuse CASCADE")


@contextmanager
def disk_full_for(pid: int) -> Iterator[None]:
    """This process can add nothing to any file: not to SQLite's, not to the journal's own, not to its log."""
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@asynccontextmanager
async def dead(server: PrivatePostgres) -> AsyncIterator[None]:
    await server.die()
    yield
    await server.come_back()


@asynccontextmanager
async def hung(server: PrivatePostgres) -> AsyncIterator[None]:
    await server.hang()
    try:
        yield
    finally:
        server.wake_up()


def _conninfo(house: House) -> str:
    url = make_url(house.settings.database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
