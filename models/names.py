"""Names as people search for them: characters, pinyin, initials."""

from __future__ import annotations

from pypinyin import Style, lazy_pinyin


def search_key(name: str) -> str:
    """What a search is compared with: the name, its pinyin and its initials (`李一 liyi ly`), lower case."""
    name = "".join(char for char in name if not char.isspace()).lower()
    letters = "".join(char for char in name if char.isalnum())
    pinyin = "".join(lazy_pinyin(letters))
    initials = "".join(lazy_pinyin(letters, style=Style.FIRST_LETTER))
    return f"{name} {pinyin} {initials}".strip()
