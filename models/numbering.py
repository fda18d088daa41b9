"""Ids fetched ahead, so that thousands of new rows are inserted with few statements instead of one each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base


async def number(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Give each of these new rows of one table an id that nobody else will get. Within `Database.write()` only: on
    SQLite it is the writer's lock that keeps others away."""
    if not rows:
        return
    ids = await _ids(session, type(rows[0]), len(rows))
    for row, one in zip(rows, ids, strict=True):
        row.id = one  # type: ignore[attr-defined]


async def _ids(session: AsyncSession, table: type[Any], count: int) -> Sequence[int]:
    name = table.__tablename__
    if session.get_bind().dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(name, "id")
        return (await session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count)))).all()
    highest = await session.scalar(select(func.max(table.id))) or 0
    # An id once given is not given again in these tables, even when its row is gone.
    if table.__table__.dialect_options["sqlite"]["autoincrement"]:
        given = await session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name})
        highest = max(highest, given or 0)
    return range(highest + 1, highest + 1 + count)
