"""Both databases for the tests of the records."""

from tests.databases import (
    database_url,
    db,
    migrated_sqlite,
    postgres_server,
    postgres_url,
    spare_url,
    sqlite_url,
)

__all__ = ["database_url", "db", "migrated_sqlite", "postgres_server", "postgres_url", "spare_url", "sqlite_url"]
