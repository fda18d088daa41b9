"""Scans of papers are in a backup: those of its moment, also while papers come and go. A restore brings all of them
back, or leaves what there was."""

from __future__ import annotations

import asyncio
import hashlib
import io
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from home import archives, scans
from home.backup import BackupError, backup, restore
from home.settings import Settings
from models.database import known_revisions

ONE, TWO, LATER = b"%PDF-1 one", b"%PDF-1 two" * 1000, b"%PDF-1 later"


def _settings(url: str, home: Path) -> Settings:
    settings = Settings.load({"YJT_HOME": str(home), "YJT_DATABASE_URL": url})
    settings.prepare_home()
    return settings


def _keep(settings: Settings, *contents: bytes, folder: str = scans.FOLDER) -> list[str]:
    return [scans.keep(settings, io.BytesIO(content), folder=folder)[0] for content in contents]


def _there(settings: Settings) -> set[bytes]:
    return set(_by_folder(settings).values())


def _by_folder(settings: Settings) -> dict[str, bytes]:
    """Folder and hash to the content of the file."""
    kept = {one: scans.path_of(settings, one.digest, folder=one.folder) for one in scans.all_scans(settings)}
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == one.digest for one, path in kept.items())
    return {"/".join(one): path.read_bytes() for one, path in kept.items()}


async def test_scans_come_back_and_so_do_those_that_were_replaced(spare_url: str, tmp_path: Path) -> None:
    settings, copy = _settings(spare_url, tmp_path / "home"), tmp_path / "copy"
    one, _ = _keep(settings, ONE, TWO)
    await asyncio.to_thread(backup, settings, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    scans.remove(settings, one)
    _keep(settings, LATER)
    kept = await asyncio.to_thread(restore, settings, copy, known=known_revisions())
    assert _there(settings) == {ONE, TWO}
    assert scans.path_of(settings, one).stat().st_mode & 0o777 == 0o600
    (beside,) = settings.home.glob("papers.before-*")
    assert [path.read_bytes() for path in beside.iterdir()] == [LATER]
    assert kept is not None
    await asyncio.to_thread(restore, settings, kept, known=known_revisions())
    assert _there(settings) == {ONE, TWO, LATER}, "what the database of before refers to is back"
    assert not [*settings.home.glob("backup-*"), *settings.home.glob("restore-*")]
    elsewhere = _settings(spare_url, tmp_path / "elsewhere")
    await asyncio.to_thread(restore, elsewhere, copy, known=known_revisions())
    assert _there(elsewhere) == {ONE, TWO}


def test_plans_and_photos_are_in_it_each_in_its_folder(sqlite_url: str, tmp_path: Path) -> None:
    """Also a file that two folders have; a backup from before leaves what it does not hold."""
    settings, copy, old = _settings(sqlite_url, tmp_path / "home"), tmp_path / "copy", tmp_path / "old"
    _keep(settings, ONE)
    backup(settings, old)
    old.write_bytes(old.read_bytes().replace(b"yijiantong-backup-2", b"yijiantong-backup-1"))
    _keep(settings, ONE, TWO, folder=scans.PHOTOS)
    (plan,) = _keep(settings, TWO, folder=scans.PLANS)
    before = _by_folder(settings)
    assert sorted(name.partition("/")[0] for name in before) == ["papers", "plans", "visit-photos", "visit-photos"]
    backup(settings, copy)
    scans.remove(settings, plan, folder=scans.PLANS)
    _keep(settings, LATER, folder=scans.PHOTOS)
    restore(settings, copy, known=known_revisions())
    assert _by_folder(settings) == before
    (beside,) = settings.home.glob("*.before-*/*")
    assert (beside.parent.name.partition(".")[0], beside.read_bytes()) == (scans.PHOTOS, LATER)
    elsewhere = _settings(sqlite_url, tmp_path / "elsewhere")
    restore(elsewhere, copy, known=known_revisions())
    assert _by_folder(elsewhere) == before
    _keep(settings, LATER)
    restore(settings, old, known=known_revisions())
    assert _by_folder(settings) == before


def test_papers_that_come_and_go_meanwhile_are_in_it(sqlite_url: str, tmp_path: Path) -> None:
    """One that is taken away after the backup has begun may be in the copy of the database; so may one that comes."""
    settings = _settings(sqlite_url, tmp_path / "home")
    (gone,) = _keep(settings, ONE)
    left = settings.home / "backup-killed"
    left.mkdir()
    with archives.gathered(settings) as gathering:
        assert not left.exists(), "what one that was killed has left"
        gathering.more()
        scans.remove(settings, gone)
        _keep(settings, TWO)
        with archives.gathered(settings) as other:
            other.more()
        gathering.more()
        gathering.pack(Path(sqlite_url.partition("///")[2]), tmp_path / "copy")
    restore(settings, tmp_path / "copy", known=known_revisions())
    assert _there(settings) == {ONE, TWO}


def test_a_backup_of_the_database_alone_leaves_the_scans(sqlite_url: str, tmp_path: Path) -> None:
    """As backups were before they had scans."""
    settings = _settings(sqlite_url, tmp_path / "home")
    _keep(settings, ONE)
    backup(settings, tmp_path / "copy")
    with tarfile.open(tmp_path / "copy") as tar, closing(sqlite3.connect(":memory:")) as database:
        file = tar.extractfile("database")
        assert file is not None
        (tmp_path / "old").write_bytes(file.read())
        database.deserialize((tmp_path / "old").read_bytes())
        assert database.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    restore(settings, tmp_path / "old", known=known_revisions())
    assert _there(settings) == {ONE}
    assert list(settings.home.glob("papers.before-*")) == []


def _one_byte_of_a_scan(copy: bytes) -> bytes:
    at = copy.rindex(TWO)
    return copy[:at] + b"X" + copy[at + 1 :]


def _without_the_last_scan(copy: bytes) -> bytes:
    """As a copy over the network may break off, between two files."""
    return copy[: copy.rindex(b"papers/")]


def _from_the_future(copy: bytes) -> bytes:
    return copy.replace(b"yijiantong-backup-2", b"yijiantong-backup-3")


def _something_else(_: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../etc/passwd"))
    return content.getvalue()


def _of_a_newer_schema(copy: bytes) -> bytes:
    """Found out when everything has been read."""
    return copy.replace(max(known_revisions()).encode(), b"9999")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_one_byte_of_a_scan, "damaged"),
        (_without_the_last_scan, "damaged"),
        (_from_the_future, "newer"),
        (_something_else, "no backup"),
        (_of_a_newer_schema, "newer"),
    ],
)
def test_what_is_refused_leaves_every_scan_as_it_was(
    sqlite_url: str, tmp_path: Path, spoil: Callable[[bytes], bytes], reason: str
) -> None:
    settings, copy = _settings(sqlite_url, tmp_path / "home"), tmp_path / "copy"
    digests = _keep(settings, ONE, TWO)
    backup(settings, copy)
    copy.write_bytes(spoil(copy.read_bytes()))
    for digest in digests:
        scans.remove(settings, digest)
    _keep(settings, LATER)
    with pytest.raises(BackupError, match=reason):
        restore(settings, copy, known=known_revisions())
    assert _there(settings) == {LATER}
    assert not [*settings.home.glob("*before-*"), *settings.home.glob("restore-*")]
