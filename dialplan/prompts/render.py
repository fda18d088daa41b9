"""Speaks texts.toml into zh/*.wav and en/*.wav with espeak-ng and sox: 8 kHz, mono, 16 bit, the same bytes each time.

    python dialplan/prompts/render.py [NAME ...]      needs espeak-ng and sox in PATH

Run it after a change of a text and commit the files: nobody who installs the platform needs a voice. Must never be
called while calls run; the platform only reads the files.
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

import cn2an
import pypinyin

FOLDER = Path(__file__).parent
# Words a minute: slow, for old ears; for Chinese espeak counts each syllable.
PACE = {"zh": 165, "en": 150}
# espeak's other Chinese voices read characters as English letters; this one reads syllables with tone numbers.
VOICE = {"zh": "cmn-latn-pinyin", "en": "en-us"}
EDGE = "0.15"  # seconds of silence kept at both ends


@dataclass(frozen=True, slots=True)
class Text:
    """One prompt in both languages; `where` tells who hears it and when."""

    name: str
    zh: str
    en: str
    where: str


def load_texts() -> list[Text]:
    """All prompts, and their special readings made known to pypinyin."""
    found = tomllib.loads((FOLDER / "texts.toml").read_text(encoding="utf-8"))
    pypinyin.load_phrases_dict(
        {word: [[s] for s in syllables] for word, syllables in found["readings"].items()}, style="tone2"
    )
    return [Text(name=name, **texts) for name, texts in found["prompts"].items()]


def spoken_chinese(text: str) -> str:
    """`请按1，` -> `qing3 an4 yi1,`: figures as words, characters as syllables, tones as they are said together."""
    words = re.sub(r"[0-9]+", lambda found: _figures(found[0]), text)
    syllables = pypinyin.lazy_pinyin(
        words, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, v_to_u=False
    )
    line = " ".join(syllables)
    for chinese, plain in (("，", ","), ("。", "."), ("？", "?"), ("！", "!"), ("、", ",")):
        line = line.replace(f" {chinese}", plain).replace(chinese, plain)
    if left := re.search(r"[^\x00-\x7f]", line):
        raise ValueError(f"no reading for {left[0]!r} in {text!r}")
    return line


def _figures(digits: str) -> str:
    # 120 is said digit by digit, with yao for one; a single key is said as a number.
    if len(digits) == 1:
        return str(cn2an.an2cn(digits))
    return "".join("幺" if digit == "1" else str(cn2an.an2cn(digit)) for digit in digits)


def speak(text: str, lang: str, target: Path) -> None:
    """Writes `text`, spoken, to `target`."""
    words = spoken_chinese(text) if lang == "zh" else text
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.wav"
        # fmt: off
        _run("espeak-ng", "-v", VOICE[lang], "-s", str(PACE[lang]), "-g", "2", "-p", "42", "-w", str(raw), "--", words)
        # -D: dither is random. Edges are cut by level. What lies below a telephone's band only costs level.
        _run(
            "sox", "-D", str(raw), "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", str(target),
            "highpass", "180", "treble", "+3", "2500",
            "silence", "1", "0.02", "0.4%", "reverse", "silence", "1", "0.02", "0.4%", "reverse",
            "compand", "0.01,0.15", "6:-60,-60,-30,-18,-10,-8,0,-6", "0", "-60", "0.01",
            "rate", "-v", "8000", "norm", "-3", "pad", EDGE, EDGE,
        )
        # fmt: on


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: {done.stderr.strip()}")


def main(names: list[str]) -> None:
    missing = [program for program in ("espeak-ng", "sox") if shutil.which(program) is None]
    if missing:
        raise SystemExit(f"缺少 / missing: {', '.join(missing)}; apt-get install {' '.join(missing)}")
    texts = load_texts()
    if unknown := set(names) - {text.name for text in texts}:
        raise SystemExit(f"texts.toml 中没有 / has no prompt named: {', '.join(sorted(unknown))}")
    for text in texts:
        if not names or text.name in names:
            for lang, words in (("zh", text.zh), ("en", text.en)):
                (FOLDER / lang).mkdir(exist_ok=True)
                speak(words, lang, FOLDER / lang / f"{text.name}.wav")
            print(text.name)


if __name__ == "__main__":
    main(sys.argv[1:])
