"""The door to the database: no lost updates, no secrets in complaints, no writing while reading."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from home.postgres import PrivatePostgres
from home.settings import Settings
from models import postgres
from models.audit import AuditEntry, AuditIsFinal, audit
from models.database import Database, DatabaseUnavailable, parse_url, upgrade
from models.org import OrgKind, OrgUnit, add_unit
from models.people import User


async def test_concurrent_read_modify_write_loses_nothing_on_sqlite(sqlite_url: str) -> None:
    databases = [Database(sqlite_url), Database(sqlite_url)]
    async with databases[0].write() as session:
        await add_unit(session, OrgKind.CITY, "0", parent=None)

    async def count_up(db: Database) -> None:
        async with db.write() as session:
            unit = (await session.scalars(select(OrgUnit))).one()
            unit.name = str(int(unit.name) + 1)

    await asyncio.gather(*(count_up(db) for db in databases for _ in range(50)))
    async with databases[0].read() as session:
        assert (await session.scalars(select(OrgUnit.name))).all() == ["100"]
    for db in databases:
        await db.close()


async def test_a_block_that_raises_leaves_nothing(db: Database) -> None:
    async def fail() -> None:
        async with db.write() as session:
            await add_unit(session, OrgKind.CITY, "演示市", parent=None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.read() as session:
        assert (await session.scalars(select(OrgUnit))).all() == []


async def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises((DatabaseUnavailable, DBAPIError), match=r"read-?only"):
        async with db.read() as session:
            await add_unit(session, OrgKind.CITY, "演示市", parent=None)


async def test_a_reader_is_not_kept_waiting_by_a_writer(db: Database) -> None:
    async with asyncio.timeout(2), db.write() as writing:
        await add_unit(writing, OrgKind.CITY, "演示市", parent=None)
        async with db.read() as reading:
            assert (await reading.scalars(select(OrgUnit))).all() == []


async def test_times_come_back_as_aware_utc(db: Database) -> None:
    shanghai = datetime(2026, 11, 22, 8, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with db.write() as session:
        session.add(AuditEntry(id=1, at=shanghai, actor="test", action="try", data={}))
    async with db.read() as session:
        at = (await session.scalars(select(AuditEntry.at))).one()
    assert at == shanghai
    assert at.tzinfo is UTC


async def test_naive_times_are_refused(db: Database) -> None:
    naive = datetime(2026, 11, 22, 8, 30)  # noqa: DTZ001 - the mistake that is tested
    with pytest.raises(StatementError, match="time zone"):
        async with db.write() as session:
            session.add(AuditEntry(id=1, at=naive, actor="test", action="try", data={}))


async def test_audit_entries_are_final(db: Database) -> None:
    async with db.write() as session:
        audit(session, "user:1", "elder.change", "elder:7", fields=["room"])

    async def edit() -> None:
        async with db.write() as session:
            (await session.scalars(select(AuditEntry))).one().action = "elder.read"

    async def delete() -> None:
        async with db.write() as session:
            await session.delete((await session.scalars(select(AuditEntry))).one())

    for change in (edit, delete):
        with pytest.raises(AuditIsFinal):
            await change()


@pytest.mark.parametrize("hostile", ["a\x00b", "\ud800", "😀 'quote\" \\", "x" * 10_000])
async def test_text_of_any_kind_is_kept_or_tamed(db: Database, hostile: str) -> None:
    async with db.write() as session:
        unit = await add_unit(session, OrgKind.CITY, hostile, parent=None)
    async with db.read() as session:
        kept = (await session.scalars(select(OrgUnit.name).where(OrgUnit.id == unit.id))).one()
    assert kept == hostile.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://user:secret@host/db", "not supported"),
        ("sqlite://", "in memory"),
        ("postgresql://user:secret@127.0.0.1:notaport/db", "cannot be read"),
    ],
)
def test_a_wrong_url_is_refused_in_plain_words(url: str, hint: str) -> None:
    with pytest.raises(DatabaseUnavailable, match=hint) as refused:
        Database(url)
    assert "secret" not in str(refused.value)


async def test_an_unreachable_server_is_named_without_the_password() -> None:
    db = Database("postgresql://user:secret@127.0.0.1:1/records")
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1") as away:
        async with db.read() as session:
            await session.execute(text("select 1"))
    assert "secret" not in str(away.value)
    await db.close()


async def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'no-such-folder' / 'a.db'}")
    with pytest.raises(DatabaseUnavailable, match="no-such-folder"):
        async with db.write():
            pass
    await db.close()


async def test_a_server_that_comes_back_is_used_again(postgres_url: str) -> None:
    db = Database(postgres_url)
    async with db.read() as session:
        await session.execute(select(User))
    async with db.write() as session:
        kill = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = :db"
        await session.execute(text(kill), {"db": parse_url(postgres_url).database})
    async with db.read() as session:
        assert (await session.scalars(select(User))).all() == []
    await db.close()


# --- a server that hangs ----------------------------------------------------------------------------------------------

SOON = 4.0  # seconds: much less than any of the deadlines that are ours


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[PrivatePostgres, str]]:
    """One that a test may stop."""
    server = PrivatePostgres(Settings.load({"YJT_HOME": str(tmp_path)}))
    async with server as url:
        yield server, url


@asynccontextmanager
async def hanging(server: PrivatePostgres) -> AsyncIterator[None]:
    await server.hang()
    try:
        yield
    finally:
        server.wake_up()


async def test_what_is_committed_outlives_the_server(server: tuple[PrivatePostgres, str]) -> None:
    """Also at one that is set to answer a commit before it is on the disk, as this one is."""
    await upgrade(server[1])
    db = Database(server[1])
    for number in range(20):
        async with db.write() as session:
            await add_unit(session, OrgKind.CITY, str(number), parent=None)
    await server[0].die()
    await server[0].come_back()
    async with db.read() as session:
        assert len((await session.scalars(select(OrgUnit))).all()) == 20
    await db.close()


@pytest.mark.parametrize("connected", [True, False])
async def test_who_cannot_wait_for_a_server_that_hangs_goes_on_in_time(
    server: tuple[PrivatePostgres, str], *, connected: bool
) -> None:
    db = Database(server[1])
    if connected:
        await _ask(db)
    async with hanging(server[0]):
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await _ask(db)
        assert time.monotonic() - began < SOON
    await _ask(db)
    await db.close()


@pytest.mark.parametrize("what", ["statement", "connection"])
async def test_a_server_that_hangs_is_not_waited_for_without_end(
    server: tuple[PrivatePostgres, str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT", 2)
    engine = postgres.postgres_engine(parse_url(server[1]), answer_within=1.5)
    if what == "statement":
        async with engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    async with hanging(server[0]), asyncio.timeout(10):
        with pytest.raises(OperationalError, match=r"within|timeout"):
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    await engine.dispose()


async def test_a_statement_that_takes_too_long_is_ended_at_the_server_too(postgres_url: str) -> None:
    """Else those that nobody waits for any more would use up its connections."""
    engine = postgres.postgres_engine(parse_url(postgres_url), answer_within=2.0)
    async with engine.connect() as connection:
        with pytest.raises(OperationalError, match="statement timeout"):
            await connection.execute(text("SELECT pg_sleep(60)"))
    async with engine.connect() as connection:
        sleeping = text(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        )
        assert await connection.scalar(sleeping) == 0
    await engine.dispose()


async def _ask(db: Database) -> None:
    async with db.read() as session:
        await session.execute(text("SELECT 1"))
