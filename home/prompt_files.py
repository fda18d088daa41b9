"""The prompts as files: ours, and the recordings in HOME/prompts that replace them one by one. Asterisk plays whatever
HOME/asterisk/prompts/<lang>/<name>.wav points to, so a change is heard by the next caller; who hears one now hears it
to its end. Everything here waits for the disk: call it in a thread.
"""

from __future__ import annotations

import io
import sys
import tomllib
import wave
from array import array
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from home.asterisk_platform import DIALPLAN, LANGUAGES, point
from home.asterisk_render import write_private_bytes
from home.settings import Settings

SHORTEST: Final = 0.3  # seconds
_AUDIBLE: Final = 300  # |sample|: -40 dBFS
LONGEST: Final = 15.0  # seconds: 240 kB, as much as a request may carry


class UnfitSound(Exception):
    """This cannot be a prompt; the text says why in both languages, divided by ` / `."""


@dataclass(frozen=True, slots=True)
class PromptText:
    """What a prompt says, and where it is heard."""

    name: str
    zh: str
    en: str
    where: str


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The prompt in one language as it is played now; `own`: a recording of the operator's."""

    lang: str
    name: str
    seconds: float
    own: bool
    path: Path


@cache
def prompt_texts() -> tuple[PromptText, ...]:
    """Every prompt, in the order in which the file has them."""
    with (DIALPLAN / "prompts" / "texts.toml").open("rb") as file:
        prompts = tomllib.load(file)["prompts"]
    return tuple(PromptText(name, entry["zh"], entry["en"], entry["where"]) for name, entry in prompts.items())


def prompt_file(settings: Settings, lang: str, name: str) -> PromptFile | None:
    """None: there is no such prompt. Raises OSError, wave.Error."""
    ours = DIALPLAN / "prompts" / lang / f"{name}.wav"
    if lang not in LANGUAGES or name not in {text.name for text in prompt_texts()} or not ours.exists():
        return None
    theirs = _recording(settings, lang, name)
    path = theirs if theirs.exists() else ours
    with wave.open(str(path), "rb") as sound:
        seconds = sound.getnframes() / sound.getframerate()
    return PromptFile(lang, name, seconds, own=path is theirs, path=path)


def replace_prompt(settings: Settings, lang: str, name: str, sound: bytes) -> float:
    """Play this WAV from now on; its seconds. The prompt is one that `prompt_file` knows.

    Raises:
        UnfitSound: it is no WAV of a telephone's, or too short, too long or silent.
        OSError: it cannot be kept.
    """
    seconds = telephone_seconds(sound)
    target = _recording(settings, lang, name)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private_bytes(target, sound)
    _play(settings, lang, name, target)
    return seconds


def restore_prompt(settings: Settings, lang: str, name: str) -> None:
    """Play ours again. Raises OSError."""
    _play(settings, lang, name, DIALPLAN / "prompts" / lang / f"{name}.wav")
    _recording(settings, lang, name).unlink(missing_ok=True)


def _recording(settings: Settings, lang: str, name: str) -> Path:
    return settings.home / "prompts" / lang / f"{name}.wav"


def _samples(frames: bytes) -> array[int]:
    """Of a WAV, which is little-endian whatever the machine."""
    samples = array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _play(settings: Settings, lang: str, name: str, path: Path) -> None:
    """Where no Asterisk has run yet, its start makes all the links."""
    folder = settings.home / "asterisk" / "prompts" / lang
    if folder.is_dir():
        point(folder / f"{name}.wav", path.resolve())


def telephone_seconds(sound: bytes) -> float:
    """How long it lasts. Raises UnfitSound: it is nothing that can be played into a call."""
    try:
        with wave.open(io.BytesIO(sound), "rb") as file:
            found = (file.getframerate(), file.getnchannels(), 8 * file.getsampwidth())
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError, RuntimeError) as error:
        raise UnfitSound("不是 WAV 文件 / this is no WAV file") from error
    if found != (8000, 1, 16):
        rate, channels, bits = found
        raise UnfitSound(
            f"应为 8000 Hz、单声道、16 位，此文件为 {rate} Hz、{channels} 声道、{bits} 位 / "
            f"must be 8000 Hz, mono, 16 bit; this is {rate} Hz, {channels} ch, {bits} bit"
        )
    seconds = len(frames) / 16_000
    if not SHORTEST <= seconds <= LONGEST:
        raise UnfitSound(
            f"时长应为 {SHORTEST:g} 至 {LONGEST:g} 秒，此文件为 {seconds:.1f} 秒 / "
            f"must last {SHORTEST:g} to {LONGEST:g} s; this lasts {seconds:.1f} s"
        )
    if max(map(abs, _samples(frames))) < _AUDIBLE:
        raise UnfitSound("文件中没有声音 / there is no sound in it")
    return seconds
