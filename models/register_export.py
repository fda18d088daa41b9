"""The register as a spreadsheet that `register_import` reads back, and an empty one to fill in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import select

from models.audit import audit
from models.database import Database
from models.elder_forms import ElderForm
from models.elders import Elder, is_whole
from models.org import OrgKind, OrgUnit
from models.register import forms_of
from models.register_columns import COLUMNS, CONTACTS_IN_TEMPLATE, Column, contact_columns, show_relation
from models.sheets import write_sheet

_SHEET = "老人档案"


async def export_elders(db: Database, path: Path, *, by: str) -> int:
    """Write every file of the register to .xlsx or .csv; how many there were.

    Raises:
        SheetError: the suffix is another, or the file cannot be written.
        DatabaseUnavailable
    """
    async with db.read() as session:
        ids = (await session.scalars(select(Elder.id).where(is_whole()).order_by(Elder.id))).all()
        forms = [form for form, _ in (await forms_of(session, ids)).values()]
        units = {unit.id: unit for unit in await session.scalars(select(OrgUnit))}
    most = max([CONTACTS_IN_TEMPLATE, *(len(form.contacts) for form in forms)])
    columns = _columns(most)
    rows = [_row(form, columns, _places(form.org_unit_id, units)) for form in forms]
    async with db.write() as session:  # before the file is there: no export without its entry
        audit(session, by, "elders.export", rows=len(rows))
    await asyncio.to_thread(write_sheet, path, [[column.zh for column in columns], *rows], name=_SHEET)
    return len(forms)


def write_template(path: Path) -> None:
    """An empty sheet with all columns, each with a note on how it is filled in.

    Raises:
        SheetError: the suffix is neither .xlsx nor .csv, or the file cannot be written.
    """
    columns = _columns(CONTACTS_IN_TEMPLATE)
    notes = [" ".join(filter(None, (column.en, column.hint))) for column in columns]
    write_sheet(path, [[column.zh for column in columns]], name=_SHEET, notes=notes)


def _columns(contacts: int) -> list[Column]:
    return [*COLUMNS, *(column for number in range(1, contacts + 1) for column in contact_columns(number))]


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
