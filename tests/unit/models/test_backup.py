"""A backup holds everything, may be taken while others write, and comes back as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from home.programs import find
from home.settings import Settings
from models.backup import BackupProblem, backup, restore
from models.database import Database, DatabaseUnavailable, revision_state
from models.org import OrgKind, OrgUnit, add_unit


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


async def test_what_was_backed_up_comes_back(spare_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = find("postgres", Settings.load({"YJT_HOME": str(tmp_path)}))
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{Path(server.argv_prefix[-1]).parent}:{os.environ['PATH']}")
    file = tmp_path / "backup.bin"
    await _add(spare_url, "演示市")
    await backup(spare_url, file)
    assert file.stat().st_mode & 0o777 == 0o600
    await _add(spare_url, "后来的市")
    await restore(spare_url, file)
    assert await _names(spare_url) == ["演示市"]
    assert (await revision_state(spare_url)).up_to_date


async def test_a_backup_is_taken_beside_a_writer(sqlite_url: str, tmp_path: Path) -> None:
    await _add(sqlite_url, "演示市")
    db = Database(sqlite_url)
    async with db.write() as session:
        await add_unit(session, OrgKind.CITY, "未完的市", parent=None)
        await session.flush()
        await backup(sqlite_url, tmp_path / "backup.db")
    await db.close()
    assert await _names(f"sqlite:///{tmp_path / 'backup.db'}") == ["演示市"]


async def test_nothing_is_overwritten_by_mistake(sqlite_url: str, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    with pytest.raises(BackupProblem, match="exists already"):
        await backup(sqlite_url, taken)
    with pytest.raises(BackupProblem, match="no folder"):
        await backup(sqlite_url, tmp_path / "nowhere" / "b")
    with pytest.raises(DatabaseUnavailable, match="no database file"):
        await backup(f"sqlite:///{tmp_path / 'missing.db'}", tmp_path / "b")
    assert taken.read_text() == "mine"
    assert not (tmp_path / "b").exists()


async def test_only_a_whole_backup_is_restored(sqlite_url: str, tmp_path: Path) -> None:
    await _add(sqlite_url, "演示市")
    (tmp_path / "junk").write_bytes(b"x" * 5000)
    (tmp_path / "empty").touch()
    for name in ("junk", "empty", "missing"):
        with pytest.raises(BackupProblem):
            await restore(sqlite_url, tmp_path / name)
    assert await _names(sqlite_url) == ["演示市"]
