"""Rows for every table there is, made from the tables themselves: a new table is covered as well, or the helper fails.

Works on any revision: the tables are read from the database, so that a migration meets the rows of the day before it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alembic.config import Config
from sqlalchemy import JSON, Column, Connection, Enum, MetaData, Table, inspect, select, text
from sqlalchemy.types import Boolean, Date, DateTime, Float, Integer, LargeBinary, Numeric, TypeEngine

from models import database
from models.tables import metadata

ROWS = 3
VERSIONS = "alembic_version"
_START = datetime(2026, 1, 5, 8, 30, 15, 123456, tzinfo=UTC)

Row = Mapping[str, Any]
Tables = dict[str, list[Row]]


async def fill(url: str) -> None:
    """`ROWS` rows in every table that is empty."""
    await database.with_migrations(url, lambda config: _fill(_connection(config)))


async def contents(url: str) -> Tables:
    """Every row of every table, by column, in the order of the keys."""
    return await database.with_migrations(url, lambda config: _contents(_connection(config)))


def common(before: Tables, after: Tables) -> tuple[Tables, Tables]:
    """What both have: a migration may add and take away tables and columns."""
    first, second = {}, {}
    for table in before.keys() & after.keys():
        columns = set(before[table][0]) & set(after[table][0]) if before[table] and after[table] else set()
        first[table] = _rows_of(before[table], columns)
        second[table] = _rows_of(after[table], columns)
    return first, second


def _rows_of(rows: list[Row], columns: set[str] | None = None) -> list[Row]:
    """In an order that is the same whatever the database does; of these columns, or of all."""
    return sorted(({name: row[name] for name in sorted(row if columns is None else columns)} for row in rows), key=repr)


def _connection(config: Config) -> Connection:
    connection: Connection = config.attributes["connection"]
    return connection


def _reflected(connection: Connection, names: Collection[str]) -> MetaData:
    """These tables and those that they point to: reading all of them, revision by revision, is most of a test."""
    found = MetaData()
    found.reflect(connection, only=names)
    return found


def _contents(connection: Connection) -> Tables:
    """As the driver gives it: looking up what each column is would take ten times as long."""
    return {
        name: _rows_of([dict(row) for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings()])
        for name in inspect(connection).get_table_names()
        if name != VERSIONS
    }


def _fill(connection: Connection) -> None:
    there = _contents(connection)
    made = {name for name, rows in there.items() if rows}  # by a migration, or by this before
    tables = _reflected(connection, there.keys() - made)
    for table in tables.sorted_tables:
        if table.name in made:
            continue
        for number in range(1, ROWS + 1):
            connection.execute(table.insert().values(_row(connection, table, number)))
    empty = [name for name, rows in _contents(connection).items() if len(rows) < ROWS and name not in made]
    assert not empty, f"no rows were made for {empty}"
    if connection.dialect.name == "postgresql":
        _count_on(connection, tables)


def _count_on(connection: Connection, tables: MetaData) -> None:
    """The next row that the platform adds takes the next number."""
    for table in tables.tables.values():
        for column in table.columns:
            if column.server_default is not None and "nextval" in str(column.server_default.arg):
                name = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                connection.exec_driver_sql(f"SELECT setval({name}, {ROWS})")


def _row(connection: Connection, table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(connection, column, number) for column in table.columns}


def _value(connection: Connection, column: Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        if key.column.table is column.table:
            return None  # a tree: all of these are roots
        keys = connection.scalars(select(key.column).order_by(key.column)).all()
        return keys[(number - 1) % len(keys)]
    if column.nullable and number == ROWS:
        return None
    known = metadata.tables.get(column.table.name)
    told = known.columns[column.name].type if known is not None and column.name in known.columns else column.type
    if isinstance(told, Enum):
        return told.enums[number % len(told.enums)]
    return _of_type(column, number)


def _of_type(column: Column[Any], number: int) -> Any:
    for kind, make in _MAKERS.items():
        if isinstance(column.type, kind):
            return make(number)
    length = getattr(column.type, "length", None)
    return f"{column.name} {number} 演示'\"\\\n😀"[-(length or 100) :]


_MAKERS: Mapping[type[TypeEngine[Any]], Callable[[int], Any]] = {
    Boolean: lambda number: number % 2 == 0,
    Integer: lambda number: number,
    Float: lambda number: number + 0.5,
    Numeric: lambda number: number,
    DateTime: lambda number: _START + timedelta(days=number),
    Date: lambda number: date(1940, 5, number),
    JSON: lambda number: {"数": number, "list": [None, True, 'a"b']},
    LargeBinary: lambda number: bytes([number, 0, 255]),
}
