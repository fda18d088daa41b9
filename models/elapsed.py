"""How long it was from one moment to another, said in SQL: exact to the microsecond on both databases, so that a rule
counts the same rows here and in Python."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

SECOND = 1_000_000


class Elapsed(FunctionElement[int]):
    """Microseconds; NULL when one of the moments is."""

    name = "elapsed"
    type = BigInteger()
    inherit_cache = True


def elapsed(since: Any, until: Any) -> ColumnElement[int]:
    """From the one column (or value with the type `UtcDateTime`) to the other; negative when it comes first."""
    return Elapsed(since, until)


@compiles(Elapsed, "sqlite")
def _on_sqlite(element: Elapsed, compiler: SQLCompiler, **options: Any) -> str:
    """Its own date functions round to milliseconds: whole seconds and the fraction are taken apart."""
    since, until = (_microseconds(compiler.process(moment, **options)) for moment in element.clauses)
    return f"({until} - {since})"


def _microseconds(moment: str) -> str:
    whole = f"CAST(strftime('%s', substr({moment}, 1, 19)) AS INTEGER)"
    return f"({whole} * {SECOND} + CAST(substr({moment}, 21, 6) AS INTEGER))"


@compiles(Elapsed, "postgresql")
def _on_postgresql(element: Elapsed, compiler: SQLCompiler, **options: Any) -> str:
    since, until = (compiler.process(moment, **options) for moment in element.clauses)
    return f"CAST(extract(epoch FROM ({until} - {since})) * {SECOND} AS BIGINT)"
