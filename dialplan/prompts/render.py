"""Speaks texts.toml into zh/*.wav and en/*.wav (`home/voice.py`), the same bytes each time.

    python dialplan/prompts/render.py [NAME ...]      needs espeak-ng and sox

Run it after a change of a text and commit the files: nobody who installs the platform needs a voice for the prompts.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from home.programs import ProgramMissing
from home.settings import Settings
from home.voice import Unspoken, Voice

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Text:
    """One prompt in both languages; `where` tells who hears it and when."""

    name: str
    zh: str
    en: str
    where: str


def load_texts() -> list[Text]:
    """All prompts."""
    found = tomllib.loads((FOLDER / "texts.toml").read_text(encoding="utf-8"))
    return [Text(name=name, **texts) for name, texts in found["prompts"].items()]


def main(names: list[str]) -> None:
    try:
        voice = Voice.of(Settings.load())
    except ProgramMissing as missing:
        raise SystemExit(str(missing)) from None
    texts = load_texts()
    if unknown := set(names) - {text.name for text in texts}:
        raise SystemExit(f"texts.toml 中没有 / has no prompt named: {', '.join(sorted(unknown))}")
    for text in texts:
        if not names or text.name in names:
            for lang, words in (("zh", text.zh), ("en", text.en)):
                (FOLDER / lang).mkdir(exist_ok=True)
                try:
                    voice.speak(words, lang, FOLDER / lang / f"{text.name}.wav")
                except Unspoken as problem:
                    raise SystemExit(f"{text.name} {lang}: {problem}") from None
            print(text.name)


if __name__ == "__main__":
    main(sys.argv[1:])
