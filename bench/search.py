"""The search box of the register on 200 000 files, on both databases: one search of each kind, over and over, each time
for another elder. What is timed is all that a page of the list asks the database for.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from home.postgres import PrivatePostgres
from home.settings import Settings
from models import demo_crowd
from models.database import Database, upgrade
from models.queries.elders import list_elders
from models.scope import EVERYWHERE

ELDERS = 200_000
ROUNDS = 40  # of each kind
TARGET = 100.0  # ms, at p99
_PAGE = 30
_STRIDE = 7919  # a prime: no elder twice

KINDS: dict[str, Callable[[int], str]] = {
    "name": lambda number: demo_crowd.name_of(number).removeprefix("演示·"),
    "surname": lambda number: demo_crowd.name_of(number)[3:4],
    "what all names begin with": lambda _: "演示",
    "initials": lambda number: "ysz" if number % 2 else "ysl",
    "whole line": demo_crowd.line_of,
    "phone part": lambda number: demo_crowd.line_of(number)[2:7],
    "last four digits": lambda number: demo_crowd.line_of(number)[-4:],
    "mobile of the child": lambda number: f"120{demo_crowd.line_of(number)}",
    "ID card end": lambda number: demo_crowd.card_of(number)[-6:],
    "estate": lambda _: "示例新村",
    "address": lambda number: f"示例新村{number % 90 + 1}号楼{number % 6 + 1}0{number % 4 + 1}室",
    "name and address": lambda number: f"{demo_crowd.name_of(number)[3:]} {number % 90 + 1}号楼",
    "name and end of the line": lambda number: f"演示 {demo_crowd.line_of(number)[-5:]}",
    "nobody": lambda number: f"无此人{number}",
}


@dataclass(frozen=True, slots=True)
class Searched:
    """One kind of search on one database, in ms; `missed`: searches for an elder that found nobody."""

    database: str
    kind: str
    p50: float
    p99: float
    missed: int


async def run(*, elders: int = ELDERS, rounds: int = ROUNDS) -> list[Searched]:
    """Put so many elders on file, on SQLite and then on PostgreSQL, and search."""
    found: list[Searched] = []
    with tempfile.TemporaryDirectory(prefix="yjt-bench-") as folder:
        for kind in ("SQLite", "PostgreSQL"):
            async with _database(kind, Path(folder)) as url:
                await upgrade(url)
                db = Database(url)
                try:
                    await demo_crowd.add(db, elders)
                    async with db.write() as session:  # which PostgreSQL does by itself within a minute
                        await session.execute(text("ANALYZE"))
                    gc.collect()
                    gc.freeze()  # as in the web, which answers searches and has not filled a register
                    found += [await _searched(db, kind, name, elders, rounds) for name in KINDS]
                finally:
                    await db.close()
    return found


def markdown(found: Sequence[Searched]) -> str:
    rows = [f"| {f.kind} | {f.database} | {f.p50:.1f} | {f.p99:.1f} |" for f in found]
    head = ["| search by | database | p50 ms | p99 ms |", "|---|---|---:|---:|"]
    verdict = "met" if met(found) else "MISSED"
    slowest = max(figure.p99 for figure in found)
    target = f"Target: every kind below {TARGET:.0f} ms at p99 on {ELDERS} files; {verdict} ({slowest:.0f} ms)."
    return "\n".join([*head, *rows, "", target])


def met(found: Sequence[Searched]) -> bool:
    return all(figure.p99 < TARGET and not figure.missed for figure in found)


async def _searched(db: Database, database: str, kind: str, elders: int, rounds: int) -> Searched:
    times, missed = [], 0
    for number in _spread(elders, rounds):
        words = KINDS[kind](number)
        began = time.perf_counter()
        async with db.read() as session:
            page = await list_elders(session, scope=EVERYWHERE, search=words, limit=_PAGE)
        times.append(1000 * (time.perf_counter() - began))
        missed += not page.items and kind != "nobody"
    return Searched(database, kind, statistics.median(times), statistics.quantiles(times, n=100)[98], missed)


def _spread(elders: int, rounds: int) -> Iterator[int]:
    return (1 + n * _STRIDE % elders for n in range(rounds))


@asynccontextmanager
async def _database(kind: str, folder: Path) -> AsyncIterator[str]:
    if kind == "SQLite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    async with PrivatePostgres(Settings.load({"YJT_HOME": str(folder / "home")})) as url:
        yield url
