"""Fixtures: a fresh, migrated database for a test, once on SQLite and once on PostgreSQL.

`database_url` and `db` are parametrised over both; a test that needs one of them only takes `sqlite_url` or
`postgres_url`. Migrations run once for each kind and session: each test gets a copy of the SQLite file, and the one
PostgreSQL database emptied. A test that changes the schema takes `spare_url`, a database of its own.

Where whole platforms keep their records (telephony, browser, drill) is `records_kind`: what `--database` says, and both
for a test that is marked `both_databases`.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import make_url

from home.postgres import PrivatePostgres
from home.settings import Settings
from models import database
from models.audit import GENESIS
from models.database import Database
from models.tables import metadata

KINDS = ("sqlite", "postgresql")
TEMPLATE, _SHARED = "yjt_template", "yjt_shared"
DATABASE_URL = "YJT_DATABASE_URL"
BEGUN = "score_sheets"  # the migration has put the first ones into it, and nothing works without them
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and no rows; copy it."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    await database.upgrade(f"sqlite:///{path}")
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a private PostgreSQL with a migrated template database, and a copy of it that tests share."""
    settings = Settings.load({"YJT_HOME": str(tmp_path_factory.mktemp("postgres-home"))})
    async with PrivatePostgres(settings) as url:
        create_database(url, TEMPLATE)
        await database.upgrade(_named(url, TEMPLATE))
        create_database(url, _SHARED, template=TEMPLATE)
        yield url


@pytest.fixture(scope="session")
def shared_postgres(postgres_server: str) -> Iterator[_Shared]:
    with closing(_Shared(_named(postgres_server, _SHARED))) as shared:
        yield shared


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return _copy(migrated_sqlite, tmp_path)


@pytest.fixture
def postgres_url(shared_postgres: _Shared) -> str:
    return shared_postgres.emptied()


@pytest.fixture(params=KINDS)
def database_url(
    request: pytest.FixtureRequest, migrated_sqlite: Path, shared_postgres: _Shared, tmp_path: Path
) -> str:
    """A migrated, empty database; the test runs for both kinds."""
    return _copy(migrated_sqlite, tmp_path) if request.param == "sqlite" else shared_postgres.emptied()


@pytest_asyncio.fixture(params=KINDS)
async def spare_url(request: pytest.FixtureRequest, migrated_sqlite: Path, postgres_server: str, tmp_path: Path) -> str:
    """A migrated, empty database whose schema may be changed; the test runs for both kinds."""
    return _copy(migrated_sqlite, tmp_path) if request.param == "sqlite" else clone(postgres_server)


@pytest_asyncio.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


def _copy(template: Path, folder: Path) -> str:
    path = folder / "records.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


class _Shared:
    """The PostgreSQL database that one test after the other has for its own, and a connection to empty it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = _connected(url)
        # Rows lie in the order in which a test has written them.
        unswept = (f"ALTER TABLE {name} SET (autovacuum_enabled = off)" for name in metadata.tables)
        self._connection.execute("; ".join(unswept))

    def close(self) -> None:
        self._connection.close()

    def emptied(self) -> str:
        try:
            self._empty()
        except psycopg.OperationalError:  # a test has ended all connections that there were
            self.close()
            self._connection = _connected(self._url)
            self._empty()
        return self._url

    def _empty(self) -> None:
        """Row by row: there are few of them, and TRUNCATE makes new files for every table and index there is."""
        with self._connection.transaction():
            self._connection.execute("SET LOCAL session_replication_role = replica")  # no triggers, no foreign keys
            self._connection.execute(_EMPTY)
            self._connection.execute(_FIRST_LINK, (GENESIS, GENESIS))


_EMPTY = f"""
{"".join(f"DELETE FROM {name}; " for name in metadata.tables if name != BEGUN)}
DELETE FROM {BEGUN} WHERE number > 1;
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE last_value IS NOT NULL AND sequencename NOT LIKE '{BEGUN}%'
"""
_FIRST_LINK = """
INSERT INTO audit_chain (id, last_id, last_hash, pruned_id, pruned_hash) VALUES (1, 0, %s, 0, %s)
"""


# --- where whole platforms keep their records ----------------------------------------------------------------------

_server = ""  # the PostgreSQL of the test that runs; empty: platforms use SQLite in their homes


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=KINDS, help="where platforms under test keep their records (default sqlite)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.config.getoption("--database") is None and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("records_kind", KINDS, indirect=True)


@pytest.fixture(scope="session", autouse=True)
def records_of_the_run(request: pytest.FixtureRequest) -> Iterator[None]:
    """What `--database` says holds for every platform that a fixture of any scope starts. A server that some test will
    need starts here, where no test counts it as a process of its own."""
    chosen = request.config.getoption("--database")
    if chosen is None and any(item.get_closest_marker("both_databases") for item in request.session.items):
        request.getfixturevalue("postgres_server")
    with _platforms_on(request, chosen):
        yield


@pytest.fixture(autouse=True)
def records_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """`sqlite` or `postgresql`: where a platform that this test starts keeps its records."""
    kind = getattr(request, "param", request.config.getoption("--database")) or "sqlite"
    with _platforms_on(request, kind):
        yield kind


@contextmanager
def _platforms_on(request: pytest.FixtureRequest, kind: str | None) -> Iterator[None]:
    global _server  # noqa: PLW0603 - one process runs one test at a time
    before, _server = _server, request.getfixturevalue("postgres_server") if kind == "postgresql" else ""
    try:
        yield
    finally:
        _server = before


def new_records(*, like: Mapping[str, str] | None = None) -> dict[str, str]:
    """The setting that gives a platform of this test a database of its own, empty or a copy of what was `like` this;
    none for SQLite in its home."""
    if not _server:
        return {}
    template = make_url(like[DATABASE_URL]).database if like else TEMPLATE
    return {DATABASE_URL: clone(_server, template=str(template))}


def empty_database() -> str:
    """The URL of a new database with nothing in it, for a platform that wants to make its own; empty for SQLite in its
    home."""
    return clone(_server, template="template1") if _server else ""


def clone(server: str, *, template: str = TEMPLATE) -> str:
    """The URL of a new database on this server, a copy of the template."""
    name = f"test_{next(_numbers)}"
    create_database(server, name, template=template)
    return _named(server, name)


def create_database(server: str, name: str, *, template: str = "template1") -> None:
    with _connected(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


def _connected(url: str) -> psycopg.Connection:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _named(server: str, name: str) -> str:
    return make_url(server).set(database=name).render_as_string(hide_password=False)
