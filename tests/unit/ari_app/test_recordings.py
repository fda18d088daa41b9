"""Is the recording really there, and whole?"""

from __future__ import annotations

import asyncio
import struct
import wave
from pathlib import Path

import pytest

from ari_app import recordings
from ari_app.recordings import Checked, check

NAME = "2026/01/05/call.wav"
RATE = 8000


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody finishes a file in these tests."""
    monkeypatch.setattr(recordings, "SETTLE", 0.0)


def write(folder: Path, seconds: float = 2.0, name: str = NAME) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(bytes(int(seconds * RATE) * 2))
    return path


async def test_a_whole_one(tmp_path: Path) -> None:
    write(tmp_path, 2.5)
    assert await check(tmp_path, NAME) == Checked(2.5)


async def test_one_that_is_missing(tmp_path: Path) -> None:
    assert await check(tmp_path, NAME) == Checked(0.0, "the file is missing")


@pytest.mark.parametrize("head", [0, 1, 12, 20, 43])
async def test_one_with_less_than_a_header(tmp_path: Path, head: int) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:head])
    found = await check(tmp_path, NAME)
    assert found.seconds == 0
    assert "cannot be read" in found.problem


async def test_one_whose_header_says_that_nothing_follows(tmp_path: Path) -> None:
    """Asterisk writes the length when it closes the file: so it looks when Asterisk died."""
    path = write(tmp_path)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert await check(tmp_path, NAME) == Checked(0.0, "the file is empty")


async def test_one_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path, 2.0)
    path.write_bytes(path.read_bytes()[: 44 + RATE * 2])
    found = await check(tmp_path, NAME)
    assert found.problem == "the file is cut off"
    assert found.seconds == pytest.approx(1.0, abs=0.01)


async def test_one_without_a_rate(tmp_path: Path) -> None:
    path = write(tmp_path)
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert (await check(tmp_path, NAME)).problem


@pytest.mark.parametrize("data", [b"\x00" * 1000, b"RIFF" + b"\xff" * 1000, b"ID3" + b"mp3" * 500])
async def test_one_that_is_no_recording(tmp_path: Path, data: bytes) -> None:
    write(tmp_path).write_bytes(data)
    assert "cannot be read" in (await check(tmp_path, NAME)).problem


async def test_one_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir(parents=True)
    assert "cannot be read" in (await check(tmp_path, NAME)).problem


@pytest.mark.parametrize("name", ["", "../outside.wav", "a/../../outside.wav", "/etc/hostname", ".."])
async def test_names_that_lead_outside(tmp_path: Path, name: str) -> None:
    write(tmp_path, name="outside.wav")
    (tmp_path / "inside" / "a").mkdir(parents=True)
    assert await check(tmp_path / "inside", name) == Checked(0.0, "no recording was started")


@pytest.mark.parametrize("name", ["x" * 10_000, "🙂" * 300, "'; --", "a\0.wav", "\ud800.wav"])
async def test_names_that_nobody_chose_on_purpose(tmp_path: Path, name: str) -> None:
    assert (await check(tmp_path, name)).problem


async def test_one_that_is_finished_while_we_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "SETTLE", 5.0)
    monkeypatch.setattr(recordings, "_LOOK_AGAIN", 0.0)
    looking = asyncio.create_task(check(tmp_path, NAME))
    await asyncio.sleep(0)
    ready = write(tmp_path, 1.0, "being written.wav")
    (tmp_path / NAME).parent.mkdir(parents=True, exist_ok=True)
    ready.rename(tmp_path / NAME)
    assert await looking == Checked(1.0)
