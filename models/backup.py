"""The whole database into one file and back. SQLite by its own online backup, PostgreSQL by its own programs.

A backup may be taken while the platform works. Restoring replaces everything: the platform must be stopped; whoever
calls `restore` has made sure of that.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL

from models.database import DatabaseUnavailable, parse_url

_COMMON = ("--no-password", "--no-owner")


class BackupProblem(Exception):
    """It was not done, and nothing was changed; the text says why, in Chinese and English."""


async def backup(url: str, file: Path) -> None:
    """Write a consistent copy to a new file that only its owner may read.

    Raises:
        BackupProblem, DatabaseUnavailable
    """
    source = parse_url(url)
    part = _begin(file)
    try:
        if source.get_backend_name() == "sqlite":
            await asyncio.to_thread(_copy_sqlite, Path(source.database or ""), part)
        else:
            await _run("pg_dump", source, "--format=custom", *_COMMON, f"--file={part}")
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)


async def restore(url: str, file: Path) -> None:
    """Make the database what it was when `file` was written. Run `upgrade` afterwards.

    Raises:
        BackupProblem, DatabaseUnavailable
    """
    target = parse_url(url)
    _must_be_there(file)
    if target.get_backend_name() == "sqlite":
        await asyncio.to_thread(_restore_sqlite, file, Path(target.database or ""))
    else:
        await _run("pg_restore", target, "--clean", "--if-exists", "--single-transaction", *_COMMON, str(file))


def _begin(file: Path) -> Path:
    """An empty file of our own beside the one that is to be."""
    if file.exists():
        raise BackupProblem(f"{file} 已存在, 请另取文件名 / {file} exists already: name another file")
    if not file.parent.is_dir():
        raise BackupProblem(f"没有文件夹 {file.parent} / there is no folder {file.parent}")
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    return part


def _must_be_there(file: Path) -> None:
    if not file.is_file():
        raise BackupProblem(f"没有文件 {file} / there is no file {file}")


def _copy_sqlite(source: Path, target: Path) -> None:
    if not source.is_file():
        raise DatabaseUnavailable(f"没有数据库文件 {source} / there is no database file {source}")
    with closing(_open(source)) as whole, closing(sqlite3.connect(target)) as copy:
        try:
            whole.backup(copy)
            # The copy travels as one file: no write-ahead log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as error:
            raise BackupProblem(f"备份失败 / the backup failed: {error}") from None


def _restore_sqlite(file: Path, target: Path) -> None:
    _check_backup(file)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        _copy_sqlite(file, part)
        for leftover in ("-wal", "-shm"):
            target.with_name(target.name + leftover).unlink(missing_ok=True)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _check_backup(file: Path) -> None:
    try:
        with closing(_open(file)) as candidate:
            whole = candidate.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            ours = candidate.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('cases', 'alembic_version')")
            if whole and ours.fetchone()[0] == 2:
                return
    except sqlite3.Error:
        pass
    raise BackupProblem(f"{file} 不是完好的备份 / {file} is no whole backup of this platform")


def _open(file: Path) -> sqlite3.Connection:
    """For reading; a database that is being written to may be read beside."""
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


async def _run(program: str, url: URL, *arguments: str) -> None:
    """One of PostgreSQL's own programs; the password travels in its environment, where no other user sees it."""
    path = shutil.which(program)
    if path is None:
        raise BackupProblem(
            f"没有找到 {program}, 请安装 postgresql-client / {program} is missing: install postgresql-client"
        )
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    process = await asyncio.create_subprocess_exec(
        path,
        f"--dbname={plain}",
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    if process.returncode:
        last = " ".join(said.decode("utf-8", "replace").strip().splitlines()[-1:])
        raise BackupProblem(f"{program} 失败 / {program} failed: {last}")
