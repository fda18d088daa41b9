"""One box for everything that a file is searched by: words that all must fit, each by name, pinyin, initials, part of a
number, end of the ID card, or address. Which keys a file has is `models/search_keys.py`'s.

A search must be answered at once on 200 000 files. So each word is first asked for the few files that it may mean;
only where it means a great many (a surname) is it left to the list itself, which then soon has a page full.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Select,
    and_,
    any_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, ElderKey
from models.names import letters_of
from models.org import OrgUnit, below
from models.search_keys import CARD, LONGEST, NAME, NUMBER, SHORTEST_NUMBER

FEW: Final = 2_000  # files: what a word may mean and is still looked up by itself
_LISTED: Final = 100  # files that are named one by one, which no database misunderstands
_MOST_WORDS: Final = 6
_MOST_COMPOUNDS: Final = 300
_END: Final = "\U0010ffff"
_CARD: Final = re.compile(r"\d{3,17}[\dx]")
_NUMBERS: Final = re.compile(r"[\d+() -]+")
_PLACE: Final = re.compile(r"(\D*?)[\s-]*(\d.*)?")
_PIECE: Final = re.compile(r"(\d+[a-z]?)(号楼|单元|[号幢栋弄座门层楼室#])?")
_WORDS: Final = {
    "building": ("号楼", "号", "幢", "栋", "座", "弄", "#"),
    "entrance": ("单元", "门"),
    "floor": ("层", "楼"),
    "room": ("室",),
}
_FIELD: Final = {word: field for field, words in _WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class _Way:
    """One thing that a word may mean: the files, and the same as a condition on a file."""

    ids: Select[int]
    fits: ColumnElement[bool]


async def find(session: AsyncSession, text: str) -> list[ColumnElement[bool]]:
    """What a list of elders is narrowed to, so that every word of the text fits; nobody, for a text without a letter or
    digit."""
    ids: frozenset[int] | None = None
    conditions: list[ColumnElement[bool]] = []
    for word in words_of(text):
        ways = _ways(word, await _compounds_like(session, word))
        few = await _few(session, ways)
        if few is None:
            conditions.append(or_(*(way.fits for way in ways)))
        else:
            ids = few if ids is None else ids & few
    if ids is not None:
        conditions.append(_among(session, ids))
    return conditions or [false()]


def words_of(text: str) -> tuple[str, ...]:
    """A number is one word however it is written, and so is a name whose characters stand apart."""
    text = unicodedata.normalize("NFKC", text).lower().strip()
    if _NUMBERS.fullmatch(text):
        return (text,) if any(char.isdigit() for char in text) else ()
    words: list[str] = []
    apart = False
    for word in text.split():
        alone = len(word) == 1 and not word.isascii()
        if alone and apart:
            words[-1] += word
        else:
            words.append(word)
        apart = alone
    return tuple(word for word in words if letters_of(word))[:_MOST_WORDS]


async def _few(session: AsyncSession, ways: Sequence[_Way]) -> frozenset[int] | None:
    """The files that any of these mean; None: too many."""
    if not ways:
        return frozenset()
    parts = [select(way.ids.limit(FEW + 1).subquery()) for way in ways]
    found = frozenset(await session.scalars(union_all(*parts) if len(parts) > 1 else parts[0]))
    return found if len(found) <= FEW else None


def _among(session: AsyncSession, ids: frozenset[int]) -> ColumnElement[bool]:
    """One parameter, however many there are."""
    if len(ids) <= _LISTED:
        return Elder.id.in_(sorted(ids))
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(sorted(ids))).table_valued("value")
        return Elder.id.in_(select(listed.c.value))
    return Elder.id == any_(literal(sorted(ids), ARRAY(Integer)))


def _ways(word: str, compounds: Sequence[str]) -> list[_Way]:
    letters = letters_of(word)
    digits = "".join(char for char in word if char.isdigit())
    ways = [] if any(char.isdigit() for char in letters) else [_by_key(NAME + letters)]
    if _NUMBERS.fullmatch(word):
        ways += [_by_key(NUMBER + number) for number in _numbers(digits)]
    if _CARD.fullmatch(word):
        ways.append(_by_key(CARD + word.upper()[::-1]))
    return [*ways, *_by_address(word, compounds)]


def _numbers(digits: str) -> list[str]:
    """As given, and without what is dialled in front of a number."""
    given = [digits, *(digits.removeprefix(zeros) for zeros in ("0", "00") if digits.startswith(zeros))]
    return [number for number in dict.fromkeys(given) if len(number) >= SHORTEST_NUMBER]


def _by_key(beginning: str) -> _Way:
    beginning = beginning[: LONGEST + 1]
    fits = and_(ElderKey.key >= beginning, ElderKey.key < beginning + _END)
    return _Way(select(ElderKey.elder_id).where(fits), exists().where(ElderKey.elder_id == Elder.id, fits))


def _by_address(word: str, compounds: Sequence[str]) -> list[_Way]:
    """`示例新村12号楼301`, `示例新村`, `12-301`, `301室`, `301`; the name of a community, street or district."""
    name, numbers = _place(word)
    rooms = _rooms(numbers)
    if (name and (len(name) == 1 or name.isascii())) or (numbers and not rooms):
        return []
    homes = rooms
    if name:
        called = func.lower(OrgUnit.name).contains(name, autoescape=True)
        homes = [Elder.org_unit_id.in_(below(called))]
        if compounds:
            homes.append(Elder.compound.in_(compounds))
        homes = [and_(home, room) for home in homes for room in rooms] if rooms else homes
    return [_Way(select(Elder.id).where(home), home) for home in homes]


def _place(word: str) -> tuple[str, str]:
    """The name in front, and the numbers after it."""
    found = _PLACE.fullmatch(word)
    return ("", "") if found is None else (found[1].strip(), found[2] or "")


def _rooms(text: str) -> list[ColumnElement[bool]]:
    """What the numbers of an address may mean: each number with its word is told, the last without one is a room, or a
    house where it stands alone."""
    pieces = _PIECE.findall(text)
    if not pieces or len(pieces) > len(_WORDS) or _PIECE.sub("", text).strip(" -，,"):
        return []
    told = {_FIELD[word]: number for number, word in pieces if word}
    bare = [number for number, word in pieces if not word]
    if len(pieces) == 1 and bare:
        return [_is("room", bare[0]), *([_is("building", bare[0])] if len(bare[0]) < SHORTEST_NUMBER else [])]
    for number, field in zip(reversed(bare), _places_for(len(bare)), strict=False):
        told.setdefault(field, number)
    return [and_(*(_is(field, number) for field, number in told.items()))]


def _places_for(count: int) -> tuple[str, ...]:
    """From the last number backwards."""
    return ("room", "building") if count < 3 else ("room", "entrance", "building")


def _is(field: str, number: str) -> ColumnElement[bool]:
    """Written with its word or without."""
    column = getattr(Elder, field)
    written = [number.upper() + word for word in ("", *_WORDS[field])]
    return column.in_([*dict.fromkeys([*written, *(one.lower() for one in written)])])  # type: ignore[no-any-return]


async def _compounds_like(session: AsyncSession, word: str) -> list[str]:
    """The estates in whose name this word's is. Read from one to the next along the index: each stands in thousands of
    files."""
    name, _ = _place(word)
    if len(name) < 2 or name.isascii():
        return []
    first = select(func.min(Elder.compound).label("name")).cte("compounds", recursive=True)
    after = select(func.min(Elder.compound)).where(Elder.compound > first.c.name).scalar_subquery()
    every = first.union_all(select(after).where(first.c.name.is_not(None)))
    named = select(every.c.name).where(func.lower(every.c.name).contains(name, autoescape=True))
    return list(await session.scalars(named.limit(_MOST_COMPOUNDS)))
