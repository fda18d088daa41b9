"""INSERT that bears a row which is there already: SQLite and PostgreSQL say it alike, SQLAlchemy per dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base


def dialect_insert(session: AsyncSession, table: type[Any]) -> Any:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update`, for the database of this session."""
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert(table.__table__) if on_sqlite else postgresql.insert(table.__table__)


async def insert_or_ignore(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """What is there already stays as it is."""
    if rows:
        await session.execute(dialect_insert(session, table).on_conflict_do_nothing(), list(rows))
