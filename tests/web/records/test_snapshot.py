"""The register's snapshot: says of every number what the register says, is replaced as a whole, and writes only what is
new; the register falls back on it when the database does not answer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update

from ari_app import snapshot
from ari_app.register import Register
from dialplan.agi.snapshot import SnapshotProblem, device_key, find, keys_of
from home.asterisk_platform import snapshot_file
from home.settings import Settings
from ivr.events import CallerIdentified, CallerUnknown
from models.database import Database, DatabaseUnavailable
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import ElderStatus
from models.org import OrgKind, OrgUnit, add_unit
from models.provisional import open_file
from models.queries.register import find_files, find_files_of_device
from models.register import change_elder, create_elder, delete_elder, form_of
from models.snapshot import refresh

AREA = "021"
LINE, HOME = "02110000001", "02110000002"
WANG = ElderForm(
    name="演示·王奶奶",
    home_phone=HOME,
    contacts=(ContactForm("演示·儿子", phones=("12000000001", "12000000002")),),
    terminals=(TerminalForm(LINE, "演示型", "D-1"),),
)
LI = ElderForm(name="演示·李爷爷", home_phone=HOME, terminals=(TerminalForm("12000000077"),))
NUMBERS = (LINE, HOME, "12000000077", "02110000099", "")


async def create(db: Database, form: ElderForm) -> int:
    async with db.write() as session:
        return (await create_elder(session, form, by="test", area_code=AREA)).id


async def refreshed(db: Database, file: Path) -> int:
    async with db.read() as session:
        return await refresh(session, file, area_code=AREA)


def left_over(folder: Path) -> list[Path]:
    """Copies that did not take the old one's place."""
    return list(folder.glob(".snapshot*"))


async def says_the_same(db: Database, file: Path) -> None:
    """As the register, of every number in every form, and of devices."""
    async with db.read() as session:
        for number in NUMBERS:
            for form in (number, f"+86{number.lstrip('0')}", f"0086{number.lstrip('0')}"):
                expected = await find_files(session, form, AREA) if number else []
                assert find(file, keys_of(form if number else "", AREA)).files == tuple(expected), form
        assert find(file, [device_key(" d-1 ")]).files == tuple(await find_files_of_device(session, "D-1", AREA))


async def test_it_says_what_the_register_says_through_all_changes(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.db"
    wang, li = await create(db, WANG), await create(db, LI)
    assert await refreshed(db, file) == 2
    assert file.stat().st_mode & 0o777 == 0o600
    await says_the_same(db, file)
    assert await refreshed(db, file) == 0
    async with db.write() as session:
        await open_file(session, "02110000099", case="c", area_code=AREA)
        form, version = await form_of(session, wang)
        moved_in = replace(form, contacts=(ContactForm("演示·女儿", phones=("12000000003",)),))
        await change_elder(session, wang, moved_in, version=version, by="test", area_code=AREA)
    assert await refreshed(db, file) == 2
    await says_the_same(db, file)
    async with db.write() as session:
        form, version = await form_of(session, wang)
        await change_elder(
            session, wang, replace(form, status=ElderStatus.MOVED), version=version, by="test", area_code=AREA
        )
        await delete_elder(session, li, version=1, by="test")
    assert await refreshed(db, file) == 1
    assert [known.status for known in find(file, keys_of(LINE, AREA)).files] == ["moved"]
    await says_the_same(db, file)
    assert left_over(tmp_path) == []


async def test_a_place_with_a_new_name_is_in_every_file(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.db"
    async with db.write() as session:
        place = (await add_unit(session, OrgKind.COMMUNITY, "演示社区", parent=None)).id
    await create(db, replace(WANG, org_unit_id=place))
    await refreshed(db, file)
    async with db.write() as session:
        await session.execute(update(OrgUnit).values(name="新社区"))
    assert await refreshed(db, file) == 1
    assert find(file, keys_of(LINE, AREA)).files[0].community == "新社区"


async def test_a_snapshot_that_is_spoilt_is_written_anew(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.db"
    file.write_bytes(b"no database")
    (tmp_path / ".snapshot.db.1").write_bytes(b"what a writer left that was killed")
    await create(db, WANG)
    assert await refreshed(db, file) == 1
    await says_the_same(db, file)
    assert left_over(tmp_path) == []


async def test_who_reads_keeps_the_old_one_while_a_new_one_takes_its_place(db: Database, tmp_path: Path) -> None:
    file = tmp_path / "snapshot.db"
    await create(db, WANG)
    await refreshed(db, file)
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as reader:
        await create(db, LI)
        await refreshed(db, file)
        assert reader.execute("select count(*) from elders").fetchone() == (1,)
    assert len(find(file, keys_of(HOME, AREA)).files) == 2


# --- who calls, while the database does not answer --------------------------------------------------------------------


class Away:
    """Fails at once, or never answers."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        if self.hangs:
            await asyncio.Event().wait()
        raise DatabaseUnavailable("away")
        yield


def register(file: Path, *, hangs: bool) -> Register:
    return Register(
        cast(Database, Away(hangs=hangs)),
        snapshot=file,
        area_code=AREA,
        now=lambda: datetime.now(UTC),
        in_hours=lambda: True,
    )


@pytest.mark.parametrize("hangs", [False, True])
async def test_an_elder_is_known_while_the_database_does_not_answer(
    db: Database, tmp_path: Path, *, hangs: bool
) -> None:
    file = tmp_path / "snapshot.db"
    await create(db, WANG)
    await refreshed(db, file)
    away = register(file, hangs=hangs)
    async with asyncio.timeout(1.5):
        found = await away.identify("+8602110000001", 1.0)
    assert isinstance(found, CallerIdentified)
    assert (found.file.name, found.file.contacts[0].phones) == (WANG.name, ("12000000001", "12000000002"))
    by_device = await away.identify("", 1.0, device="D-1")
    assert isinstance(by_device, CallerIdentified)
    assert isinstance(await away.identify("02110000099", 1.0), CallerUnknown)


async def test_without_a_snapshot_the_caller_is_unknown_in_time(tmp_path: Path) -> None:
    async with asyncio.timeout(1.5):
        found = await register(tmp_path / "none.db", hangs=True).identify(LINE, 0.5)
    assert isinstance(found, CallerUnknown)
    assert found.reason == "the register did not answer within 0.5 s"


# --- who writes it ----------------------------------------------------------------------------------------------------


async def test_the_controller_has_it_written_elsewhere(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "FIRST_LOOK", 0.0)
    settings = Settings.load({"YJT_HOME": str(tmp_path), "YJT_DATABASE_URL": sqlite_url})
    db = Database(sqlite_url)
    await create(db, WANG)
    keeping = asyncio.create_task(snapshot.keep_fresh(settings, db))
    try:
        async with asyncio.timeout(60):
            while not (known := found_in(snapshot_file(settings), LINE)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await db.close()
    assert known == WANG.name


def found_in(file: Path, number: str) -> str:
    try:
        return next((known.name for known in find(file, keys_of(number, AREA)).files), "")
    except SnapshotProblem:
        return ""
