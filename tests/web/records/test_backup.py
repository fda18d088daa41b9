"""A backup holds every row of one moment, also while cases are being written; a restore brings all of it back, or
leaves what there was."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from itertools import accumulate, chain, count, islice
from pathlib import Path

import pytest
from sqlalchemy import text

from ari_app.process import Place, only_controller
from home import locks
from home.backup import BackupError, backup, holds_records, restore
from home.settings import Settings
from models import database
from models.database import Database, known_revisions
from models.journal import JournalEntry, write
from tests.databases import clone
from tests.unit.ari_app.test_recovery import TO_THE_END, lived

from .rows import Tables, contents, fill

Fresh = Callable[[str], str]
BEFORE = 10  # batches that are on record when the backup begins


@pytest.fixture
def fresh(request: pytest.FixtureRequest, spare_url: str, migrated_sqlite: Path, tmp_path: Path) -> Fresh:
    """Another empty database of the same kind."""
    server: str = request.getfixturevalue("postgres_server")

    def make(name: str) -> str:
        if spare_url.startswith("postgresql"):
            return clone(server)
        copy = tmp_path / f"{name}.db"
        copy.write_bytes(migrated_sqlite.read_bytes())
        return f"sqlite:///{copy}"

    return make


def settings_of(url: str, home: Path) -> Settings:
    settings = Settings.load({"YJT_HOME": str(home), "YJT_DATABASE_URL": url})
    settings.prepare_home()
    return settings


async def put_back(settings: Settings, file: Path, *, beside: tuple[str, ...] = ()) -> Path | None:
    held = [f"{place}.lock" for place in Place]
    return await asyncio.to_thread(restore, settings, file, known=known_revisions(), beside=beside, held=held)


def file_of(url: str) -> Path:
    """Of a SQLite database."""
    return Path(url.partition("///")[2])


async def spoil(url: str, *statements: str) -> None:
    db = Database(url)
    async with db.write() as session:
        for statement in statements:
            await session.execute(text(statement))
    await db.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def settings(spare_url: str, home: Path) -> Settings:
    return settings_of(spare_url, home)


@pytest.fixture
async def whole(settings: Settings, tmp_path: Path) -> Path:
    """A backup with rows in every table, of which the database has lost some since."""
    await fill(settings.database_url)
    file = tmp_path / "whole"
    await asyncio.to_thread(backup, settings, file)
    await spoil(settings.database_url, "DELETE FROM timeline", "UPDATE elders SET notes = 'later'")
    return file


# --- there and back ---------------------------------------------------------------------------------------------------


async def test_every_table_comes_back_and_so_does_what_was_replaced(
    settings: Settings, home: Path, tmp_path: Path
) -> None:
    url = settings.database_url
    await fill(url)
    before = await contents(url)
    assert await asyncio.to_thread(backup, settings, tmp_path / "copy") > 0
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    await spoil(url, "DELETE FROM timeline", "UPDATE elders SET notes = 'later'")
    later = await contents(url)
    (home / "journal-waiting.jsonl").write_text("of the database before")
    kept = await put_back(settings, tmp_path / "copy", beside=("journal-waiting.jsonl",))
    assert await contents(url) == before
    assert (await database.revision_state(url)).up_to_date
    assert left_by_the_journal(home) == ["of the database before"]
    assert kept is not None
    assert kept.stat().st_mode & 0o777 == 0o600
    await put_back(settings, kept)
    assert await contents(url) == later
    db = Database(url)
    await record(db, lived(TO_THE_END, "after")[1])  # the next number of every table is free
    await db.close()


def left_by_the_journal(home: Path) -> list[str]:
    assert not (home / "journal-waiting.jsonl").exists()
    return [path.read_text() for path in home.glob("journal-waiting.jsonl.*")]


async def test_a_backup_beside_a_busy_journal_is_one_moment(
    settings: Settings, home: Path, fresh: Fresh, tmp_path: Path
) -> None:
    """Restored into another home, it is what the same journal leaves that was stopped at that moment."""
    written: list[list[JournalEntry]] = []
    under_way, copied = asyncio.Event(), asyncio.Event()

    async def write_on() -> None:
        """Until the backup is there, and one batch more."""
        db = Database(settings.database_url)
        for batch in _batches():
            await record(db, batch)
            written.append(batch)
            if len(written) == BEFORE:
                under_way.set()
            if copied.is_set():
                break
        await db.close()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(write_on())
        await under_way.wait()
        await asyncio.to_thread(backup, settings, tmp_path / "copy")
        copied.set()
    elsewhere, stopped = fresh("elsewhere"), fresh("stopped")
    await put_back(settings_of(elsewhere, tmp_path / "other-home"), tmp_path / "copy")
    found = await contents(elsewhere)
    moments = list(accumulate(map(len, written)))
    batches_in_it = moments.index(len(found["timeline"])) + 1
    assert BEFORE <= batches_in_it < len(written)
    db = Database(stopped)
    for batch in written[:batches_in_it]:
        await record(db, batch)
    await db.close()
    assert _without_clock(found) == _without_clock(await contents(stopped))
    assert found["follow_ups"] == (await contents(settings.database_url))["follow_ups"][: len(found["follow_ups"])]
    lines = Counter(row["case_id"] for row in found["timeline"])
    assert {row["id"]: row["last_seq"] for row in found["cases"]} == dict(lines)


def _without_clock(found: Tables) -> Tables:
    """Without the times at which the database itself was written to."""
    return {
        table: sorted(({name: value for name, value in row.items() if name != "booked_at"} for row in rows), key=repr)
        for table, rows in found.items()
    }


async def record(db: Database, entries: list[JournalEntry]) -> None:
    async with db.write() as session:
        await write(session, entries)


def _batches() -> Iterator[list[JournalEntry]]:
    """Ten cases at once, again and again, in batches as the journal writes them: each ends in the middle of some."""
    for begin in count(step=10):
        cases = [lived(TO_THE_END, f"case-{begin + number:04d}")[1] for number in range(10)]
        yield from batched(chain.from_iterable(zip(*cases, strict=True)), 7)


def batched(entries: Iterator[JournalEntry], size: int) -> Iterator[list[JournalEntry]]:
    while batch := list(islice(entries, size)):
        yield batch


async def test_a_backup_of_an_older_version_is_brought_up(settings: Settings, fresh: Fresh, tmp_path: Path) -> None:
    """Over a newer one: what only the newer one had must not be in the way."""
    old = fresh("old")
    await database.downgrade(old, min(known_revisions()))
    await fill(old)
    older = await contents(old)
    await asyncio.to_thread(backup, settings_of(old, tmp_path / "old-home"), tmp_path / "old")
    await fill(settings.database_url)
    await put_back(settings, tmp_path / "old")
    assert await contents(settings.database_url) == older
    await database.upgrade(settings.database_url)
    assert (await database.revision_state(settings.database_url)).up_to_date


async def test_an_empty_place_has_nothing_to_keep(settings: Settings, whole: Path, home: Path) -> None:
    await database.downgrade(settings.database_url, "base")
    await spoil(settings.database_url, "DROP TABLE alembic_version")
    if settings.database_url.startswith("sqlite"):
        await asyncio.to_thread(file_of(settings.database_url).unlink)
    assert not await asyncio.to_thread(holds_records, settings)
    assert await put_back(settings, whole) is None
    assert await asyncio.to_thread(holds_records, settings)
    assert (await contents(settings.database_url))["timeline"]


# --- refused, or broken off: what there was stays ---------------------------------------------------------------------


async def refused(settings: Settings, file: Path, reason: str) -> None:
    before = await contents(settings.database_url)
    with pytest.raises(BackupError, match=reason):
        await put_back(settings, file)
    assert await contents(settings.database_url) == before
    assert list(settings.home.glob("*before-*")) == []


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [
        (lambda whole: b"x" * 5000, "is no backup"),
        (lambda whole: b"", "is no backup"),
        (lambda whole: whole[: len(whole) // 2], "damaged"),
        (lambda whole: whole[: len(whole) * 9 // 10], "damaged"),
        (lambda whole: whole[:6000] + b"\xff" * 20_000, "damaged"),
    ],
    ids=["something else", "empty", "half of it", "the end is missing", "overwritten"],
)
async def test_only_a_whole_backup_is_restored(
    settings: Settings, whole: Path, spoilt: Callable[[bytes], bytes], reason: str
) -> None:
    await asyncio.to_thread(lambda: whole.write_bytes(spoilt(whole.read_bytes())))
    await refused(settings, whole, reason)


async def test_a_backup_of_a_newer_version_is_refused(settings: Settings, fresh: Fresh, tmp_path: Path) -> None:
    newer = fresh("newer")
    await spoil(newer, "UPDATE alembic_version SET version_num = '9999'")
    await asyncio.to_thread(backup, settings_of(newer, tmp_path / "newer-home"), tmp_path / "copy")
    await refused(settings, tmp_path / "copy", "newer version")


async def test_a_backup_of_something_else_is_refused(settings: Settings, fresh: Fresh, tmp_path: Path) -> None:
    other = fresh("other")
    await spoil(other, "DROP TABLE alembic_version")
    await asyncio.to_thread(backup, settings_of(other, tmp_path / "other-home"), tmp_path / "copy")
    await refused(settings, tmp_path / "copy", "no backup of this platform")


async def test_a_backup_of_the_other_kind_is_refused(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    one, other = settings_of(sqlite_url, tmp_path / "one"), settings_of(postgres_url, tmp_path / "other")
    for settings, name in ((one, "sqlite"), (other, "postgres")):
        await asyncio.to_thread(backup, settings, tmp_path / name)
    await refused(one, tmp_path / "postgres", "backup of PostgreSQL, but this platform uses SQLite")
    await refused(other, tmp_path / "sqlite", "backup of SQLite, but this platform uses PostgreSQL")


@pytest.mark.parametrize("running", [locks.only_one, only_controller])
async def test_a_running_platform_is_not_restored_over(
    settings: Settings, whole: Path, home: Path, running: Callable[[Path], AbstractContextManager[None]]
) -> None:
    with running(home):
        await refused(settings, whole, f"pid {os.getpid()}")


async def test_a_database_that_somebody_uses_is_not_restored_over(settings: Settings, whole: Path) -> None:
    db = Database(settings.database_url)
    async with db.read() as session:
        await session.execute(text("SELECT 1 FROM elders"))
        await refused(settings, whole, "open")
    await db.close()


async def test_a_backup_never_overwrites(settings: Settings, whole: Path) -> None:
    with pytest.raises(BackupError, match="exists"):
        await asyncio.to_thread(backup, settings, whole)


async def test_a_database_that_is_damaged_is_kept_and_replaced(sqlite_url: str, home: Path, tmp_path: Path) -> None:
    settings = settings_of(sqlite_url, home)
    await fill(sqlite_url)
    before = await contents(sqlite_url)
    await asyncio.to_thread(backup, settings, tmp_path / "copy")
    rest = b"what a disk leaves of it" * 1000
    await asyncio.to_thread(file_of(sqlite_url).write_bytes, rest)
    kept = await put_back(settings, tmp_path / "copy")
    assert kept is not None
    assert await asyncio.to_thread(kept.read_bytes) == rest
    assert await contents(sqlite_url) == before


@pytest.mark.parametrize("moment", ["checking", "kept"])
async def test_a_restore_that_is_killed_leaves_the_old_or_the_new(settings: Settings, whole: Path, moment: str) -> None:
    """At these moments most is under way; wherever it is killed, nothing is mixed."""
    url = settings.database_url
    old = await contents(url)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "db", "restore", "--yes", str(whole)),
        env={**os.environ, **settings.environment()},
        stdout=asyncio.subprocess.DEVNULL,
    )
    folder = settings.home if url.startswith("postgresql") else file_of(url).parent
    signs = {"checking": (".*", "restore-*"), "kept": ("*before-*",)}[moment]
    async with asyncio.timeout(30):
        while process.returncode is None and not any(any(folder.glob(sign)) for sign in signs):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    if process.returncode is None:
        process.kill()
    await process.wait()
    async with asyncio.timeout(10):
        while locks.running_in(settings.home):  # noqa: ASYNC110 - what it had started ends with it
            await asyncio.sleep(0.01)
    left = await contents(url)
    await put_back(settings, whole)
    assert left in (old, await contents(url))
    assert not any(any(folder.glob(sign)) for sign in (".*", "restore-*"))


def test_the_copy_of_a_sqlite_database_is_one_file(sqlite_url: str, tmp_path: Path) -> None:
    backup(settings_of(sqlite_url, tmp_path / "home"), tmp_path / "copies" / "copy.db")
    with tarfile.open(tmp_path / "copies" / "copy.db") as tar:
        tar.extract("database", tmp_path, filter="data")
    with closing(sqlite3.connect(tmp_path / "database")) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["copy.db"]
