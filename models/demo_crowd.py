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

from sqlalchemy import func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Relation
from models.database import Database
from models.elders import Contact, ContactPhone, Elder, Terminal
from models.names import search_key
from models.phone_numbers import canonical

FIRST: Final = 20_001  # the district's elders and committees have smaller numbers
MOST: Final = 9_999_999 - FIRST
_CHUNK: Final = 2_000
_SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
_GIVEN: Final = "一二三四五六七八九十"


def line_of(number: int) -> str:
    """The line of the elder with this number, from 1 on, without the area code."""
    return f"1{FIRST + number - 1:07d}"


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


def _elders(first: int, last: int, area_code: str) -> Iterator[dict[str, Any]]:
    for number in range(first, last + 1):
        line = line_of(number)
        name = f"演示·{_SURNAMES[number % len(_SURNAMES)]}{_GIVEN[number // len(_SURNAMES) % len(_GIVEN)]}"
        yield {
            "name": name,
            "name_key": _key(name),
            "sex": ("male", "female")[number % 2],
            "born": date(1930, 1, 1) + timedelta(days=number % 10_000),
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
