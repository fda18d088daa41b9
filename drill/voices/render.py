"""Speaks texts.toml into one WAV for each voice with espeak-ng and sox: 8 kHz, mono, 16 bit, the same bytes each time.

    python -m drill.voices.render [NAME ...]      from the checkout; needs espeak-ng and sox in PATH

Run it after a change of a text and commit the files. Must never be needed to run the town.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from drill.voices import FOLDER
from home.voice import spoken_chinese

TEXTS = FOLDER / "texts.toml"


@dataclass(frozen=True, slots=True)
class Voice:
    """One person's voice and words; `pitch` 0 to 99, `pace` in syllables a minute."""

    name: str
    variant: str
    pitch: int
    pace: int
    text: str


def load() -> list[Voice]:
    """Every voice of texts.toml."""
    found = tomllib.loads(TEXTS.read_text("utf-8"))["voices"]
    return [Voice(name=name, **voice) for name, voice in found.items()]


def speak(voice: Voice, target: Path) -> None:
    """Writes the clip. Pauses are cut to a fifth of a second: a voice that pauses longer would count as silence."""
    words = re.sub(r"(?<=[a-z0-9]),", " ,", spoken_chinese(voice.text))
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        # fmt: off
        _run(
            "espeak-ng", "-v", f"cmn-latn-pinyin+{voice.variant}", "-s", str(voice.pace), "-p", str(voice.pitch),
            "-w", str(raw), "--", words,
        )
        _run(
            "sox", "-D", str(raw), "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", str(target),
            "highpass", "180", "rate", "-v", "8000", "norm", "-4",
            "silence", "-l", "1", "0.02", "0.5%", "-1", "0.2", "0.5%",
            "compand", "0.01,0.15", "6:-60,-60,-30,-20,-10,-9,0,-6", "0", "-60", "0.01", "norm", "-6",
        )
        # fmt: on


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: {done.stderr.strip()}")


def main(chosen: list[str]) -> None:
    if missing := [program for program in ("espeak-ng", "sox") if shutil.which(program) is None]:
        raise SystemExit(f"缺少 / missing: {', '.join(missing)}; apt-get install {' '.join(missing)}")
    voices = load()
    if unknown := set(chosen) - {voice.name for voice in voices}:
        raise SystemExit(f"texts.toml 中没有 / has no voice named: {', '.join(sorted(unknown))}")
    for voice in voices:
        if not chosen or voice.name in chosen:
            speak(voice, FOLDER / f"{voice.name}.wav")
            print(voice.name)


if __name__ == "__main__":
    main(sys.argv[1:])
