"""A backup holds every record, may be taken while others write, and comes back as it was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from home.backup import BackupError, backup, restore
from home.settings import Settings
from models.database import Database, parse_url, revision_state
from models.org import OrgKind, OrgUnit, add_unit


def _settings(url: str, home: Path) -> Settings:
    return Settings.load({"YJT_HOME": str(home), "YJT_DATABASE_URL": parse_url(url).render_as_string(False)})


async def _names(url: str) -> list[str]:
    db = Database(url)
    async with db.read() as session:
        names = list((await session.scalars(select(OrgUnit.name).order_by(OrgUnit.id))).all())
    await db.close()
    return names


async def _add(url: str, name: str) -> None:
    db = Database(url)
    async with db.write() as session:
        await add_unit(session, OrgKind.CITY, name, parent=None)
    await db.close()


async def test_what_was_backed_up_comes_back(spare_url: str, tmp_path: Path) -> None:
    settings = _settings(spare_url, tmp_path)
    file = tmp_path / "backup.bin"
    await _add(spare_url, "演示市")
    assert await asyncio.to_thread(backup, settings, file) > 0
    assert file.stat().st_mode & 0o777 == 0o600
    await _add(spare_url, "后来的市")
    await asyncio.to_thread(restore, settings, file)
    assert await _names(spare_url) == ["演示市"]
    assert (await revision_state(spare_url)).up_to_date


async def test_a_backup_is_taken_beside_a_writer(sqlite_url: str, tmp_path: Path) -> None:
    await _add(sqlite_url, "演示市")
    copy = tmp_path / "backup.db"
    db = Database(sqlite_url)
    async with db.write() as session:
        await add_unit(session, OrgKind.CITY, "未完的市", parent=None)
        await session.flush()
        await asyncio.to_thread(backup, _settings(sqlite_url, tmp_path), copy)
    await db.close()
    assert await _names(f"sqlite:///{copy}") == ["演示市"]


async def test_only_a_whole_backup_is_restored(sqlite_url: str, tmp_path: Path) -> None:
    await _add(sqlite_url, "演示市")
    settings = _settings(sqlite_url, tmp_path)
    whole = tmp_path / "whole"
    await asyncio.to_thread(backup, settings, whole)
    (tmp_path / "junk").write_bytes(b"x" * 5000)
    (tmp_path / "torn").write_bytes(whole.read_bytes()[:6000] + b"\xff" * 20_000)
    for name in ("junk", "torn"):
        with pytest.raises(BackupError):
            await asyncio.to_thread(restore, settings, tmp_path / name)
    with pytest.raises(BackupError, match="exists"):
        await asyncio.to_thread(backup, settings, whole)
    assert await _names(sqlite_url) == ["演示市"]
