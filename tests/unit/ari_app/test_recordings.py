"""Is the recording really there, and whole?"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import wave
from pathlib import Path
from typing import get_args

import pytest

from ari_app import recordings
from ari_app.recordings import check
from home.sound_files import FolderProblem, SoundFile, SoundProblem, examine, hash_of
from ivr.vocabulary import TapeProblem

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
    path = write(tmp_path, 2.5)
    assert await check(tmp_path, NAME) == SoundFile(2.5, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


async def test_one_that_is_missing(tmp_path: Path) -> None:
    assert await check(tmp_path, NAME) == SoundFile(0.0, "missing")


@pytest.mark.parametrize("head", [0, 1, 12, 20, 43])
async def test_one_with_less_than_a_header(tmp_path: Path, head: int) -> None:
    path = write(tmp_path)
    path.write_bytes(path.read_bytes()[:head])
    found = await check(tmp_path, NAME)
    assert found.seconds == 0
    assert found.problem == "unreadable"


async def test_one_whose_header_says_that_nothing_follows_is_repaired(tmp_path: Path) -> None:
    """Asterisk writes the lengths when it closes the file: so it looks when Asterisk died."""
    path = write(tmp_path)
    whole = path.read_bytes()
    data = bytearray(whole)
    data[4:8] = data[40:44] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert await check(tmp_path, NAME) == SoundFile(2.0, sha256=hashlib.sha256(whole).hexdigest(), repaired=True)
    assert path.read_bytes() == whole


async def test_one_that_asterisk_may_still_finish_is_not_touched(tmp_path: Path) -> None:
    path = write(tmp_path)
    data = bytearray(path.read_bytes())
    data[40:44] = struct.pack("<I", 0)
    path.write_bytes(data)
    assert examine(path, repair=False).problem == "empty"
    assert path.read_bytes() == data


async def test_one_that_holds_nothing_but_a_header(tmp_path: Path) -> None:
    path = write(tmp_path, 0)
    assert await check(tmp_path, NAME) == SoundFile(0.0, "empty", hash_of(path))


async def test_one_that_is_cut_off(tmp_path: Path) -> None:
    path = write(tmp_path, 2.0)
    path.write_bytes(path.read_bytes()[: 44 + RATE * 2])
    found = await check(tmp_path, NAME)
    assert found.problem == "cut_off"
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
    assert (await check(tmp_path, NAME)).problem == "unreadable"


async def test_one_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir(parents=True)
    assert (await check(tmp_path, NAME)).problem == "unreadable"


@pytest.mark.parametrize("name", ["", "../outside.wav", "a/../../outside.wav", "/etc/hostname", ".."])
async def test_names_that_lead_outside(tmp_path: Path, name: str) -> None:
    write(tmp_path, name="outside.wav")
    (tmp_path / "inside" / "a").mkdir(parents=True)
    assert await check(tmp_path / "inside", name) == SoundFile(0.0, "missing")


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
    assert await looking == SoundFile(1.0, sha256=hash_of(tmp_path / NAME))


def test_every_problem_has_a_name_in_the_vocabulary() -> None:
    known = {problem.value for problem in TapeProblem}
    assert known >= {*get_args(SoundProblem), *get_args(FolderProblem)} - {""}
