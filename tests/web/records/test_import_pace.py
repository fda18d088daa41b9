"""How much of an import is one transaction: a few files or places, so that nobody waits long for SQLite's writer."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from models.database import Database
from models.elder_forms import ElderForm
from models.import_actions import start_undo
from models.import_undo import undo
from models.org import OrgKind, add_unit, list_units
from models.pace import _MOST, Pace
from models.register import create_elder
from models.register_import import ImportOptions, import_elders

PLACES = 260  # more than two transactions may have
HEADER = ("姓名", "住宅电话", "区", "街道", "社区")


class Written:
    """Rows of each table that each transaction puts in or takes out."""

    def __init__(self, db: Database) -> None:
        self.transactions: list[Counter[str]] = []
        self._now: Counter[str] = Counter()
        engine = db._writer.sync_engine
        event.listen(engine, "after_cursor_execute", self._executed)
        event.listen(engine, "commit", self._committed)

    def _executed(self, *told: object) -> None:
        cursor, statement = told[1], str(told[2])
        words = statement.split()
        if words[0] in ("INSERT", "DELETE"):
            told_of = getattr(cursor, "rowcount", 1)  # not of every INSERT
            self._now[f"{words[0]} {words[2]}"] += told_of if words[0] == "DELETE" else max(told_of, 1)

    def _committed(self, _: Connection) -> None:
        self.transactions.append(self._now)
        self._now = Counter()

    def most(self, change: str) -> tuple[int, int]:
        """In one transaction, and in all."""
        counts = [transaction[change] for transaction in self.transactions]
        return max(counts), sum(counts)


@pytest.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    yield opened
    await opened.close()


async def test_thousands_of_places_and_files_are_many_small_transactions(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There and back, in a register where somebody has come to live in one of the places meanwhile."""
    monkeypatch.setattr("models.pace.RESTS", 0.0)
    written, sheet = Written(db), tmp_path / "register.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for number in range(PLACES):
            rows.writerow(
                (f"演示·{number}", f"1{number:07d}", "示范区", f"演示{number // 20}街道", f"演示{number}社区")
            )
    report = await import_elders(db, sheet, ImportOptions(area_code="021", by="user:1", create_orgs=True))
    assert (report.created, report.done) == (PLACES, True)
    streets = PLACES // 20
    for change, all_of_them in (("INSERT elders", PLACES), ("INSERT org_units", PLACES + streets + 1)):
        at_once, total = written.most(change)
        assert (total, at_once <= 3 * _MOST) == (all_of_them, True), change
        assert at_once < total / 2, change

    async with db.write() as session:
        units = {unit.name: unit.id for unit in await list_units(session)}
        there = ElderForm(name="演示·后来", home_phone="19999999", org_unit_id=units["演示7社区"])
        await create_elder(session, there, by="user:1", area_code="021")
        await add_unit(session, OrgKind.COMMUNITY, "另一社区", parent=units["示范区"])
        assert report.number is not None
        run = (await start_undo(session, report.number, by="user:1")).run
    written.transactions.clear()
    assert await undo(db, report.number, run, by="user:1", area_code="021") == 0
    for change, all_of_them in (("DELETE elders", PLACES), ("DELETE org_units", PLACES + streets + 1 - 3)):
        at_once, total = written.most(change)
        assert (total, at_once <= _MOST) == (all_of_them, True), change
        assert at_once < total / 2, change
    async with db.read() as session:
        left = {unit.name for unit in await list_units(session)}
    assert left == {"示范区", "演示0街道", "演示7社区", "另一社区"}


async def test_a_batch_that_took_long_is_followed_by_a_smaller_one() -> None:
    pace = Pace(rests=False, size=80)
    await pace.took(0.4, 80)
    assert pace.size == 10
    await pace.took(0.0, 10)
    assert pace.size == 20
    await pace.took(10.0, 20)
    assert (pace.size, pace.longest) == (5, 10.0)
