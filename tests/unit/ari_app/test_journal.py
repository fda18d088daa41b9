"""The journal: everything on record in order, whatever the database does; what it refuses blocks nothing."""

from __future__ import annotations

import asyncio
import errno
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
from ari_app.lease import Unshared
from ari_app.spill import Spill
from ivr.case import Case
from ivr.commands import Dial, OpenProvisionalFile, SendMessage
from ivr.vocabulary import CaseState, LegKind, MessageKind
from models.cases import TimelineRow
from models.database import Database, DatabaseUnavailable
from models.journal import Written
from models.journal_entry import JournalEntry
from tests.unit.ari_app.fakes import START
from tests.web.stories import emergency, entries, ringing, talking

WITHIN = 5.0  # seconds: a deadline, not a pause


class Server:
    """A real database that can be away: `problem` is what each use of it raises then; it hangs until `waits_for`."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.problem: Exception | None = None
        self.tries = asyncio.Queue[int]()
        self.transactions = 0
        self.waits_for: asyncio.Event | None = None

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        self.transactions += 1
        self.tries.put_nowait(self.transactions)
        if self.waits_for is not None:
            await self.waits_for.wait()
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
            spill=Spill(folder / "waiting.jsonl"),
            callers_first=CallersFirst(),
            ownership=Unshared(),
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
    assert desk.journal.problems == ["set_aside: the database refused entries; see set-aside.jsonl in the home folder"]


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


# --- the spill --------------------------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "SPILL_AFTER", 0.02)
    monkeypatch.setattr(journal_module, "RETRY_LONGEST", 0.02)


@asynccontextmanager
async def at_work(server: Server, folder: Path) -> AsyncIterator[Desk]:
    """A journal with both of its tasks, from its start to a sudden end."""
    made = Desk(server, folder)
    tasks = [asyncio.create_task(work) for work in (made.journal.run(), made.journal.keep_spill())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_gone(file: Path) -> None:
    async with asyncio.timeout(WITHIN):
        while file.exists():  # noqa: ASYNC110, ASYNC240 - nobody tells
            await asyncio.sleep(0.01)


@pytest.mark.usefixtures("soon")
async def test_what_the_database_could_not_take_outlives_the_process(sqlite_url: str, tmp_path: Path) -> None:
    server = Server(sqlite_url)
    server.problem = DatabaseUnavailable("the server is down")
    spill = tmp_path / "waiting.jsonl"
    async with at_work(server, tmp_path) as dying:
        dying.journal.append(entry(1))
        assert await dying.journal.durable("one", 1, WITHIN), "dialling 120 need not wait for the database"
        dying.journal.append(entry(2, data={"name": "示例\ud800"}))
        assert await dying.journal.durable("one", 2, WITHIN)
    assert stat.S_IMODE(spill.stat().st_mode) == 0o600
    assert await server.recorded() == []

    server.problem = None
    async with at_work(server, tmp_path) as next_boot:
        assert await next_boot.journal.restore() == 2
        next_boot.journal.append(entry(3))
        assert await next_boot.journal.drain(WITHIN)
        await until_gone(spill)
        assert await server.recorded() == [("one", 1), ("one", 2), ("one", 3)]
        server.problem = DatabaseUnavailable("down again")
        next_boot.journal.append(entry(4))
        assert await next_boot.journal.durable("one", 4, WITHIN)
        assert [kept.seq for kept in Spill(spill).read().entries] == [4]
    await server.database.close()


@pytest.mark.usefixtures("soon")
async def test_what_was_on_record_when_the_process_died_is_not_doubled(sqlite_url: str, tmp_path: Path) -> None:
    server, spill = Server(sqlite_url), Spill(tmp_path / "waiting.jsonl")
    async with at_work(server, tmp_path) as dying:
        for seq in (1, 2, 3):
            dying.journal.append(entry(seq))
        assert await dying.journal.drain(WITHIN)
    spill.put([entry(1), entry(2)])
    async with at_work(server, tmp_path) as next_boot:
        assert await next_boot.journal.restore() == 2
        assert await next_boot.journal.drain(WITHIN)
        await until_gone(spill.file)
    assert await server.recorded() == [("one", 1), ("one", 2), ("one", 3)]
    await server.database.close()


@pytest.mark.usefixtures("soon")
async def test_a_line_that_cannot_be_read_is_kept_for_a_person(sqlite_url: str, tmp_path: Path) -> None:
    server, spill = Server(sqlite_url), Spill(tmp_path / "waiting.jsonl")
    spill.put([entry(1)])
    spill.file.write_bytes(spill.file.read_bytes() + b'{"from": "a newer version"}\n')
    async with at_work(server, tmp_path) as desk:
        assert await desk.journal.restore() == 1
        assert await desk.journal.drain(WITHIN)
        await until_gone(spill.file)
        assert desk.set_aside == [{"reason": "a line that could not be read", "line": '{"from": "a newer version"}'}]
        assert desk.journal.problems != []
    await server.database.close()


@pytest.mark.usefixtures("soon")
async def test_a_file_that_cannot_be_read_at_all_is_looked_at_once(sqlite_url: str, tmp_path: Path) -> None:
    server, spill = Server(sqlite_url), Spill(tmp_path / "waiting.jsonl")
    spill.file.write_bytes(b"nonsense\n")
    async with at_work(server, tmp_path) as desk:
        assert [await desk.journal.restore() for _ in range(2)] == [0, 0]
        assert [kept["line"] for kept in desk.set_aside] == ["nonsense"]
    await server.database.close()


async def test_an_entry_that_cannot_be_spilled_is_not_said_to_be_there(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "waiting.jsonl")
    odd = entry(2, data={"what": object()})
    assert [kept.seq for kept in spill.put([entry(1), odd, entry(3)])] == [1, 3]
    assert [kept.seq for kept in spill.read().entries] == [1, 3]


@pytest.mark.usefixtures("soon")
async def test_a_database_that_hangs_holds_nobody_up(sqlite_url: str, tmp_path: Path) -> None:
    server, may_go = Server(sqlite_url), asyncio.Event()
    server.waits_for = may_go
    async with at_work(server, tmp_path) as desk:
        for seq in (1, 2):
            desk.journal.append(entry(seq))
        assert await desk.journal.durable("one", 2, WITHIN)
        assert await server.recorded() == []
        may_go.set()
        assert await desk.journal.drain(WITHIN)
        await until_gone(tmp_path / "waiting.jsonl")
        assert await server.recorded() == [("one", 1), ("one", 2)]
    await server.database.close()


@pytest.mark.usefixtures("soon")
async def test_a_stop_while_the_database_is_away_leaves_everything_in_the_spill(
    sqlite_url: str, tmp_path: Path
) -> None:
    server = Server(sqlite_url)
    server.problem = DatabaseUnavailable("away")
    async with at_work(server, tmp_path) as desk:
        desk.journal.append(entry(1))
        assert await desk.journal.durable("one", 1, WITHIN)
        desk.journal.append(entry(2))
        assert not await desk.journal.drain(0)
    assert [kept.seq for kept in Spill(tmp_path / "waiting.jsonl").read().entries] == [1, 2]
    await server.database.close()


@pytest.mark.usefixtures("soon")
async def test_without_disk_and_database_entries_wait_in_memory_and_it_is_told(sqlite_url: str, tmp_path: Path) -> None:
    server = Server(sqlite_url)
    server.problem = DatabaseUnavailable("away")
    (tmp_path / "waiting.jsonl").mkdir()  # nobody can write there
    async with at_work(server, tmp_path) as desk:
        desk.journal.append(entry(1))
        assert not await desk.journal.durable("one", 1, 0.2)
        async with asyncio.timeout(WITHIN):
            while not desk.journal.problems[1:]:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        assert desk.journal.problems[1:] == ["spill: what waits cannot be kept in waiting.jsonl: IsADirectoryError"]
        (tmp_path / "waiting.jsonl").rmdir()
        assert await desk.journal.durable("one", 1, WITHIN)
        server.problem = None
        assert await desk.journal.drain(WITHIN)
        await until_gone(tmp_path / "waiting.jsonl")
        assert desk.journal.problems == []
    assert await server.recorded() == [("one", 1)]
    await server.database.close()


async def test_a_line_that_was_never_finished_spoils_no_other(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "waiting.jsonl")
    spill.put([entry(1), entry(2)])
    whole = spill.file.read_bytes()
    spill.file.write_bytes(whole[:-20])
    assert [kept.seq for kept in spill.read().entries] == [1]
    assert len(spill.read().spoilt) == 1
    spill.put([entry(3)])
    assert [kept.seq for kept in spill.read().entries] == [1, 3]
    spill.file.write_bytes(b"\xff\n[]\n{}\n" + whole)
    assert [kept.seq for kept in spill.read().entries] == [1, 2]


async def test_a_disk_that_takes_only_a_part_leaves_whole_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spill = Spill(tmp_path / "waiting.jsonl")

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for kept in ([], [1]):
        if kept:
            spill.put([entry(1)])
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", full)
            with pytest.raises(OSError, match="No space"):
                spill.put([entry(2)])
        assert spill.file.exists() is bool(kept)
    spill.put([entry(3)])
    assert [kept.seq for kept in spill.read().entries] == [1, 3]


async def test_an_entry_comes_back_as_it_was(tmp_path: Path) -> None:
    case = emergency(talking(ringing()))
    wanted = [
        replace(
            one,
            commands=(
                SendMessage(MessageKind.HELP_NEEDED, 1, "甲", "13000000001"),
                Dial("a-2", LegKind.SEAT, "802", 20.0),
            ),
        )
        for one in entries(case)
    ]
    spill = Spill(tmp_path / "waiting.jsonl")
    spill.put(wanted)
    assert list(spill.read().entries) == wanted
