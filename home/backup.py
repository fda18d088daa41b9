"""The records, which are the database and the files that were uploaded (`scans.py`), into one file and back, while the
platform runs (backup) or stands still (restore).

Here: what both databases have in common, and SQLite, through its own backup interface. PostgreSQL is in
`postgres_copies.py`, the file in `archives.py`. Secrets and recordings are files of the home and are not in it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from home import archives, locks, scans
from home.archives import Unpacked
from home.postgres_copies import UNDER_WAY, PostgresCopies
from home.refusals import BackupError
from home.settings import Settings

__all__ = ["BackupError", "backup", "holds_records", "restore"]

_SQLITE_HEADER = b"SQLite format 3\x00"
_POSTGRES_HEADER = b"PGDMP"
_BEFORE = "before-"  # and the time: what is kept of what was replaced
_BUSY = 5.0  # seconds that another program may still need for its last words


def backup(settings: Settings, target: Path) -> int:
    """Write the database as it is at this moment, and the scans it refers to, to `target` (0600, whole or not at all);
    returns its size in bytes.

    Raises BackupError, ProgramMissing, OSError; then there is no such file.
    """
    if target.exists():
        raise BackupError(f"{target} 已存在，请换名 / exists already, choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    file = _sqlite_file(settings)
    if file is not None and not file.exists():
        raise BackupError(f"没有数据库 / there is no database yet: {file}")
    with _draft_of(target) as draft, _draft_of(target, "database") as copy, archives.gathered(settings) as gathering:
        gathering.more()
        if file is None:
            PostgresCopies(settings).dump(copy)
        else:
            _copy_sqlite(file, copy)
        gathering.more()
        gathering.pack(copy, draft)
        _put(draft, target)
    return target.stat().st_size


def holds_records(settings: Settings) -> bool:
    """Whether there is anything that a restore would replace. Raises BackupError when that cannot be told."""
    file = _sqlite_file(settings)
    return PostgresCopies(settings).holds_tables() if file is None else file.exists() and file.stat().st_size > 0


def restore(
    settings: Settings,
    source: Path,
    *,
    known: Collection[str],
    beside: Sequence[str] = (),
    held: Sequence[str] = (),
) -> Path | None:
    """Replace the database by the backup `source`, wholly or not at all; returns the file with what was there before.
    A scan that is not in the backup goes to a folder beside the others, and comes back with that file; a source that is
    a database alone leaves the scans as they are.

    `known`: revisions of the schema that this version can work with. `beside`: files of the home that belong to the
    database of before; they are put away with it. `held`: further locks of the home that say that something runs.

    Raises BackupError, ProgramMissing, OSError; then the database is what it was.
    """
    for lock in (locks.FILE, *held):
        if (pid := locks.running_in(settings.home, lock)) is not None:
            raise BackupError(f"平台正在运行（进程 {pid}），先停止它 / the platform runs (pid {pid}), stop it first")
    with locks.only_one(settings.home):
        stamp = f"{_BEFORE}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        file = _sqlite_file(settings)
        _tidy_up(settings.home, file)
        with TemporaryDirectory(prefix=UNDER_WAY, dir=settings.home) as folder:
            unpacked = _unpacked(settings, source, Path(folder))
            _check_kind(source, unpacked.database, on_sqlite=file is not None)
            with _scans_of(settings, unpacked, stamp):
                if file is None:
                    keep = settings.home / f"postgresql.{stamp}"
                    kept = PostgresCopies(settings).replace(unpacked.database, source, keep=keep, known=known)
                else:
                    keep = file.with_name(f"{file.name}.{stamp}")
                    kept = _replace_sqlite(file, unpacked.database, source, keep=keep, known=known)
        for name in beside:
            if (there := settings.home / name).exists():
                there.rename(there.with_name(f"{name}.{stamp}"))
        return kept


def _unpacked(settings: Settings, source: Path, folder: Path) -> Unpacked:
    if archives.is_archive(source):
        return archives.unpack(settings, source, folder)
    _, _, stamp = source.name.rpartition(_BEFORE)
    new: dict[scans.Scan, Path] = {}
    for kind in scans.FOLDERS if _BEFORE in source.name else ():
        beside = settings.home / f"{kind}.{_BEFORE}{stamp}"
        new |= {scans.Scan(kind, path.name): path for path in beside.glob("*")}
    return Unpacked(source, (), frozenset(), new)


@contextmanager
def _scans_of(settings: Settings, unpacked: Unpacked, stamp: str) -> Iterator[None]:
    """Those of the backup are there before its database is; those that only the database of before has may go after
    it. So a scan is never missing, wherever this is killed."""
    added: list[tuple[scans.Scan, Path]] = []
    try:
        for scan, path in unpacked.new.items():
            scans.add(settings, scan, path)
            added.append((scan, path))
        yield
    except BaseException:
        for scan, path in added:
            scans.path_of(settings, scan.digest, folder=scan.folder).replace(path)
        raise
    for scan in set(scans.all_scans(settings)) - unpacked.scans:
        if scan.folder in unpacked.folders:
            beside = settings.home / f"{scan.folder}.{stamp}"
            beside.mkdir(mode=0o700, exist_ok=True)
            scans.path_of(settings, scan.digest, folder=scan.folder).rename(beside / scan.digest)


def _tidy_up(home: Path, file: Path | None) -> None:
    """What a restore that was killed has left: personal data in half a file."""
    for left in (*home.glob(f"{UNDER_WAY}*"), *(file.parent.glob(f".{file.name}.*") if file else ())):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _check_kind(source: Path, database: Path, *, on_sqlite: bool) -> None:
    with database.open("rb") as opened:
        header = opened.read(len(_SQLITE_HEADER))
    kind = "SQLite" if header == _SQLITE_HEADER else "PostgreSQL" if header.startswith(_POSTGRES_HEADER) else None
    wanted = "SQLite" if on_sqlite else "PostgreSQL"
    if kind is None:
        raise BackupError(f"{source} 不是备份文件 / is no backup")
    if kind != wanted:
        raise BackupError(
            f"{source} 是 {kind} 的备份，而本平台使用 {wanted}（YJT_DATABASE_URL）/ "
            f"is a backup of {kind}, but this platform uses {wanted} (YJT_DATABASE_URL)"
        )


def _sqlite_file(settings: Settings) -> Path | None:
    url = make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


# --- files that are there wholly or not at all ------------------------------------------------------------------------


@contextmanager
def _draft_of(target: Path, part: str = "whole") -> Iterator[Path]:
    """A file beside `target`, for nobody but us; gone at the end, unless it has become the target."""
    draft = target.with_name(f".{target.name}.{part}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _put(draft: Path, target: Path) -> None:
    """On the disk first, then under its name."""
    for path in (draft, target.parent):
        if path == target.parent:
            draft.rename(target)
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _copy_sqlite(source: Path, target: Path) -> None:
    """As it is at one moment, also while others write."""
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode = DELETE")  # one file, without companions
    except sqlite3.Error as problem:
        raise BackupError(f"{source}: 无法备份 / cannot be backed up: {problem}") from problem


def _replace_sqlite(file: Path, database: Path, source: Path, *, keep: Path, known: Collection[str]) -> Path | None:
    with _draft_of(file) as draft:
        shutil.copyfile(database, draft)
        _check_sqlite(draft, source, known)
        if not file.exists():
            _put(draft, file)
            return None
        if _is_damaged(file):
            _move_away(file, keep)
        else:
            _let_go(file)
            with _draft_of(keep) as copy:
                _copy_sqlite(file, copy)
                _put(copy, keep)
        _put(draft, file)
    return keep


def _check_sqlite(draft: Path, source: Path, known: Collection[str]) -> None:
    try:
        with closing(sqlite3.connect(draft)) as copy:
            verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
            if verdict != "ok":
                raise BackupError(f"{source}: 备份已损坏 / the backup is damaged: {verdict}")
            ours = copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            revision = copy.execute("SELECT version_num FROM alembic_version").fetchone() if ours else None
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{source}: 备份已损坏 / the backup is damaged: {error}") from error
    BackupError.check_revision(source, revision and revision[0], known)


def _is_damaged(file: Path) -> bool:
    """Whether it is so bad that no copy can be made: a reason to restore, not to refuse."""
    try:
        with closing(sqlite3.connect(file)) as present:
            return bool(present.execute("PRAGMA quick_check").fetchone()[0] != "ok")
    except sqlite3.OperationalError:
        return False  # somebody has it: `_let_go` says so
    except sqlite3.DatabaseError:
        return True


def _move_away(file: Path, keep: Path) -> None:
    """With its companions: what is in them is part of it."""
    for companion in ("-wal", "-shm", ""):
        if (there := file.with_name(file.name + companion)).exists():
            there.rename(keep.with_name(keep.name + companion))


def _let_go(file: Path) -> None:
    """Fold the write-ahead log in and remove it, which SQLite allows to nobody while others have the database open."""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY)) as present:
            (mode,) = present.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as problem:
        raise BackupError(f"{file}: 别的程序正在使用 / another program has it open: {problem}") from problem
    if mode != "delete":
        raise BackupError(f"{file}: 别的程序正在使用 / another program has it open")
