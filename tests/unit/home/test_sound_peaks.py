"""The outline of a recording as a page draws it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from home.sound_peaks import NOTHING, outline


def _wav(path: Path, samples: list[int], *, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(np.array(samples, dtype="<i2").tobytes())
    return path


def test_each_part_shows_its_loudest_sample(tmp_path: Path) -> None:
    samples = [0] * 8000 + [16384] * 8000 + [0, -32768] * 4000 + [328] * 8000
    found = outline(_wav(tmp_path / "a.wav", samples), 4)
    assert (found.seconds, found.peaks) == (4.0, (0, 50, 100, 1))


def test_a_long_one_is_read_piece_by_piece(tmp_path: Path) -> None:
    samples = [0] * 3_000_000
    samples[2_999_999] = 32767
    found = outline(_wav(tmp_path / "b.wav", samples), 100)
    assert found.peaks == (*[0] * 99, 99)


def test_more_parts_than_samples_and_two_channels(tmp_path: Path) -> None:
    assert outline(_wav(tmp_path / "c.wav", [0, 16384, -16384, 0], channels=2), 50).peaks == (50, 50)


def test_what_cannot_be_drawn_is_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "d.wav"
    broken.write_bytes(b"RIFF" + bytes(200))
    assert outline(broken, 10) == NOTHING
    assert outline(_wav(tmp_path / "e.wav", []), 10) == NOTHING


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    path = _wav(tmp_path / "f.wav", [0] * 100)
    assert outline(path, 1).peaks == (0,)
    _wav(path, [16384] * 200)
    assert outline(path, 1).peaks == (50,)
