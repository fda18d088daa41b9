"""Many new files at once: a statement for each table instead of the session's bookkeeping for each row, because SQLite
is closed to everybody else meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, inspect
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import Base
from models.elders import Elder
from models.numbering import number


async def insert_elders(session: AsyncSession, elders: Sequence[Elder]) -> None:
    """Insert these elders, who are in no session, with all that belongs to them; each has its id and version then."""
    contacts = [contact for elder in elders for contact in elder.contacts]
    phones = [phone for contact in contacts for phone in contact.phones]
    terminals = [terminal for elder in elders for terminal in elder.terminals]
    for rows in (elders, contacts, phones, terminals):
        await number(session, rows)
    parts = set(inspect(Elder).relationships.keys()) - {"contacts", "terminals"}
    for elder in elders:
        others = [name for name in parts if vars(elder).get(name)]
        assert not others, f"{others} of a new file would be lost: insert them here as well"
        elder.version = 1
        for known in elder.contacts:
            known.elder_id = elder.id
        for terminal in elder.terminals:
            terminal.elder_id = elder.id
    for contact in contacts:
        for phone in contact.phones:
            phone.contact_id = contact.id
    for rows in (elders, contacts, phones, terminals):
        if rows:
            await session.execute(insert(type(rows[0])), _as_dicts(rows))


def _as_dicts(rows: Sequence[Base]) -> list[dict[str, Any]]:
    """The columns that any of them has been given; what nobody was given gets its default from the table."""
    names = [column.key for column in inspect(type(rows[0])).mapper.column_attrs]
    given = [name for name in names if any(name in vars(row) for row in rows)]
    return [{name: getattr(row, name) for name in given} for row in rows]
