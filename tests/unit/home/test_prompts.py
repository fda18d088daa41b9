"""The sounds of the platform: every text has its file in both languages, and each is fit for a telephone line."""

from __future__ import annotations

import importlib.util
import sys
import wave
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from home.asterisk import PromptError, link_prompts
from home.asterisk_platform import DIALPLAN, LANGUAGES, check_telephone_wav
from home.settings import Settings
from home.voice import Unspoken, spoken_chinese
from ivr.vocabulary import Prompt

RATE = 8000
FILES = sorted((DIALPLAN / "prompts").glob("*/*.wav"))
MUSIC = sorted((DIALPLAN / "music" / "default").glob("*.wav"))


def load(path: Path) -> ModuleType:
    """A script that is no part of any package."""
    spec = importlib.util.spec_from_file_location(f"prompts_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up their own module there
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def render() -> ModuleType:
    return load(DIALPLAN / "prompts" / "render.py")


def levels(path: Path, window: float) -> NDArray[np.float64]:
    """The level of each stretch of `window` seconds, in dB of full scale."""
    with wave.open(str(path), "rb") as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
    size = int(window * RATE)
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    return 10 * np.log10((blocks**2).mean(axis=1) + 1e-12)


def settings_in(home: Path) -> Settings:
    return Settings.load({"YJT_HOME": str(home)})


def recording(path: Path, *, rate: int = RATE, channels: int = 1, width: int = 2, frames: int = 800) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as sound:
        sound.setframerate(rate)
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.writeframes(b"\x01" * (frames * channels * width))
    return path


def test_each_text_has_its_sound_and_each_sound_its_text(render: ModuleType) -> None:
    names = {text.name for text in render.load_texts()}
    for lang in LANGUAGES:
        assert {path.stem for path in FILES if path.parent.name == lang} == names


def test_every_prompt_of_the_procedure_can_be_said(render: ModuleType) -> None:
    assert {str(prompt) for prompt in Prompt} <= {text.name for text in render.load_texts()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_prompt_is_short_clear_and_begins_at_once(path: Path) -> None:
    check_telephone_wav(path)
    level = levels(path, 0.02)
    seconds = len(level) * 0.02
    assert 0.4 < seconds < 12
    spoken = np.flatnonzero(level > -45)
    assert spoken[0] * 0.02 < 0.3
    assert seconds - spoken[-1] * 0.02 < 0.4
    assert -24 < 10 * np.log10((10 ** (level / 10)).mean()) < -15
    assert np.diff(spoken).max(initial=0) * 0.02 < 1.0


def test_music_has_no_gap_also_where_it_begins_again() -> None:
    assert MUSIC
    for path in MUSIC:
        check_telephone_wav(path)
        level = levels(path, 0.05)
        assert len(level) * 0.05 > 30
        quiet = np.concatenate([level, level]) < -50
        longest = max((len(run) for run in "".join("q" if q else " " for q in quiet).split()), default=0)
        assert longest * 0.05 < 0.3
        assert level.max() < -12


def test_chinese_is_read_with_its_tones() -> None:
    spoken = spoken_chinese("这里是一键通，重听请按9。")
    assert spoken == "zhe4 li3 shi4 yi2 jian4 tong1, chong2 ting1 qing3 an4 jiu3."
    assert spoken_chinese("拨打120？") == "bo1 da3 yao1 er4 ling2?"
    assert spoken_chinese("助浴（洗浴）") == "zhu4 yu4, xi3 yu4,"
    with pytest.raises(Unspoken):
        spoken_chinese("α")


def test_our_prompts_are_linked_and_a_recording_replaces_one(tmp_path: Path) -> None:
    mine = recording(tmp_path / "prompts/zh/welcome.wav")
    link_prompts(settings_in(tmp_path))
    linked = tmp_path / "asterisk/prompts"
    assert len(list(linked.glob("*/*.wav"))) == len(FILES)
    assert (linked / "zh/welcome.wav").resolve() == mine
    assert (linked / "en/welcome.wav").resolve() == DIALPLAN / "prompts/en/welcome.wav"
    mine.unlink()
    link_prompts(settings_in(tmp_path))
    assert (linked / "zh/welcome.wav").resolve() == DIALPLAN / "prompts/zh/welcome.wav"


@pytest.mark.parametrize("wrong", [{"rate": 44100}, {"channels": 2}, {"width": 1}, {"frames": 0}], ids=str)
def test_a_recording_that_a_telephone_cannot_carry_is_refused_with_advice(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    path = recording(tmp_path / "prompts/zh/welcome.wav", **wrong)
    with pytest.raises(PromptError, match=r"8000 Hz.*sox") as refusal:
        link_prompts(settings_in(tmp_path))
    assert str(path) in str(refusal.value)


def test_a_file_that_is_no_wav_or_no_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prompts/zh").mkdir(parents=True)
    path = tmp_path / "prompts/zh/welcome.wav"
    path.write_bytes(b"ID3 an mp3 under a false name")
    with pytest.raises(PromptError, match="no readable WAV"):
        link_prompts(settings_in(tmp_path))
    path.unlink()
    recording(tmp_path / "prompts/zh/wellcome.wav")
    with pytest.raises(PromptError, match="welcome"):
        link_prompts(settings_in(tmp_path))
