"""The register as a spreadsheet that `register_import` reads back, and an empty one to fill in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.database import Database
from models.elder_forms import ElderForm
from models.elders import Contact
from models.masking import masked
from models.org import OrgKind, OrgUnit
from models.queries.elders import ElderPage, list_elders
from models.register import forms_of
from models.register_columns import CONTACTS_IN_TEMPLATE, Column, choices, show_relation
from models.scope import EVERYWHERE
from models.sheets import SheetError, SheetKind, table_writer, write_sheet

SHEET_NAME: Final = "老人档案"
AT_ONCE: Final = 50  # files: so long the web process does nothing else, some 10 ms
Fetch: TypeAlias = Callable[[AsyncSession, str | None], Awaitable[ElderPage]]


async def export_elders(db: Database, path: Path, *, by: str) -> int:
    """Write every file of the register to .xlsx or .csv; how many there were.

    Raises:
        SheetError: the suffix is another, or the file cannot be written.
        DatabaseUnavailable
    """
    suffix = path.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise SheetError(f"不支持的文件类型{suffix!r}, 请用.xlsx或.csv / use .xlsx or .csv, not {suffix!r}")

    async def everybody(session: AsyncSession, cursor: str | None) -> ElderPage:
        return await list_elders(session, scope=EVERYWHERE, limit=AT_ONCE, cursor=cursor, counted=cursor is None)

    async with db.read() as session:
        total = (await everybody(session, None)).total
        columns = await columns_of(session)
    async with db.write() as session:  # before the file is there: no export without its entry
        audit(session, by, "elders.export", rows=total)
    count = 0
    try:
        with table_writer(path, SheetKind(suffix[1:]), name=SHEET_NAME) as table:
            table.write([column.zh for column in columns])
            async for rows in elder_rows(db, columns, everybody):
                for row in rows:
                    table.write(row)
                count += len(rows)
    except OSError as error:
        raise SheetError(f"无法写入文件 / the file cannot be written: {error}") from None
    return count


async def columns_of(session: AsyncSession) -> tuple[Column, ...]:
    """All columns, with room for as many contacts as anybody has."""
    most = select(func.max(Contact.position))
    return choices(1 + (await session.scalar(most) or 0))


async def elder_rows(
    db: Database, columns: Sequence[Column], fetch: Fetch, *, mask: bool = False
) -> AsyncIterator[list[list[str]]]:
    """The files of the elders whom `fetch` lists page by page (a session, a cursor), some at a time; `mask`: with what
    is personal made unreadable. Raises DatabaseUnavailable."""
    cursor: str | None = None
    while True:
        async with db.read() as session:
            page = await fetch(session, cursor)
            forms = await forms_of(session, [line.id for line in page.items])
            units = {unit.id: unit for unit in await session.scalars(select(OrgUnit))}
        shown = [forms[line.id][0] for line in page.items if line.id in forms]
        if mask:
            shown = [masked(form) for form in shown]
        yield [_row(form, columns, _places(form.org_unit_id, units)) for form in shown]
        if page.next is None:
            return
        cursor = page.next
        await asyncio.sleep(0)  # a long export shares its process with pages and calls' screens


def write_template(path: Path) -> None:
    """An empty sheet with all columns, each with a note on how it is filled in.

    Raises:
        SheetError: the suffix is neither .xlsx nor .csv, or the file cannot be written.
    """
    columns = choices(CONTACTS_IN_TEMPLATE)
    notes = [" ".join(filter(None, (column.en, column.hint))) for column in columns]
    write_sheet(path, [[column.zh for column in columns]], name=SHEET_NAME, notes=notes)


def _places(unit_id: int | None, units: Mapping[int, OrgUnit]) -> dict[OrgKind, str]:
    names = {}
    while unit_id is not None:
        unit = units[unit_id]
        names[unit.kind] = unit.name
        unit_id = unit.parent_id
    return names


def _row(form: ElderForm, columns: Sequence[Column], places: Mapping[OrgKind, str]) -> list[str]:
    return [_cell(form, column, places) for column in columns]


def _cell(form: ElderForm, column: Column, places: Mapping[OrgKind, str]) -> str:
    kind, _, rest = column.field.partition(":")
    match kind:
        case "place":
            return places.get(OrgKind(rest), "")
        case "terminal":
            return "、".join(_shown(getattr(terminal, rest)) for terminal in form.terminals)
        case "contact":
            number, _, part = rest.partition(":")
            return _contact_cell(form, int(number), part)
        case _:
            return column.show(getattr(form, column.field))


def _contact_cell(form: ElderForm, number: int, part: str) -> str:
    if number > len(form.contacts):
        return ""
    contact = form.contacts[number - 1]
    match part:
        case "relation":
            return show_relation(contact.kind, contact.relation)
        case "phones":
            return "、".join(contact.phones)
        case _:
            return contact.name


def _shown(value: object) -> str:
    return "" if value is None else str(value)
