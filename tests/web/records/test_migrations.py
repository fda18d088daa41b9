"""What migrations make is what the tables say, on both databases, there and back."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, bindparam, inspect, text

from models import database
from models.cases import RecordingRow
from models.database import Database, DatabaseUnavailable
from models.tables import metadata

from .rows import VERSIONS, common, contents, fill

REVISIONS = sorted(database.known_revisions())


def _connection(config: Config) -> Connection:
    connection: Connection = config.attributes["connection"]
    return connection


def _differences(config: Config) -> list[object]:
    context = MigrationContext.configure(_connection(config), opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def _tables(config: Config) -> set[str]:
    return set(inspect(_connection(config)).get_table_names())


async def test_the_migrated_schema_is_that_of_the_tables(spare_url: str) -> None:
    assert await database.with_migrations(spare_url, _differences) == []
    assert (await database.revision_state(spare_url)).up_to_date


async def test_migrations_lead_back_to_nothing_and_up_again(spare_url: str) -> None:
    await database.downgrade(spare_url, "base")
    assert await database.with_migrations(spare_url, _tables) == {VERSIONS}
    state = await database.revision_state(spare_url)
    assert state.current is None
    assert not state.up_to_date
    await database.upgrade(spare_url)
    assert await database.with_migrations(spare_url, _differences) == []


async def test_rows_in_every_table_come_up_from_any_revision(spare_url: str) -> None:
    """Step by step: whatever has come up to a revision comes up from there as well."""
    await database.downgrade(spare_url, "base")
    for revision in REVISIONS:
        before = await contents(spare_url)
        await database.upgrade(spare_url, revision)
        kept, found = common(before, await contents(spare_url))
        assert kept == found, revision
        await fill(spare_url)
    assert (await contents(spare_url)).keys() == metadata.tables.keys()
    assert await database.with_migrations(spare_url, _differences) == []


async def test_rows_survive_each_step_down_and_up_again(spare_url: str) -> None:
    await fill(spare_url)
    for revision, below in itertools.pairwise(reversed(REVISIONS)):
        newer = await contents(spare_url)
        await database.downgrade(spare_url, below)
        older = await contents(spare_url)
        assert older
        for one, other in (common(newer, older), common(older, newer)):
            assert one == other, below
        await database.upgrade(spare_url, revision)
        again = await contents(spare_url)
        kept, found = common(older, again)
        assert kept == found, revision
        assert again.keys() == newer.keys()
        await database.downgrade(spare_url, below)
    await database.upgrade(spare_url)
    assert await database.with_migrations(spare_url, _differences) == []


async def test_two_upgrades_at_once_do_not_hurt_each_other(spare_url: str) -> None:
    await database.downgrade(spare_url, "base")
    await asyncio.gather(database.upgrade(spare_url), database.upgrade(spare_url))
    assert await database.with_migrations(spare_url, _differences) == []


async def test_a_database_that_was_not_upgraded_says_so(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(DatabaseUnavailable, match="yijiantong db upgrade"):
        async with db.read() as session:
            await session.execute(metadata.tables["cases"].select())
    await db.close()


async def test_recordings_keep_their_rows_when_the_hash_comes_and_goes(spare_url: str) -> None:
    """With rows in the tables, up and down: 0001 and 0003."""
    await database.downgrade(spare_url, "0001")
    at = datetime(2026, 1, 5, tzinfo=UTC)
    cases, recordings = metadata.tables["cases"], metadata.tables["recordings"]
    case = {
        "last_seq": 1,
        "kind": "sos",
        "state": "closed",
        "caller": "",
        "dialled": "",
        "channel": "",
        "opened_at": at,
    }
    case |= {"id": "moved", "abandoned": False, "again": 0, "again_of": "", "note": ""}
    row = {"id": "moved-1", "case_id": "moved", "last_seq": 1, "path": "x.wav", "place": "", "people": ["elder"]}
    row |= {"started_at": at, "seconds": 2.5, "problem": ""}

    def put(config: Config) -> None:
        for table, values in ((cases, case), (recordings, row)):
            known = [table.c[name] for name in values]
            names = ", ".join(column.name for column in known)
            marks = ", ".join(f":{column.name}" for column in known)
            statement = text(f"INSERT INTO {table.name} ({names}) VALUES ({marks})")
            binds = [bindparam(column.name, type_=column.type) for column in known]
            _connection(config).execute(statement.bindparams(*binds), values)

    def get(config: Config) -> list[tuple[object, ...]]:
        return [
            tuple(found)
            for found in _connection(config).execute(text("SELECT id, seconds FROM recordings WHERE id = 'moved-1'"))
        ]

    await database.with_migrations(spare_url, put)
    await database.upgrade(spare_url)
    db = Database(spare_url)
    async with db.read() as session:
        kept = await session.get_one(RecordingRow, "moved-1")
        assert (kept.seconds, kept.sha256, kept.removed_at) == (2.5, "", None)
    await db.close()
    await database.downgrade(spare_url, "0001")
    assert await database.with_migrations(spare_url, get) == [("moved-1", 2.5)]
    await database.upgrade(spare_url)
    assert await database.with_migrations(spare_url, _differences) == []
