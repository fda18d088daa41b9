"""A backup as one file: a tar with what it is, the copy of the database, and every scan by its hash.

Scans are hard links while a backup is made: they are there at once, however many, and stay when one is taken away. The
links are made before the database is copied, and again afterwards, so that what the copy refers to is among them.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Final

from home.refusals import BackupError
from home.scans import FOLDER, FOLDERS, Scan, all_scans, path_of
from home.settings import Settings

UNDER_WAY: Final = "backup-"  # what folders in the home begin with in which a backup gathers its scans
_CONTENTS, _DATABASE = "contents.json", "database"
_KIND: Final = "yijiantong-backup-2"
_HOLDS: Final = {"yijiantong-backup-1": (FOLDER,), _KIND: FOLDERS}  # kind of backup to the folders that are in it
_HEADER: Final = slice(257, 262)  # where a tar says that it is one
_AT_ONCE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unpacked:
    """`database`: its copy, as a file; `scans`: those in the backup, which holds `folders` whole (none: a backup of the
    database alone); `new`: a file for each that the home does not have."""

    database: Path
    folders: tuple[str, ...]
    scans: frozenset[Scan]
    new: dict[Scan, Path]


@contextmanager
def gathered(settings: Settings) -> Iterator[Gathering]:
    """The scans of this home, held until the end of the context whatever becomes of them. Raises OSError."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in settings.home.glob(f"{UNDER_WAY}*"):
        with _held(left) as ours:
            if ours:
                shutil.rmtree(left)  # of one that was killed
    with TemporaryDirectory(prefix=UNDER_WAY, dir=settings.home) as folder, _held(Path(folder)):
        yield Gathering(settings, Path(folder))


class Gathering:
    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder

    def more(self) -> None:
        """Hold those that have come meanwhile as well."""
        for scan in all_scans(self._settings):
            held = self._folder / scan.folder / scan.digest
            if not held.exists():
                held.parent.mkdir(mode=0o700, exist_ok=True)
                with suppress(FileNotFoundError):  # taken away again
                    _link(path_of(self._settings, scan.digest, folder=scan.folder), held)

    def pack(self, database: Path, target: Path) -> None:
        """All of it into the file `target`."""
        held = sorted(self._folder.glob("*/*"))
        contents = json.dumps({"kind": _KIND, "scans": len(held)}).encode()
        with target.open("wb") as file, tarfile.open(fileobj=file, mode="w") as tar:
            about = tarfile.TarInfo(_CONTENTS)
            about.size = len(contents)
            tar.addfile(about, io.BytesIO(contents))
            for path, name in ((database, _DATABASE), *((one, f"{one.parent.name}/{one.name}") for one in held)):
                tar.add(path, name, filter=_for_nobody_else)


def is_archive(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(_HEADER.stop)[_HEADER] == b"ustar"


def unpack(settings: Settings, source: Path, folder: Path) -> Unpacked:
    """Read the whole backup into this folder; every scan must be what its name says. Raises BackupError, OSError."""
    database, found, new = folder / _DATABASE, set(), {}
    try:
        with tarfile.open(source, "r:") as tar:
            folders, promised = _promised(tar, source)
            _take(tar, tar.next(), _DATABASE, database)
            while member := tar.next():
                scan = _named(member, folders)
                there = path_of(settings, scan.digest, folder=scan.folder)
                wanted = None if _is_there(there, member.size) else folder / scan.folder / scan.digest
                if _take(tar, member, "/".join(scan), wanted) != scan.digest:
                    raise tarfile.ReadError(member.name)
                found.add(scan)
                if wanted is not None:
                    new[scan] = wanted
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(source) from error
    if len(found) != promised:
        raise _damaged(source)
    return Unpacked(database, folders, frozenset(found), new)


def _named(member: tarfile.TarInfo, folders: tuple[str, ...]) -> Scan:
    """Which scan this is, by its name. Raises ReadError: none of these folders."""
    path = PurePosixPath(member.name)
    if str(path.parent) not in folders:
        raise tarfile.ReadError(member.name)
    return Scan(str(path.parent), path.name)


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _promised(tar: tarfile.TarFile, source: Path) -> tuple[tuple[str, ...], int]:
    """Which folders are in it, and how many scans there are to be."""
    first = tar.next()
    file = tar.extractfile(first) if first is not None and first.name == _CONTENTS else None
    if file is None:
        raise BackupError(f"{source} 不是备份文件 / is no backup")
    try:
        contents = json.loads(file.read(_AT_ONCE))
        kind, scans = str(contents["kind"]), int(contents["scans"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(source) from error
    if kind not in _HOLDS:
        raise BackupError(
            f"{source} 来自更新的版本, 请先升级本程序 / is of a newer version; install that version first"
        )
    return _HOLDS[kind], scans


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo | None, name: str, target: Path | None) -> str:
    """Read one file, which must have this name, into `target`; its SHA-256 in hex."""
    file = tar.extractfile(member) if member is not None and member.isreg() and member.name == name else None
    if file is None:
        raise tarfile.ReadError(name)
    digest = hashlib.sha256()
    if target is not None:
        target.parent.mkdir(mode=0o700, exist_ok=True)
    with _private(target or Path(os.devnull)) as into:
        while part := file.read(_AT_ONCE):
            digest.update(part)
            into.write(part)
    return digest.hexdigest()


def _private(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")  # noqa: PTH123 - for its mode


def _damaged(source: Path) -> BackupError:
    return BackupError(f"{source}: 备份已损坏或不完整 / the backup is damaged or incomplete")


def _for_nobody_else(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except FileNotFoundError:
        raise
    except OSError:  # a file system that has none
        shutil.copyfile(source, target)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether the folder is ours for so long: another backup that is under way has its own."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(opened)
