"""The one door to the database: `Database.read()`, `Database.write()`, `upgrade()`. No table, no rule lives here.

SQLite takes one writer at a time: writers queue for the only connection of the writing engine, and each begins with
BEGIN IMMEDIATE, so that what it read is still true when it writes. Readers have connections that cannot write.

Alembic is loaded by who migrates or asks for revisions only: a controller or a web process starts without it. So is
PostgreSQL's driver by who works with a PostgreSQL.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from alembic.config import Config

T = TypeVar("T")

BUSY_TIMEOUT = 10.0
WRITER_WAIT = 30.0  # seconds for a connection of the pool to become free
MIGRATE_WITHIN = 600.0  # seconds for one statement of a migration: it may rewrite a table of years
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_MIGRATIONS = Path(__file__).parent.parent / "migrations"
_UPGRADE_LOCK = 0x79_6A_74  # any number that only we use: two processes must not upgrade at once


class DatabaseUnavailable(Exception):
    """The database cannot be reached, is not what its URL says, or cannot work now; never names a password."""


class Database:
    """Sessions on one database.

    Raises:
        DatabaseUnavailable: the URL is wrong (at once), or the database cannot be used (at `read` or `write`).
    """

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        """`busy_timeout`: seconds to wait for another process that writes (SQLite)."""
        self.url = parse_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(
                self.url, begin="BEGIN IMMEDIATE", busy_timeout=busy_timeout, pool_size=1, max_overflow=0
            )
            self._reader = _sqlite_engine(self.url, begin="BEGIN", query_only=True, pool_size=4, max_overflow=0)
        else:
            from models.postgres import postgres_engine

            self._writer = postgres_engine(self.url, pool_size=8, pool_timeout=WRITER_WAIT, pool_pre_ping=True)
            self._reader = self._writer.execution_options(postgresql_readonly=True)
        self._write = async_sessionmaker(self._writer, expire_on_commit=False)
        self._read = async_sessionmaker(self._reader, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """One consistent look; what a session here tries to write is refused by the database."""
        with self._translated():
            async with self._read() as session:
                await session.connection()
                yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, undone when it raises."""
        with self._translated():
            async with self._write.begin() as session:
                await session.connection()
                yield session

    async def close(self) -> None:
        await self._writer.dispose()
        if self.is_sqlite:
            await self._reader.dispose()

    def _translated(self) -> _Translated:
        return _Translated(self.url)


class _Translated:
    """Turns the drivers' ways of saying "not now" into DatabaseUnavailable."""

    def __init__(self, url: URL) -> None:
        self._url = url

    def __enter__(self) -> None:
        file = self._url.database if self._url.get_backend_name() == "sqlite" else None
        if file and not Path(file).parent.is_dir():
            raise DatabaseUnavailable(_complaint(self._url, "there is no such folder; make it, or name another"))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        match error:
            case OperationalError() | InterfaceError():
                raise DatabaseUnavailable(_complaint(self._url, error.orig)) from error
            case DBAPIError() if error.connection_invalidated:
                raise DatabaseUnavailable(_complaint(self._url, error.orig)) from error
            case PoolTimeout():
                raise DatabaseUnavailable(_complaint(self._url, "too busy, no connection became free")) from error
            case _:
                return


def parse_url(url: str) -> URL:
    """The URL with the driver that we use filled in.

    Raises:
        DatabaseUnavailable: it is no URL, or names a database that we do not work with.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise DatabaseUnavailable(
            "the database URL cannot be read: write sqlite:////folder/file.db or postgresql://user:password@host/name"
        ) from None
    if backend not in _DRIVERS:
        raise DatabaseUnavailable(f"database {backend!r} is not supported: use sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise DatabaseUnavailable("SQLite in memory cannot be shared: name a file, sqlite:////folder/file.db")
    return parsed.set(drivername=_DRIVERS[backend])


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to this revision; two processes that do it at once wait for each other."""
    from alembic import command

    await with_migrations(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the schema back to this revision (`base`: nothing left)."""
    from alembic import command

    await with_migrations(url, lambda config: command.downgrade(config, revision))


@dataclass(frozen=True, slots=True)
class RevisionState:
    """`current` is None for an empty database."""

    current: str | None
    head: str | None

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head


async def revision_state(url: str) -> RevisionState:
    """Which revision the schema has and which one this program needs."""
    return await with_migrations(url, _revision_state, within=BUSY_TIMEOUT)


def known_revisions() -> frozenset[str]:
    """Every revision of the schema that this program can bring up to date."""
    from alembic.script import ScriptDirectory

    return frozenset(script.revision for script in ScriptDirectory.from_config(_scripts()).walk_revisions())


def _revision_state(config: Config) -> RevisionState:
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    current = MigrationContext.configure(config.attributes["connection"]).get_current_revision()
    return RevisionState(current=current, head=ScriptDirectory.from_config(config).get_current_head())


async def with_migrations(url: str, work: Callable[[Config], T], *, within: float = MIGRATE_WITHIN) -> T:
    """Do this with alembic, in one transaction that no other process can have at the same time. `within`: seconds for
    each statement on PostgreSQL."""
    parsed = parse_url(url)
    with _Translated(parsed):
        if parsed.get_backend_name() == "sqlite":
            return await asyncio.to_thread(_migrate_sqlite, parsed, work)
        return await _migrate_postgres(parsed, work, within)


def _migrate_sqlite(url: URL, work: Callable[[Config], T]) -> T:
    """In one thread: to read a schema is thousands of small questions, and to hand each to another thread and its
    answer back was most of the work. Foreign keys stay off: a batch migration replaces tables that others point to."""
    prepared = _sqlite_connection(foreign_keys=False)
    engine = create_engine(
        url.set(drivername="sqlite"), hide_parameters=True, connect_args=prepared, poolclass=NullPool
    )
    _begin_with(engine, "BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            return work(_config(connection))
    finally:
        engine.dispose()


async def _migrate_postgres(url: URL, work: Callable[[Config], T], within: float) -> T:
    from models.postgres import postgres_engine

    engine = postgres_engine(url, answer_within=within, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            return await connection.run_sync(lambda it: work(_config(it)))
    finally:
        await engine.dispose()


def _scripts() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _config(connection: Connection) -> Config:
    config = _scripts()
    config.attributes["connection"] = connection
    return config


def _sqlite_engine(
    url: URL, *, begin: str, query_only: bool = False, busy_timeout: float = BUSY_TIMEOUT, **pool: Any
) -> AsyncEngine:
    connection = _sqlite_connection(busy_timeout, query_only=query_only)
    engine = create_async_engine(url, hide_parameters=True, connect_args=connection, pool_timeout=WRITER_WAIT, **pool)
    _begin_with(engine.sync_engine, begin)
    return engine


def _sqlite_connection(
    busy_timeout: float = BUSY_TIMEOUT, *, query_only: bool = False, foreign_keys: bool = True
) -> dict[str, Any]:
    """What `sqlite3.connect` is given. A connection is ready once it is made: who is cancelled between its making and
    its settings, because the register must answer in time, would leave it open to nobody's use."""

    class Prepared(sqlite3.Connection):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            self.execute("PRAGMA journal_mode = WAL")
            self.execute("PRAGMA synchronous = FULL")
            self.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
            self.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")

    # The driver must not begin transactions of its own accord.
    return {"timeout": busy_timeout, "isolation_level": None, "factory": Prepared}


def _begin_with(engine: Engine, begin: str) -> None:
    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


def _complaint(url: URL, reason: object) -> str:
    reason = " ".join(str(reason).split())
    if "no such table" in reason:
        reason += " - run `yijiantong db upgrade` first"
    return f"database {url.render_as_string(hide_password=True)}: {reason}"
