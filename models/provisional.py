"""Files for callers whom nobody knows (X5): one for each number, one for each case that came without a number."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import ElderFile
from models.elders import Elder, ElderKey
from models.phone_numbers import canonical, national
from models.queries.register import file_of, find_file
from models.search_keys import rows_of
from models.upsert import dialect_insert

UNKNOWN_CALLER = "未登记来电者"
# `search_key` of it, written down: the controller must not load the dictionary of readings while somebody calls.
_UNKNOWN_KEY = "未登记来电者 weidengjilaidianzhe wdjldz"


async def open_file(session: AsyncSession, caller: str, *, case: str, area_code: str) -> ElderFile:
    """The provisional file of this number, made when there is none; the elder's own, when the number is registered."""
    known = await find_file(session, caller, area_code)
    if known is not None:
        return known
    number = canonical(caller, area_code)
    key = number or f"case:{case}"
    row = {
        "name": UNKNOWN_CALLER,
        "name_key": _UNKNOWN_KEY,
        "home_phone": national(number),
        "home_phone_canonical": number,
        "provisional": True,
        "provisional_for": key,
    }
    # Another controller may be making the same file now: the unique key decides, and both find the one that is there.
    made = dialect_insert(session, Elder).values(row).on_conflict_do_nothing(index_elements=["provisional_for"])
    await session.execute(made)
    elder = (await session.scalars(select(Elder.id).where(Elder.provisional_for == key))).one()
    keys = rows_of(elder, UNKNOWN_CALLER, None, [number])
    await session.execute(dialect_insert(session, ElderKey).values(keys).on_conflict_do_nothing())
    file = await file_of(session, elder)
    assert file is not None  # it was there in this very transaction
    return file
