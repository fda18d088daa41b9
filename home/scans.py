"""Files that were uploaded (scans of papers, photos of workers, files of emergency plans, photos of visits): below the
home folder, named by their hash, for their owner only (0600).

What a file is, its content says, never its name. Who may read one is the web's business; what refers to it, `models`'.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from home.settings import Settings

FOLDER: Final = "papers"
PLANS: Final = "plans"  # of emergency plans: no personal data, and kept apart from papers of elders
PHOTOS: Final = "visit-photos"
FOLDERS: Final = (FOLDER, PLANS, PHOTOS)
LARGEST: Final = 10 * 1024 * 1024  # bytes: an A4 page in colour at 300 dpi is a tenth of it
_AT_ONCE: Final = 1024 * 1024
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)
ENDINGS: Final = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


class Scan(NamedTuple):
    """A file that is kept: in which of `FOLDERS`, and its SHA-256 in hex."""

    folder: str
    digest: str


class ScanRefused(Exception):
    """The file is not kept; `reason` is `empty`, `too_large` or `type`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def keep(settings: Settings, source: IO[bytes], *, folder: str = FOLDER) -> tuple[str, str, int]:
    """Put the file on the disk; its SHA-256 in hex, its media type and its size in bytes. The same file once more is
    the same scan. Raises ScanRefused, OSError."""
    head = source.read(max(len(beginning) for beginning, _ in _BEGINNINGS))
    size = source.seek(0, os.SEEK_END)
    if not size:
        raise ScanRefused("empty")
    if size > LARGEST:
        raise ScanRefused("too_large")
    media_type = next((kind for beginning, kind in _BEGINNINGS if head.startswith(beginning)), "")
    if not media_type:
        raise ScanRefused("type")
    digest = _hash(source)
    target = path_of(settings, digest, folder=folder)
    if not target.exists():
        _write(source, target)
    return digest, media_type, size


def _hash(source: IO[bytes]) -> str:
    source.seek(0)
    digest = hashlib.sha256()
    while part := source.read(_AT_ONCE):
        digest.update(part)
    return digest.hexdigest()


def path_of(settings: Settings, digest: str, *, folder: str = FOLDER) -> Path:
    """Where the scan of this hash is, or would be."""
    return settings.home / folder / digest[:2] / digest


def all_scans(settings: Settings) -> Iterator[Scan]:
    """Those that are on the disk now, in every folder."""
    for folder in FOLDERS:
        for path in (settings.home / folder).glob("??/*"):
            if _HASH.fullmatch(path.name):
                yield Scan(folder, path.name)


def add(settings: Settings, scan: Scan, file: Path) -> None:
    """Make this file, which is of the home's disk, this scan."""
    target = path_of(settings, scan.digest, folder=scan.folder)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.replace(target)


def remove(settings: Settings, digest: str, *, folder: str = FOLDER) -> bool:
    """A scan that nothing refers to any more; whether it was there."""
    try:
        path_of(settings, digest, folder=folder).unlink()
    except FileNotFoundError:
        return False
    return True


def _write(source: IO[bytes], target: Path) -> None:
    """Whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    source.seek(0)
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - for its mode
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
