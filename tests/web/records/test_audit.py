"""The audit log cannot be changed, shows when it was, and lets go of what is old enough without breaking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from models import audit as audit_module
from models import database
from models.audit import AuditChain, AuditEntry, audit, origin
from models.audit_proof import KEPT, Verdict, prune, verify
from models.base import utc_now
from models.database import Database

_SLIPPED_IN = (
    "INSERT INTO audit (id, at, actor, action, record, origin, data, hash) "
    "SELECT 5, at, actor, action, record, origin, data, hash FROM audit WHERE id = 4"
)


async def _tell(db: Database, *actions: str) -> None:
    async with db.write() as session:
        for action in actions:
            audit(session, "user:1", action, "elder:7", fields=["room"])


@contextmanager
def _some_days_ago(days: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    at = utc_now() - timedelta(days=days)
    with monkeypatch.context() as patched:
        patched.setattr(audit_module, "utc_now", lambda: at)
        yield


async def _tamper(db: Database, *statements: str) -> None:
    """As somebody does who may do everything with the database, triggers included."""
    async with db.write() as session:
        if db.is_sqlite:
            names = await session.scalars(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'")
            )
            statements = (*(f"DROP TRIGGER {name}" for name in names), *statements)
        else:
            statements = ("SET LOCAL session_replication_role = replica", *statements)
        for statement in statements:
            await session.execute(text(statement))


async def test_an_entry_says_who_what_whose_from_where_and_when(db: Database) -> None:
    token = origin.set("192.0.2.7")
    await _tell(db, "elder.change")
    origin.reset(token)
    async with db.read() as session:
        entry = (await session.scalars(select(AuditEntry))).one()
    assert (entry.id, entry.actor, entry.action, entry.record) == (1, "user:1", "elder.change", "elder:7")
    assert (entry.elder, entry.origin, entry.data) == (7, "192.0.2.7", {"fields": ["room"]})
    assert isinstance(entry.at, datetime)
    assert len(entry.hash) == 64


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET action = 'nothing' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit",
        "DELETE FROM audit_chain",
        "UPDATE audit_chain SET pruned_id = 2",
        "UPDATE audit_chain SET last_id = 1",
    ],
)
async def test_the_database_itself_refuses_to_change_it(db: Database, statement: str) -> None:
    await _tell(db, "a", "b", "c")
    with pytest.raises(IntegrityError, match="audit log"):
        async with db.write() as session:
            await session.execute(text(statement))
    assert (await verify(db)).broken is None


async def test_postgres_does_not_truncate_it(postgres_url: str) -> None:
    db = Database(postgres_url)
    await _tell(db, "a")
    with pytest.raises(IntegrityError, match="audit log"):
        async with db.write() as session:
            await session.execute(text("TRUNCATE audit"))
    await db.close()


async def test_a_whole_log_is_whole(db: Database) -> None:
    assert await verify(db) == Verdict(entries=0, pruned=0, last=0, hash="0" * 64)
    await _tell(db, "a", "b")
    await _tell(db, "c")
    verdict = await verify(db)
    assert (verdict.entries, verdict.last, verdict.broken) == (3, 3, None)


async def test_what_was_undone_is_not_on_it(db: Database) -> None:
    async def undone() -> None:
        async with db.write() as session:
            audit(session, "user:1", "elder.change", "elder:7")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await undone()
    await _tell(db, "a")
    assert (await verify(db)).entries == 1


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'user:2' WHERE id = 3", 3),
        ("UPDATE audit SET origin = '192.0.2.1' WHERE id = 3", 3),
        ("UPDATE audit SET data = '{}' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id >= 3", 3),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET hash = (SELECT o.hash FROM audit o WHERE o.id = 4) WHERE id = 3", 3),
        (_SLIPPED_IN, 5),
    ],
)
async def test_the_first_entry_that_does_not_fit_is_named(db: Database, statement: str, broken: int) -> None:
    await _tell(db, "a", "b", "c", "d")
    await _tamper(db, statement)
    verdict = await verify(db)
    assert verdict.broken == broken
    assert verdict.entries == broken - 1


async def test_many_writers_make_one_chain(db: Database) -> None:
    await asyncio.gather(*(_tell(db, f"a{number}", f"b{number}") for number in range(20)))
    verdict = await verify(db)
    assert (verdict.entries, verdict.broken) == (40, None)


async def test_old_entries_go_and_the_chain_holds(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with _some_days_ago(KEPT.days + 1, monkeypatch):
        await _tell(db, "old", "old too")
    with _some_days_ago(KEPT.days - 1, monkeypatch):
        await _tell(db, "young")
    await _tell(db, "new")
    assert await prune(db) == 2
    assert await prune(db) == 0
    verdict = await verify(db)
    assert (verdict.entries, verdict.pruned, verdict.last, verdict.broken) == (2, 2, 4, None)
    await _tamper(db, "DELETE FROM audit WHERE id = 3")
    assert (await verify(db)).broken == 3


async def test_nobody_makes_it_keep_less_than_400_days(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with _some_days_ago(300, monkeypatch):
        await _tell(db, "a")
    assert await prune(db, kept=timedelta(days=1)) == 0
    with pytest.raises(IntegrityError, match="400"):
        async with db.write() as session:
            await session.execute(text("UPDATE audit_chain SET pruned_id = 1"))
    assert (await verify(db)).entries == 1


async def test_a_log_that_goes_all_the_way_can_be_pruned_whole(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with _some_days_ago(KEPT.days + 1, monkeypatch):
        await _tell(db, "old", "old too")
    assert await prune(db) == 2
    await _tell(db, "new")
    verdict = await verify(db)
    assert (verdict.entries, verdict.last, verdict.broken) == (1, 3, None)


async def test_entries_from_before_the_chain_are_chained_by_the_migration(spare_url: str) -> None:
    db = Database(spare_url)
    await _tell(db, "a", "b", "c")
    async with db.write() as session:
        await session.execute(
            text(
                "INSERT INTO users (username, password_hash, name, roles, language, active, password_changed_at, "
                "created_at) VALUES ('demo', 'x', 'x', '[]', 'zh', true, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
            )
        )
    await database.downgrade(spare_url, "0001")
    async with db.write() as session:
        await session.execute(text("DELETE FROM audit WHERE id = 2"))  # as a number that was never given out
    await database.upgrade(spare_url)
    verdict = await verify(db)
    assert (verdict.entries, verdict.last, verdict.broken) == (2, 2, None)
    await _tell(db, "d")
    async with db.read() as session:
        assert [row.action for row in await session.scalars(select(AuditEntry).order_by(AuditEntry.id))] == [
            "a",
            "c",
            "d",
        ]
        assert (await session.scalars(select(AuditChain.last_id))).one() == 3
        assert (await session.scalars(select(AuditEntry.elder))).all() == [7, 7, 7]
    await db.close()
