"""What a file is found by, as text whose beginning is looked up in an index: names, numbers, the end of the ID card.

Part of a name or number is the beginning of one of its tails, so every tail is a key (`王秀英`, `秀英`): this finds a
part as fast on SQLite as on PostgreSQL, however many files there are. The first letter of a key says what it is of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Executable, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, ElderKey
from models.names import readings

NAME: Final = "n"
NUMBER: Final = "p"
CARD: Final = "i"  # an ID number backwards: people say its last digits
SHORTEST_NUMBER: Final = 4  # digits: a part of a telephone number that is worth a search
LONGEST: Final = 20  # characters of a key: what a search has more of is compared up to here
_CHUNK: Final = 500
Row: TypeAlias = dict[str, Any]  # of the table: `elder_id`, `key`


def name_keys(name: str) -> Iterator[str]:
    """Of each part of the name from a character on: itself, its pinyin, its initials."""
    for characters, syllables in readings(name):
        for at in range(len(characters)):
            if at == len(characters) - 1 > 0:
                break  # one character alone finds half of a city
            yield NAME + characters[at:]
            yield NAME + "".join(syllables[at:])
            yield NAME + "".join(syllable[:1] for syllable in syllables[at:])


def number_keys(canonical: str) -> Iterator[str]:
    digits = canonical.lstrip("+")
    for at in range(max(1, len(digits) - SHORTEST_NUMBER + 1)):
        yield NUMBER + digits[at:]


def keys_of(name: str, id_card: str | None, numbers: Iterable[str]) -> set[str]:
    """Every key of a file; `numbers` in their canonical form."""
    found = set(name_keys(name))
    for number in numbers:
        if number:
            found.update(number_keys(number))
    if id_card:
        found.add(CARD + id_card[::-1])
    return {key[: LONGEST + 1] for key in found}


def rows_of(elder_id: int, name: str, id_card: str | None, numbers: Iterable[str]) -> list[Row]:
    return [{"elder_id": elder_id, "key": key} for key in sorted(keys_of(name, id_card, numbers))]


def insertion(dialect: str, rows: Sequence[Row]) -> tuple[Executable, Any]:
    """The statement that writes these rows, and what it takes: tens of thousands of them in one."""
    if dialect != "postgresql":
        return insert(ElderKey.__table__), list(rows)  # type: ignore[arg-type] # a Table, whatever its stub says
    columns = {"elders": [row["elder_id"] for row in rows], "keys": [row["key"] for row in rows]}
    return text(_INSERT_MANY), columns


_INSERT_MANY: Final = (
    "INSERT INTO elder_keys (elder_id, key) SELECT * FROM unnest(CAST(:elders AS integer[]), CAST(:keys AS text[]))"
)


async def insert_rows(session: AsyncSession, rows: Sequence[Row]) -> None:
    if rows:
        await session.execute(*insertion(session.get_bind().dialect.name, rows))


async def write_keys(session: AsyncSession, elders: Sequence[Elder], *, anew: bool = False) -> None:
    """Bring the keys of these files up to date; contacts and terminals must be loaded. `anew`: they have none yet."""
    for at in range(0, len(elders), _CHUNK):
        some = elders[at : at + _CHUNK]
        if not anew:
            await session.execute(delete(ElderKey).where(ElderKey.elder_id.in_([elder.id for elder in some])))
        await insert_rows(
            session, [row for elder in some for row in rows_of(elder.id, elder.name, elder.id_card, _numbers(elder))]
        )


def _numbers(elder: Elder) -> Iterator[str]:
    yield elder.home_phone_canonical
    yield from (terminal.line_canonical for terminal in elder.terminals)
    yield from (phone.canonical for contact in elder.contacts for phone in contact.phones)
