"""Names as people search for them: characters, pinyin, initials.

The dictionary of readings is large: it is loaded with the first name, not at the start of each process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

# Surnames that are read otherwise than the same character as a word; those of two characters first.
_READINGS: Final = (
    "万俟mo'qi 尉迟yu'chi 长孙zhang'sun 澹台tan'tai "
    "曾zeng 单shan 解xie 仇qiu 区ou 查zha 朴piao 盖ge 乐yue 缪miao 折she 黑he 员yun 种chong 召shao 翟zhai "
    "覃qin 冼xian 逄pang 秘bi 那na 宓mi 祭zhai 繁po 隗wei 幺yao 华hua 任ren 纪ji 燕yan 过guo"
)
_SURNAMES: Final[Mapping[str, tuple[str, ...]]] = {
    found[1]: tuple(found[2].split("'")) for found in re.finditer(r"([^a-z' ]+)([a-z']+)", _READINGS)
}


def letters_of(text: str) -> str:
    """What of a name is compared: its letters and digits, lower case."""
    return "".join(char for char in text.lower() if char.isalnum())


def _one_by_one(letters: str) -> Any:
    """What has no reading is a syllable for each letter, so that syllables and letters go together."""
    return list(letters)


@lru_cache(maxsize=20_000)
def readings(name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The letters of the name with the syllable of each; twice, where the surname has a reading of its own."""
    from pypinyin import lazy_pinyin

    letters = letters_of(name)
    found = [tuple(lazy_pinyin(letters, errors=_one_by_one))]
    surname = next((s for s in _SURNAMES if letters.startswith(s)), "")
    if surname:
        given = lazy_pinyin(letters.removeprefix(surname), errors=_one_by_one)
        found.append((*_SURNAMES[surname], *given))
    return tuple((letters, syllables) for syllables in dict.fromkeys(found) if len(syllables) == len(letters))


@lru_cache(maxsize=20_000)
def search_key(name: str) -> str:
    """What a search is compared with: the name, its pinyin and its initials (`李一 liyi ly`), lower case; names with a
    surname of special reading have both readings."""
    from pypinyin import Style, lazy_pinyin

    name = "".join(char for char in name if not char.isspace()).lower()
    letters = "".join(char for char in name if char.isalnum())
    words = [name, "".join(lazy_pinyin(letters)), "".join(lazy_pinyin(letters, style=Style.FIRST_LETTER))]
    surname = next((s for s in _SURNAMES if letters.startswith(s)), "")
    if surname:
        given = letters.removeprefix(surname)
        reading = _SURNAMES[surname]
        words.append("".join((*reading, *lazy_pinyin(given))))
        words.append("".join((*(word[0] for word in reading), *lazy_pinyin(given, style=Style.FIRST_LETTER))))
    return " ".join(dict.fromkeys(word for word in words if word))
