"""The journal: everything on record in order, whatever the database does; what it refuses blocks nothing."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from ari_app import journal as journal_module
from ari_app.callers_first import CallersFirst
from ari_app.journal import Journal
from ivr.case import Case
from ivr.commands import OpenProvisionalFile
from ivr.vocabulary import CaseState
from models.cases import TimelineRow
from models.database import Database, DatabaseUnavailable
from models.journal import Written
from models.journal_entry import JournalEntry
from tests.unit.ari_app.fakes import START

WITHIN = 5.0  # seconds: a deadline, not a pause


class Server:
    """A real database that can be away: `problem` is what each use of it raises then."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.problem: Exception | None = None
        self.tries = asyncio.Queue[int]()
        self.transactions = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        self.tries.put_nowait(self.transactions)
        if self.problem is not None:
            raise self.problem
        async with self.database.write() as session:
            yield session

    async def recorded(self) -> list[tuple[str, int]]:
        """(case, seq) in the order in which they were written."""
        async with self.database.read() as session:
            rows = await session.execute(select(TimelineRow.case_id, TimelineRow.seq).order_by(text("rowid")))
            return [(case, seq) for case, seq in rows]


class Desk:
    """A journal at work, and what it told."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.written: list[Written] = []
        self.file = folder / "set-aside.jsonl"
        self.journal = Journal(
            cast(Database, server),
            area_code="021",
            written=self.written.append,
            set_aside=self.file,
            callers_first=CallersFirst(),
        )

    @property
    def set_aside(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text("utf-8").splitlines()]


@pytest.fixture
async def desk(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr(journal_module, "RETRY_FIRST", 0.005)
    server = Server(sqlite_url)
    made = Desk(server, tmp_path)
    running = asyncio.create_task(made.journal.run(), name="journal")
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await server.database.close()


def entry(seq: int, case: str = "one", **more: Any) -> JournalEntry:
    state = Case(id=case, state=CaseState.RINGING_SEATS, opened_at=START)
    at = START + timedelta(seconds=seq)
    return JournalEntry(**{"case": state, "seq": seq, "at": at, "event": "key_pressed", "actor": "line", **more})


def unfit(seq: int, case: str = "one", **more: Any) -> JournalEntry:
    """No database takes a time without a zone."""
    return entry(seq, case, at=START.replace(tzinfo=None), **more)


async def test_entries_are_written_in_order_and_together(desk: Desk) -> None:
    wanted = [("one", seq) for seq in range(1, 1201)]
    for _, seq in wanted:
        desk.journal.append(entry(seq))
    assert desk.journal.lag == 1200
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == wanted
    assert desk.server.transactions == 3
    assert (desk.journal.lag, desk.journal.problems) == (0, [])


async def test_what_is_on_record_is_durable(desk: Desk) -> None:
    desk.journal.append(entry(1))
    assert await desk.journal.durable("one", 1, WITHIN)
    assert not await desk.journal.durable("one", 2, 0.01)
    assert not await desk.journal.durable("another", 1, 0.01)
    desk.journal.forget("one")
    assert not await desk.journal.durable("one", 1, 0.01)


async def test_who_waits_is_told_as_soon_as_it_is_written(desk: Desk) -> None:
    waiting = asyncio.create_task(desk.journal.durable("one", 2, WITHIN))
    desk.journal.append(entry(1))
    assert await desk.journal.drain(WITHIN)
    assert not waiting.done()
    desk.journal.append(entry(2))
    assert await waiting


async def test_a_database_that_goes_and_comes_back_loses_nothing(desk: Desk) -> None:
    desk.journal.append(entry(1))
    assert await desk.journal.drain(WITHIN)
    desk.server.problem = DatabaseUnavailable("the server is down")
    for seq in range(2, 6):
        desk.journal.append(entry(seq))
    while await asyncio.wait_for(desk.server.tries.get(), WITHIN) < 4:
        pass
    assert desk.journal.problems == ["database: the server is down; 4 entries wait"]
    assert not await desk.journal.durable("one", 2, 0.01)
    assert not await desk.journal.drain(0.01)
    desk.server.problem = None
    desk.journal.append(entry(6))
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == [("one", seq) for seq in range(1, 7)]
    assert desk.journal.problems == []


@pytest.mark.parametrize(
    "problem", [ProgrammingError("", {}, Exception("no such table")), OSError("no file descriptors left")]
)
async def test_what_is_wrong_with_the_whole_database_is_waited_for(desk: Desk, problem: Exception) -> None:
    desk.server.problem = problem
    for seq in range(1, 4):
        desk.journal.append(entry(seq))
    while await asyncio.wait_for(desk.server.tries.get(), WITHIN) < 3:
        pass
    desk.server.problem = None
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == [("one", 1), ("one", 2), ("one", 3)]
    assert not desk.file.exists()


async def test_an_entry_that_is_refused_is_set_aside_and_blocks_no_other(desk: Desk) -> None:
    for one in (entry(1), entry(1, "two"), unfit(2, data={"name": "示例\x00老人"}), entry(2, "two"), entry(3)):
        desk.journal.append(one)
    assert await desk.journal.drain(WITHIN)
    desk.journal.append(entry(4))
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == [("one", 1), ("two", 1), ("two", 2), ("one", 3), ("one", 4)]
    (kept,) = desk.set_aside
    assert (kept["case"], kept["seq"], kept["event"]) == ("one", 2, "key_pressed")
    assert "time zone" in kept["reason"]
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    assert desk.journal.problems == ["journal: the database refused entries; see set-aside.jsonl in the home folder"]


async def test_entries_go_together_again_after_a_refusal(desk: Desk) -> None:
    desk.journal.append(entry(1))
    desk.journal.append(unfit(2))
    assert await desk.journal.drain(WITHIN)
    before = desk.server.transactions
    for seq in range(3, 100):
        desk.journal.append(entry(seq))
    assert await desk.journal.drain(WITHIN)
    assert desk.server.transactions == before + 1


async def test_many_refused_entries_are_all_kept(desk: Desk) -> None:
    for seq in range(1, 31):
        desk.journal.append(unfit(seq) if seq % 2 else entry(seq))
    assert await desk.journal.drain(WITHIN)
    assert [kept["seq"] for kept in desk.set_aside] == list(range(1, 31, 2))
    assert [seq for _, seq in await desk.server.recorded()] == list(range(2, 31, 2))


async def test_a_database_that_goes_in_the_middle_of_a_search_doubles_nothing(desk: Desk) -> None:
    for one in (entry(1), unfit(2), entry(3)):
        desk.journal.append(one)
    seen = await asyncio.wait_for(desk.server.tries.get(), WITHIN)
    desk.server.problem = DatabaseUnavailable("away")
    while await asyncio.wait_for(desk.server.tries.get(), WITHIN) < seen + 3:
        pass
    desk.server.problem = None
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == [("one", 1), ("one", 3)]
    assert [kept["seq"] for kept in desk.set_aside] == [2]


async def test_an_entry_that_cannot_even_be_set_aside_is_kept(desk: Desk) -> None:
    desk.file.mkdir()  # nobody can write there
    desk.journal.append(unfit(1))
    desk.journal.append(entry(2))
    while await asyncio.wait_for(desk.server.tries.get(), WITHIN) < 4:
        pass
    assert desk.journal.lag == 2
    assert any(problem.startswith("database: IsADirectoryError") for problem in desk.journal.problems)
    desk.file.rmdir()
    assert await desk.journal.drain(WITHIN)
    assert [kept["seq"] for kept in desk.set_aside] == [1]
    assert await desk.server.recorded() == [("one", 2)]


@pytest.mark.parametrize("name", ["'; DROP TABLE cases; --", "🙂" * 2500, "x" * 10_000, "\x00\x07\r\n", "\ud800"])
async def test_hostile_text_is_written(desk: Desk, name: str) -> None:
    case = Case(id="one", caller=name, dialled=name, channel=name, note=name, opened_at=START)
    hostile = replace(entry(1), case=case, actor=name, data={name: name, "more": [name]})
    desk.journal.append(hostile)
    assert await desk.journal.drain(WITHIN)
    assert await desk.server.recorded() == [("one", 1)]
    assert not desk.file.exists()


@pytest.mark.clause("X5")
async def test_what_a_transaction_brought_about_is_told_once(desk: Desk) -> None:
    desk.server.problem = DatabaseUnavailable("away")
    desk.journal.append(entry(1, commands=(OpenProvisionalFile("02100000009"),)))
    await asyncio.wait_for(desk.server.tries.get(), WITHIN)
    desk.server.problem = None
    assert await desk.journal.drain(WITHIN)
    (told,) = desk.written
    assert told.case == "one"
    assert told.file.provisional
