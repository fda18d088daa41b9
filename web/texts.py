"""Every word that a page shows, in Chinese and English, from `words/*.toml`: a file for each part of the menu, each
section in one of them. No user-facing text lives in code.

A key is `section.name`; a missing key is a mistake of ours and raises. Sections named after a vocabulary of the
procedure hold one entry for each of its values.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, get_args

Lang = Literal["zh", "en"]
LANGS: Final[tuple[Lang, ...]] = get_args(Lang)
FOLDER: Final = Path(__file__).with_name("words")


class TextsError(ValueError):
    """A key lacks a language, or a section stands in two files; the text names it."""


class Texts:
    """The words of one language."""

    def __init__(self, lang: Lang, words: Mapping[str, str]) -> None:
        self.lang = lang
        self._words = words

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of this key, with `{name}` replaced by the values. Raises KeyError for an unknown key."""
        text = self._words[key]
        return text.format(**values) if values else text

    def __contains__(self, key: str) -> bool:
        return key in self._words

    def label(self, name: str) -> str:
        """The word for a field of a timeline entry; its own name when we have none."""
        return self._words.get(f"field.{name}", name)

    def value(self, name: str, value: str) -> str:
        """The word for a value of such a field, where it is one of the vocabulary's."""
        return self._words.get(f"{name}.{value}", value)

    def word(self, section: str, value: str | None) -> str:
        """The word for a value that comes from outside; the value itself when we have none."""
        return "" if value is None else self._words.get(f"{section}.{value}", value)

    def advice(self, code: str) -> str:
        """What to do when the part of this code does not work; empty when we know of nothing."""
        return self._words.get(f"remedy.{code}", "")

    def section(self, name: str) -> dict[str, str]:
        """All texts of one section by their short names; for scripts that show words themselves."""
        start = f"{name}."
        return {key.removeprefix(start): word for key, word in self._words.items() if key.startswith(start)}


@cache
def load_texts(folder: Path = FOLDER) -> dict[Lang, Texts]:
    """Read each file there, once. Raises TextsError when a key lacks a language, or two files have the same section."""
    words: dict[Lang, dict[str, str]] = {lang: {} for lang in LANGS}
    seen: set[str] = set()
    for file in sorted(folder.glob("*.toml")):
        for section, entries in tomllib.loads(file.read_text("utf-8")).items():
            if section in seen:
                raise TextsError(f"{file.name}: {section} stands in another file as well")
            seen.add(section)
            for name, entry in entries.items():
                for lang in LANGS:
                    if not isinstance(entry.get(lang), str):
                        raise TextsError(f"{file.name}: {section}.{name} has no {lang}")
                    words[lang][f"{section}.{name}"] = entry[lang]
    return {lang: Texts(lang, words[lang]) for lang in LANGS}


def as_lang(value: object, default: Lang) -> Lang:
    """This value if it names a language of ours, else the default."""
    return next((lang for lang in LANGS if lang == value), default)
