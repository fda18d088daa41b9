"""The database into one file and back, while the platform runs (backup) or stands still (restore).

SQLite through its own backup interface, PostgreSQL through pg_dump and pg_restore. Secrets and recordings are files
of the home folder and are not in it.
"""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import make_url

from home import locks
from home.programs import find
from home.settings import Settings

_SQLITE_HEADER = b"SQLite format 3\x00"
_POSTGRES_HEADER = b"PGDMP"


class BackupError(Exception):
    """The backup could not be made or cannot be used; nothing was changed."""


def backup(settings: Settings, target: Path) -> int:
    """Write the database to `target` (0600, whole or not at all); returns its size in bytes."""
    if target.exists():
        raise BackupError(f"{target} 已存在，请换名 / exists already, choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        if _sqlite_file(settings):
            _copy_sqlite(_existing(settings), draft)
        else:
            _run(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def restore(settings: Settings, source: Path) -> Path | None:
    """Replace the database by the backup `source`; returns where the present SQLite database was put."""
    pid = locks.running_in(settings.home)
    if pid is not None:
        raise BackupError(f"平台正在运行（进程 {pid}），先停止它 / the platform runs (pid {pid}), stop it first")
    with source.open("rb") as opened:
        header = opened.read(16)
    file = _sqlite_file(settings)
    if file is None:
        if not header.startswith(_POSTGRES_HEADER):
            raise BackupError(f"{source} 不是 PostgreSQL 备份 / is no backup of a PostgreSQL database")
        _run(settings, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", str(source))
        return None
    if header != _SQLITE_HEADER:
        raise BackupError(f"{source} 不是 SQLite 备份 / is no backup of a SQLite database")
    return _replace_sqlite(file, source)


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _existing(settings: Settings) -> Path:
    file = _sqlite_file(settings)
    if file is None or not file.exists():
        raise BackupError(f"没有数据库 / there is no database yet: {file}")
    return file


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file, without companions


def _replace_sqlite(file: Path, source: Path) -> Path | None:
    draft = file.with_name(f".{file.name}.restore")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        shutil.copyfile(source, draft)
        with closing(sqlite3.connect(draft)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise BackupError(f"{source}: 备份已损坏 / the backup is damaged: {verdict}")
        kept = None
        if file.exists():
            kept = file.with_name(f"{file.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            _copy_sqlite(file, kept)
            kept.chmod(0o600)
        for companion in ("-wal", "-shm"):
            file.with_name(file.name + companion).unlink(missing_ok=True)
        draft.rename(file)
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source}: 备份已损坏 / the backup is damaged: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return kept


def _run(settings: Settings, name: str, *arguments: str) -> None:
    url = make_url(settings.database_url)
    host = url.query.get("host", url.host)
    # The password goes through the environment: a command line can be read by everybody on the machine.
    given = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    program = find(name, settings)
    env = {**program.environment(), **{key: value for key, value in given.items() if value}}
    extra = [f"--dbname={url.database}"] if name == "pg_restore" else []
    done = subprocess.run(program.argv(*extra, *arguments), env=env, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise BackupError(f"{name}: {done.stderr.decode('utf-8', 'replace').strip()[:500]}")
