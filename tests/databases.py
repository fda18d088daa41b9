"""Fixtures: a fresh, migrated database for a test, once on SQLite and once on PostgreSQL.

`database_url` and `db` are parametrised over both; a test that needs one of them only takes `sqlite_url` or
`postgres_url`. Migrations run once for each kind and session: each test gets a copy of the SQLite file, and the one
PostgreSQL database emptied. A test that changes the schema takes `spare_url`, a database of its own.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import insert, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from home.postgres import PrivatePostgres
from home.settings import Settings
from models import database
from models.audit import GENESIS, AuditChain
from models.database import Database
from models.tables import metadata

KINDS = ("sqlite", "postgresql")
_TEMPLATE = "yjt_template"
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and no rows; copy it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    await database.upgrade(f"sqlite:///{path}")
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a private PostgreSQL with a migrated template database."""
    settings = Settings.load({"YJT_HOME": str(tmp_path_factory.mktemp("postgres-home"))})
    async with PrivatePostgres(settings) as url:
        await _create(url, _TEMPLATE)
        await database.upgrade(_named(url, _TEMPLATE))
        yield url


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return _copy(migrated_sqlite, tmp_path)


@pytest_asyncio.fixture
async def postgres_url(postgres_server: str) -> str:
    return await _emptied(_named(postgres_server, _TEMPLATE))


@pytest_asyncio.fixture(params=KINDS)
async def database_url(
    request: pytest.FixtureRequest, migrated_sqlite: Path, postgres_server: str, tmp_path: Path
) -> str:
    """A migrated, empty database; the test runs for both kinds."""
    if request.param == "sqlite":
        return _copy(migrated_sqlite, tmp_path)
    return await _emptied(_named(postgres_server, _TEMPLATE))


@pytest_asyncio.fixture(params=KINDS)
async def spare_url(request: pytest.FixtureRequest, migrated_sqlite: Path, postgres_server: str, tmp_path: Path) -> str:
    """A migrated, empty database whose schema may be changed; the test runs for both kinds."""
    return _copy(migrated_sqlite, tmp_path) if request.param == "sqlite" else await _clone(postgres_server)


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


def _copy(template: Path, folder: Path) -> str:
    path = folder / "records.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


async def _emptied(url: str) -> str:
    tables = ", ".join(metadata.tables)
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))  # the audit log's triggers
        await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
        chain = {"id": 1, "last_id": 0, "last_hash": GENESIS, "pruned_id": 0, "pruned_hash": GENESIS}
        await connection.execute(insert(AuditChain).values(chain))
    await engine.dispose()
    return url


async def _clone(server: str) -> str:
    name = f"test_{next(_numbers)}"
    await _create(server, name, template=_TEMPLATE)
    return await _emptied(_named(server, name))


async def _create(server: str, name: str, *, template: str = "template1") -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    await engine.dispose()


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
