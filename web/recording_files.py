"""The file behind a recording: where it is, and whether it is still the one that was made. Changes nothing."""

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from home import sound_files
from home.asterisk import recordings_dir
from home.settings import Settings
from models.cases import RecordingRow

HASHES_KEPT: Final = 4096  # a page of a case is drawn again and again; a file is read again when it has changed


class FileState(StrEnum):
    """`whole`: as it was when the call had ended; `unknown`: it has no hash, as while the call runs.
    `elsewhere`: the files are on another machine, so that nothing can be said."""

    WHOLE = "whole"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    MISSING = "missing"
    REMOVED = "removed"
    ELSEWHERE = "elsewhere"


def file_of(settings: Settings, row: RecordingRow) -> Path | None:
    """The file, when it lies inside the folder and holds more than a header."""
    folder = recordings_dir(settings)
    path = (folder / row.path).resolve()
    inside = path.is_relative_to(folder.resolve())
    return path if inside and path.is_file() and path.stat().st_size > sound_files.HEADER else None


def state_of(settings: Settings, row: RecordingRow) -> FileState:
    """By its hash. In a thread: half a second for each hour of sound."""
    if row.removed_at is not None:
        return FileState.REMOVED
    if not settings.recordings_here:
        return FileState.ELSEWHERE
    try:
        path = file_of(settings, row)
        if path is None:
            return FileState.MISSING
        if not row.sha256:
            return FileState.UNKNOWN
        told = path.stat()
        same = _hash(path, told.st_size, told.st_mtime_ns, told.st_ctime_ns) == row.sha256
    except OSError:
        return FileState.MISSING
    return FileState.WHOLE if same else FileState.CHANGED


def states_of(settings: Settings, rows: Sequence[RecordingRow]) -> dict[str, FileState]:
    """By the ids of the recordings. In a thread."""
    return {row.id: state_of(settings, row) for row in rows}


@lru_cache(maxsize=HASHES_KEPT)
def _hash(path: Path, size: int, modified: int, changed: int) -> str:
    """`size` and the two times are there to read a file anew that is not the same any more."""
    return sound_files.hash_of(path)
