"""The outline of a recording, for a page to draw: how loud the loudest sample of each part is. Waits for the disk and
computes: call it in a thread. Changes nothing.

What computes is loaded with the first recording that somebody looks at, not at the start of the web."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

WHOLE: Final = 100  # the loudest that a sample can be
_AT_ONCE: Final = 1 << 20  # samples read at a time
_LOUDEST: Final = 32768
_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Outline:
    """`peaks` from 0 to 100, each of an equal part of `seconds`."""

    seconds: float
    peaks: Sequence[int]


NOTHING: Final = Outline(0.0, ())


def outline(path: Path, parts: int) -> Outline:
    """Of a WAV with 16 bits a sample, as Asterisk writes it; nothing of a file that is none, or has no sample."""
    told = path.stat()
    return _outline(path, parts, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=_KEPT)
def _outline(path: Path, parts: int, size: int, modified: int) -> Outline:
    """`size` and `modified` are there to read a file anew that is not the same any more."""
    import numpy as np

    try:
        with wave.open(str(path), "rb") as wav:
            frames, channels, rate = wav.getnframes(), wav.getnchannels(), wav.getframerate()
            if wav.getsampwidth() != 2 or frames == 0 or rate == 0:
                return NOTHING
            peaks = np.zeros(min(parts, frames), dtype=np.int32)
            at = 0
            while raw := wav.readframes(_AT_ONCE):
                loud = np.abs(np.frombuffer(raw, dtype="<i2").astype(np.int32)).reshape(-1, channels).max(axis=1)
                where = (np.arange(at, at + len(loud), dtype=np.int64) * len(peaks)) // frames
                np.maximum.at(peaks, np.minimum(where, len(peaks) - 1), loud)
                at += len(loud)
    except (wave.Error, EOFError, ValueError):
        return NOTHING
    return Outline(at / rate, tuple(int(peak) * WHOLE // _LOUDEST for peak in peaks))
