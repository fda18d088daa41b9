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
    CompoundSelect,
    Integer,
    Select,
    Text,
    and_,
    any_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, ElderKey, is_whole
from models.names import letters_of
from models.org import OrgUnit, below
from models.search_keys import CARD, LONGEST, NAME, NUMBER, SHORTEST_NUMBER

FEW: Final = 2_000  # files: what a word may mean and is still looked up by itself
MANY: Final = 20_000  # files: so large a part of a register that a page is full before a database has listed them
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
    """One thing that a word may mean: the files, and the same as a condition on a file; `asked`: as one that is asked
    of each file for itself."""

    ids: Select[int]
    fits: ColumnElement[bool]
    asked: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Found:
    """What a list of elders is narrowed to: `conditions` on a file. Where the search itself knows every file that fits,
    they are `ids`; where it only knows so many, there are `at_least` these. No file among them is part of another."""

    conditions: list[ColumnElement[bool]]
    ids: frozenset[int] | None
    at_least: int


@dataclass(frozen=True, slots=True)
class _Places:
    """Whose name has a word in it: these estates, and whether any community, street or district."""

    compounds: tuple[str, ...]
    units: bool


async def find(session: AsyncSession, text: str) -> Found:
    """So that every word of the text fits; nobody, for a text without a letter or digit."""
    words = [_ways(word, await _places_like(session, word)) for word in words_of(text)]
    ids, many, at_least = await _looked_up(session, words, most=FEW)
    if ids is None and len(many) > 1:  # each means thousands, and all together perhaps nobody
        ids, many, _ = await _looked_up(session, many, most=MANY)
        at_least = 0
    conditions = [await _many(session, ways) for ways in many]
    if ids is not None:
        return Found([*conditions, _among(session, ids)], None if many else ids, 0)
    return Found(conditions, None, at_least) if many else Found([false()], frozenset(), 0)


async def _looked_up(
    session: AsyncSession, words: Sequence[Sequence[_Way]], *, most: int
) -> tuple[frozenset[int] | None, list[list[_Way]], int]:
    """The files that fit all those words that mean `most` files or fewer, if there is such a word; the others; and how
    many files each of these means at least."""
    ids: frozenset[int] | None = None
    many: list[list[_Way]] = []
    at_least = 0
    for word in words:
        ways, some = await _some(session, word, most)
        if len(some) > most:
            many.append(ways)
            at_least = len(some)
        else:
            ids = some if ids is None else ids & some
    return ids, many, at_least


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


async def _some(session: AsyncSession, ways: Sequence[_Way], most: int) -> tuple[list[_Way], frozenset[int]]:
    """The ways that mean any file at all, and the files: all, unless they are more than `most`."""
    if len(ways) < 2:
        found = [file for way in ways for file in await session.scalars(way.ids.limit(most + 1))]
        return [*ways], frozenset(found)
    rows = (await session.execute(_any(ways, limit=most + 1))).all()
    meant = {way for way, _ in rows}
    return [way for number, way in enumerate(ways) if number in meant], frozenset(file for _, file in rows)


async def _many(session: AsyncSession, ways: Sequence[_Way]) -> ColumnElement[bool]:
    """SQLite asks file by file, whatever it is told. PostgreSQL finds the best way for one condition; for several it
    lists all files that they mean, which is good unless that is a large part of the register."""
    if len(ways) == 1 or session.get_bind().dialect.name == "sqlite":
        return or_(*(way.fits for way in ways))
    if len((await session.scalars(_any(ways, limit=1, skip=MANY))).all()):
        return or_(*(way.asked for way in ways))
    return Elder.id.in_(union_all(*(select(way.ids.subquery()) for way in ways)))


def _any(
    ways: Sequence[_Way], *, limit: int | None = None, skip: int | None = None
) -> Select[int, int] | CompoundSelect[int, int]:
    """The files of each way, so many of each, and which way it was."""
    parts = [
        select(literal_column(str(number), Integer), way.ids.limit(limit).offset(skip).subquery())
        for number, way in enumerate(ways)
    ]
    return union_all(*parts) if len(parts) > 1 else parts[0]


def _among(session: AsyncSession, ids: frozenset[int]) -> ColumnElement[bool]:
    """One parameter, however many there are."""
    if len(ids) <= _LISTED:
        return Elder.id.in_(sorted(ids))
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(sorted(ids))).table_valued("value")
        return Elder.id.in_(select(listed.c.value))
    return Elder.id == any_(literal(sorted(ids), ARRAY(Integer)))


def _ways(word: str, places: _Places) -> list[_Way]:
    letters = letters_of(word)
    digits = "".join(char for char in word if char.isdigit())
    ways = [] if any(char.isdigit() for char in letters) else [_by_key(NAME + letters)]
    if _NUMBERS.fullmatch(word):
        ways += [_by_key(NUMBER + number) for number in _numbers(digits)]
    if _CARD.fullmatch(word):
        ways.append(_by_key(CARD + word.upper()[::-1]))
    return [*ways, *_by_address(word, places)]


def _numbers(digits: str) -> list[str]:
    """As given, and without what is dialled in front of a number."""
    given = [digits, *(digits.removeprefix(zeros) for zeros in ("0", "00") if digits.startswith(zeros))]
    return [number for number in dict.fromkeys(given) if len(number) >= SHORTEST_NUMBER]


def _by_key(beginning: str) -> _Way:
    beginning = beginning[: LONGEST + 1]
    fits = and_(ElderKey.key >= beginning, ElderKey.key < beginning + _END)
    of_file = select(ElderKey.elder_id).where(ElderKey.elder_id == Elder.id, fits)
    asked = of_file.offset(0).exists()  # with an offset, no list of all is made beforehand
    return _Way(select(ElderKey.elder_id).where(fits), of_file.exists(), asked)


def _by_address(word: str, places: _Places) -> list[_Way]:
    """`示例新村12号楼301`, `示例新村`, `12-301`, `301室`, `301`; the name of a community, street or district."""
    name, numbers = _place(word)
    rooms = _rooms(numbers)
    if (name and (len(name) == 1 or name.isascii())) or (numbers and not rooms):
        return []
    homes = rooms
    if name:
        homes = [Elder.org_unit_id.in_(below(_called(name)))] if places.units else []
        if places.compounds:
            homes.append(Elder.compound.in_(places.compounds))
        homes = [and_(home, room) for home in homes for room in rooms] if rooms else homes
    return [_Way(select(Elder.id).where(home, is_whole()), home, home) for home in homes]


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


async def _places_like(session: AsyncSession, word: str) -> _Places:
    """Asked beforehand, because a word that is the name of no place (most are of people) needs no look at addresses.
    Estates are read from one to the next along the index: each stands in thousands of files."""
    name, _ = _place(word)
    if len(name) < 2 or name.isascii():
        return _Places((), units=False)
    first = select(func.min(Elder.compound).label("name")).cte("compounds", recursive=True)
    after = select(func.min(Elder.compound)).where(Elder.compound > first.c.name).scalar_subquery()
    every = first.union_all(select(after).where(first.c.name.is_not(None)))
    named = select(every.c.name).where(func.lower(every.c.name).contains(name, autoescape=True))
    unit = select(literal(None, Text)).where(select(OrgUnit.id).where(_called(name)).exists())
    found = list(await session.scalars(union_all(select(named.limit(_MOST_COMPOUNDS).subquery()), unit)))
    return _Places(tuple(one for one in found if one is not None), units=None in found)


def _called(name: str) -> ColumnElement[bool]:
    return func.lower(OrgUnit.name).contains(name, autoescape=True)
