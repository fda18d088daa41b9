"""The voice that speaks what nobody has recorded: espeak-ng and sox, 8 kHz, mono, 16 bit, the same bytes each time.

The prompts are spoken ahead and lie in the repository (`dialplan/prompts/render.py`); at run time it only says what is
known then, such as a name in a care call. Everything here waits: call it in a thread.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from home.programs import Program, find
from home.settings import Settings

TEXTS: Final = Path(__file__).parent.parent / "dialplan" / "prompts" / "texts.toml"
# Words a minute: slow, for old ears; for Chinese espeak counts each syllable.
PACE: Final = {"zh": 165, "en": 150}
# espeak's other Chinese voices read characters as English letters; this one reads syllables with tone numbers.
VOICE: Final = {"zh": "cmn-latn-pinyin", "en": "en-us"}
EDGE: Final = "0.15"  # seconds of silence kept at both ends
_SPOKEN_WITHIN: Final = 20.0  # seconds for one program
_PAUSES: Final = (("。", "."), ("？", "?"), ("！", "!"), *((mark, ",") for mark in "，、；：·（）"))


class Unspoken(Exception):
    """This cannot be said; the text tells why, and never what."""


@dataclass(frozen=True, slots=True)
class Voice:
    """The two programs. `gently`: calls run beside, and come first."""

    espeak: Program
    sox: Program
    gently: bool = False

    @classmethod
    def of(cls, settings: Settings, *, gently: bool = False) -> Voice:
        """Raises ProgramMissing."""
        return cls(find("espeak-ng", settings), find("sox", settings), gently)

    def speak(self, text: str, lang: str, target: Path) -> None:
        """Writes `text`, spoken, to `target`: the whole of it, or nothing. Raises Unspoken, OSError."""
        words = spoken_chinese(text) if lang == "zh" else text
        pace = ("-s", str(PACE[lang]), "-g", "2", "-p", "42")
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            raw, done = Path(folder) / "raw.wav", Path(folder) / "done.wav"
            self._run(self.espeak, ["-v", VOICE[lang], *pace, "-w", str(raw), "--", words])
            # fmt: off
            # -D: dither is random. Edges are cut by level. What lies below a telephone's band only costs level.
            self._run(self.sox, [
                "-D", str(raw), "-r", "8000", "-c", "1", "-b", "16", "-e", "signed-integer", str(done),
                "highpass", "180", "treble", "+3", "2500",
                "silence", "1", "0.02", "0.4%", "reverse", "silence", "1", "0.02", "0.4%", "reverse",
                "compand", "0.01,0.15", "6:-60,-60,-30,-18,-10,-8,0,-6", "0", "-60", "0.01",
                "rate", "-v", "8000", "norm", "-3", "pad", EDGE, EDGE,
            ])
            # fmt: on
            done.replace(target)

    def _run(self, program: Program, arguments: Sequence[str]) -> None:
        gently = ["nice", "-n", "15"] if self.gently and shutil.which("nice") else []
        try:
            done = subprocess.run(
                [*gently, *program.argv(*arguments)],
                env=program.environment(),
                check=False,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_SPOKEN_WITHIN,
            )
        except subprocess.TimeoutExpired:
            raise Unspoken(f"{program.name} took too long") from None
        if done.returncode != 0:
            raise Unspoken(f"{program.name} has failed ({done.returncode})")


def spoken_chinese(text: str) -> str:
    """`请按1，` -> `qing3 an4 yi1,`: figures as words, characters as syllables, tones as they are said together.

    Raises Unspoken: there is no reading for a character.
    """
    import pypinyin  # a dictionary of megabytes: only for who speaks

    _learn_readings()
    words = re.sub(r"[0-9]+", lambda found: _figures(found[0]), text)
    syllables = pypinyin.lazy_pinyin(
        words, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, v_to_u=False
    )
    line = " ".join(syllables)
    for chinese, plain in _PAUSES:
        line = line.replace(f" {chinese}", plain).replace(chinese, plain)
    if re.search(r"[^\x00-\x7f]", line):
        raise Unspoken("no reading for a character")
    return line


@cache
def _learn_readings() -> None:
    """Words that the dictionary gets wrong (`[readings]` of the prompts' texts)."""
    import pypinyin

    readings = tomllib.loads(TEXTS.read_text(encoding="utf-8"))["readings"]
    pypinyin.load_phrases_dict(
        {word: [[syllable] for syllable in syllables] for word, syllables in readings.items()}, style="tone2"
    )


def _figures(digits: str) -> str:
    # 120 is said digit by digit, with yao for one; a single key is said as a number.
    import cn2an

    if len(digits) == 1:
        return str(cn2an.an2cn(digits))
    return "".join("幺" if digit == "1" else str(cn2an.an2cn(digit)) for digit in digits)
