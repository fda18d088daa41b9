"""Telephone sound as numbers: reading WAV files of 8 kHz, levels, and the codec that a telephone line puts between.

Samples are float32 in -1..1. Nothing here knows who speaks.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160  # 20 ms, what one packet carries
Sound = NDArray[np.float32]


class SoundError(Exception):
    """A file is no telephone recording; the text names it and what is wrong."""


def read(path: Path) -> Sound:
    """The samples of a WAV file: 8 kHz, mono, 16 bit. Raises SoundError.

    The lengths in the header are not believed: after a crash they are zero, and the sound is there all the same.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SoundError(f"{path}: {error.strerror}") from error
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SoundError(f"{path}: no WAV file")
    place, kind = 12, None
    while place + 8 <= len(data):
        name, length = data[place : place + 4], struct.unpack_from("<I", data, place + 4)[0]
        if name == b"fmt ":
            kind = struct.unpack_from("<HHIIHH", data, place + 8)
        if name == b"data":
            end = len(data) if length == 0 else min(len(data), place + 8 + length)
            return _samples(path, kind, data[place + 8 : end])
        place += 8 + length + length % 2
    raise SoundError(f"{path}: holds no sound")


def _samples(path: Path, kind: tuple[int, ...] | None, data: bytes) -> Sound:
    if kind is None or (kind[0], kind[1], kind[2], kind[5]) != (1, 1, RATE, 16):
        raise SoundError(f"{path}: must be WAV of 8 kHz, mono, 16 bit, not {kind}")
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)


def write(path: Path, sound: Sound) -> None:
    """Writes a WAV file as `read` wants it."""
    data = (np.clip(sound, -1, 1 - 2**-15) * 32768).round().astype("<i2").tobytes()
    kind = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    path.write_bytes(
        struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + kind + struct.pack("<4sI", b"data", len(data)) + data
    )


def levels(sound: Sound) -> NDArray[np.float64]:
    """The level of each 20 ms in dBFS (0 is a full-scale square wave); a rest shorter than that is left out."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    decibels: NDArray[np.float64] = 10 * np.log10((frames**2).mean(axis=1) + 1e-12)
    return decibels


def through_alaw(sound: Sound) -> Sound:
    """What is left of `sound` after G.711 A-law: 13 segments, 8 bits (ITU-T G.711)."""
    linear = np.clip(np.abs(sound), 0, 1) * 4096
    exponent = np.clip(np.floor(np.log2(np.maximum(linear, 1))) - 4, 1, 7)
    step = 2.0**exponent
    decoded = (np.floor(linear / step) + 0.5) * step / 4096
    return np.asarray(np.sign(sound) * np.minimum(decoded, 1), dtype=np.float32)
