"""The sound files below HOME/recordings, and the folder itself: is a file whole, what is its hash, can more be written.

Everything here waits for the disk: call it in a thread. Must never: know a case, or change a sample.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HEADER = 44  # bytes before the first sample, as Asterisk writes it: RIFF, `fmt ` of 16 bytes, `data`
FULL = 4 << 20  # free bytes below which nothing can be relied on: each running recording needs 16 kB a second
_PROBE = ".writable"
_AT_ONCE = 1 << 20  # bytes read at a time

SoundProblem = Literal["", "missing", "empty", "cut_off", "unreadable"]
FolderProblem = Literal["", "disk_full", "not_writable", "folder_gone"]


@dataclass(frozen=True, slots=True)
class SoundFile:
    """`problem` is empty for a file that can be played to its end; `sha256` in hex of all that is there; `repaired`:
    its header did not tell its length, as when Asterisk died, and does now."""

    seconds: float
    problem: SoundProblem = ""
    sha256: str = ""
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Folder:
    """`free` in bytes; `made`: it was gone and is there again."""

    problem: FolderProblem
    free: int = 0
    made: bool = False


def is_inside(name: str) -> bool:
    """Whether this name, relative to the recordings folder, stays below it."""
    return bool(name) and ".." not in Path(name).parts and not Path(name).is_absolute()


def examine(path: Path, *, repair: bool) -> SoundFile:
    """Look at a recording. `repair`: nobody writes it any more, so that a header without a length is to be given one,
    from the file's size."""
    try:
        repaired = repair and repair_header(path)
        size = path.stat().st_size
        with wave.open(str(path), "rb") as wav:
            frames, rate = wav.getnframes(), wav.getframerate()
            frame = wav.getnchannels() * wav.getsampwidth()
        sha256 = hash_of(path)
    except FileNotFoundError:
        return SoundFile(0.0, "missing")
    except (OSError, ValueError, wave.Error, EOFError):
        return SoundFile(0.0, "unreadable")
    if frames == 0 or rate == 0:
        return SoundFile(0.0, "empty", sha256)
    if size < frames * frame:
        return SoundFile(size / (frame * rate), "cut_off", sha256)
    return SoundFile(frames / rate, "", sha256, repaired)


def hash_of(path: Path) -> str:
    """SHA-256 in hex. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def repair_header(path: Path) -> bool:
    """Asterisk writes the two lengths when it closes the file; when it died they are zero. True when they were, and are
    right now. Raises OSError."""
    with path.open("rb") as file:
        header, size = file.read(HEADER), os.fstat(file.fileno()).st_size
    ours = len(header) == HEADER and (header[:4], header[8:16], header[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    if not ours or header[40:44] != bytes(4) or size <= HEADER:
        return False
    with path.open("r+b") as file:
        file.seek(4)
        file.write(struct.pack("<I", size - 8))
        file.seek(40)
        file.write(struct.pack("<I", size - HEADER))
        file.flush()
        os.fsync(file.fileno())
    return True


def examine_folder(folder: Path) -> Folder:
    """Can a recording be begun here? A folder that is gone is made again; what stands in its place is left alone."""
    made = False
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            made = True
        free = shutil.disk_usage(folder).free
        if free < FULL:
            return Folder("disk_full", free, made)
        probe = folder / _PROBE
        probe.write_bytes(b"\0")
        probe.unlink(missing_ok=True)  # whoever else looks at the folder may have been quicker
    except (FileExistsError, NotADirectoryError, FileNotFoundError):
        return Folder("folder_gone")
    except OSError as problem:
        full = problem.errno in {errno.ENOSPC, errno.EDQUOT}
        return Folder("disk_full" if full else "not_writable", made=made)
    return Folder("", free, made)


def sound_files(folder: Path) -> Iterator[str]:
    """The recordings that there are, relative to the folder, in the order of their days."""
    for path in sorted(folder.glob("[0-9]*/[0-9]*/[0-9]*/*.wav")):
        yield str(path.relative_to(folder))


def remove(folder: Path, name: str) -> bool:
    """Delete a recording, and the folders of its day, month and year when they are empty by now. False when there was
    none. Raises OSError."""
    path = folder / name
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    for parent in path.parents[: len(Path(name).parents) - 1]:
        try:
            parent.rmdir()
        except OSError:  # other recordings are in it
            break
    return True
