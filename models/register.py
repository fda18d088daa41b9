"""The rules for writing the register: one form in, one dated history out (S7). Used by pages, API and import alike."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from models.audit import audit
from models.base import utc_now
from models.elder_forms import Checked, ContactForm, ElderForm, FieldProblem, TerminalForm, check
from models.elders import Contact, ContactPhone, Elder, ElderChange, Terminal
from models.names import search_key
from models.org import OrgUnit
from models.phone_numbers import canonical

_LISTS: Final = ("contacts", "terminals")
_COLUMNS: Final = tuple(f.name for f in fields(ElderForm) if f.name not in _LISTS)


class FormRefused(Exception):
    """The form cannot be taken as it is; `problems` says for each field what to change."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(", ".join(problem.field for problem in problems))
        self.problems = problems


class VersionConflict(Exception):
    """Somebody else changed the file meanwhile; it has version `current` now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the file has version {current} now")
        self.current = current


class NoSuchElder(Exception):
    """There is no elder of this id."""


async def form_of(session: AsyncSession, elder_id: int) -> tuple[ElderForm, int]:
    """The elder's form as it stands, and its version.

    Raises:
        NoSuchElder: there is none.
    """
    elder = await _load(session, elder_id)
    return _form(elder), elder.version


async def create_elder(session: AsyncSession, form: ElderForm, *, by: str, area_code: str) -> Elder:
    """A new elder.

    Raises:
        FormRefused: something is wrong with the form.
    """
    checked = await check_against_register(session, form, area_code=area_code, elder_id=None)
    elder = Elder(name=checked.form.name, contacts=[], terminals=[])
    session.add(elder)
    _apply(elder, checked.form, area_code)
    await session.flush()
    session.add(ElderChange(elder_id=elder.id, by=by, field="created", old="", new=""))
    audit(session, by, "elder.create", f"elder:{elder.id}")
    return elder


async def change_elder(
    session: AsyncSession, elder_id: int, form: ElderForm, *, version: int | None, by: str, area_code: str
) -> Elder:
    """Make the elder's file say what the form says; `version` is the one that the form was filled in from, None when
    there was no form to fill in.

    Raises:
        NoSuchElder: there is none.
        VersionConflict: the file has changed since.
        FormRefused: something is wrong with the form.
    """
    elder = await _load(session, elder_id)
    if version is not None and elder.version != version:
        raise VersionConflict(elder.version)
    checked = await check_against_register(session, form, area_code=area_code, elder_id=elder_id)
    before = await _shown(session, _form(elder))
    _apply(elder, checked.form, area_code)
    after = await _shown(session, _form(elder))
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return elder
    elder.changed_at = utc_now()
    session.add_all(
        ElderChange(elder_id=elder.id, by=by, field=name, old=before[name], new=after[name]) for name in changed
    )
    audit(session, by, "elder.change", f"elder:{elder.id}", fields=changed)
    try:
        await session.flush()
    except StaleDataError:
        raise VersionConflict(elder.version + 1) from None
    return elder


async def delete_elder(session: AsyncSession, elder_id: int, *, version: int, by: str) -> None:
    """Take the file out of the register with all its personal data; cases stay, without the name.

    Raises:
        NoSuchElder, VersionConflict: as in `change_elder`.
    """
    elder = await _load(session, elder_id)
    if elder.version != version:
        raise VersionConflict(elder.version)
    await session.delete(elder)
    audit(session, by, "elder.delete", f"elder:{elder_id}")
    await session.flush()


async def check_against_register(
    session: AsyncSession, form: ElderForm, *, area_code: str, elder_id: int | None
) -> Checked:
    """`elder_forms.check`, and that nobody else has this ID card or line, and that the community exists.

    Raises:
        FormRefused: something is severely wrong.
    """
    checked = check(form, area_code)
    problems = [*checked.problems]
    if checked.form.id_card:
        same = select(Elder.id).where(Elder.id_card == checked.form.id_card, Elder.id != (elder_id or 0))
        if (other := await session.scalar(same)) is not None:
            problems.append(_taken("id_card", "身份证号", "ID number", other))
    for at, terminal in enumerate(checked.form.terminals):
        line = canonical(terminal.line, area_code)
        same = select(Terminal.elder_id).where(Terminal.line_canonical == line, Terminal.elder_id != (elder_id or 0))
        if (other := await session.scalar(same)) is not None:
            problems.append(_taken(f"terminals.{at}.line", "线路号码", "line", other))
    unit = checked.form.org_unit_id
    if unit is not None and await session.get(OrgUnit, unit) is None:
        problems.append(FieldProblem("org_unit_id", f"没有编号为{unit}的社区", f"there is no community {unit}"))
    result = Checked(checked.form, tuple(problems))
    if not result.usable:
        raise FormRefused(result.problems)
    return result


def _taken(name: str, zh: str, en: str, elder_id: int) -> FieldProblem:
    return FieldProblem(name, f"该{zh}已登记在{elder_id}号档案", f"this {en} is in file {elder_id} already")


async def _load(session: AsyncSession, elder_id: int) -> Elder:
    whole = (selectinload(Elder.contacts).selectinload(Contact.phones), selectinload(Elder.terminals))
    elder = await session.scalar(select(Elder).where(Elder.id == elder_id).options(*whole))
    if elder is None:
        raise NoSuchElder(f"there is no elder {elder_id}")
    return elder


def _form(elder: Elder) -> ElderForm:
    columns: dict[str, Any] = {name: getattr(elder, name) for name in _COLUMNS}
    columns["id_card"] = elder.id_card or ""
    return ElderForm(
        **columns,
        contacts=tuple(
            ContactForm(c.name, c.kind, c.relation, tuple(phone.number for phone in c.phones), c.id)
            for c in elder.contacts
        ),
        terminals=tuple(TerminalForm(t.line, t.model, t.serial, t.installed_on) for t in elder.terminals),
    )


def _apply(elder: Elder, form: ElderForm, area_code: str) -> None:
    for name in _COLUMNS:
        setattr(elder, name, getattr(form, name))
    elder.id_card = form.id_card or None
    elder.name_key = search_key(form.name)
    elder.home_phone_canonical = canonical(form.home_phone, area_code)
    if not form.provisional:
        elder.provisional_for = None
    elder.contacts = _contacts(elder.contacts, form.contacts, area_code)
    elder.terminals = _terminals(elder.terminals, form.terminals, area_code)


def _contacts(present: list[Contact], forms: tuple[ContactForm, ...], area_code: str) -> list[Contact]:
    """Who stays keeps their id: by id, or by name where a form (from a spreadsheet) knows none."""
    by_id = {contact.id: contact for contact in present}
    named = {form.id for form in forms}
    by_name = {contact.name: contact for contact in present if contact.id not in named}
    result = []
    for position, form in enumerate(forms):
        known = by_id.pop(form.id, None) if form.id is not None else by_name.pop(form.name, None)
        contact = known or Contact(phones=[])
        contact.position, contact.name, contact.kind, contact.relation = position, form.name, form.kind, form.relation
        contact.phones = _phones(contact.phones, form.phones, area_code)
        result.append(contact)
    return result


def _phones(present: list[ContactPhone], numbers: tuple[str, ...], area_code: str) -> list[ContactPhone]:
    known = {phone.canonical: phone for phone in present}
    wanted = {canonical(number, area_code): number for number in numbers}
    result = []
    for position, (one, number) in enumerate(wanted.items()):
        phone = known.get(one) or ContactPhone(canonical=one)
        phone.position, phone.number = position, number
        result.append(phone)
    return result


def _terminals(present: list[Terminal], forms: tuple[TerminalForm, ...], area_code: str) -> list[Terminal]:
    known = {terminal.line_canonical: terminal for terminal in present}
    result = []
    for form in forms:
        line = canonical(form.line, area_code)
        terminal = known.get(line) or Terminal(line_canonical=line)
        terminal.line, terminal.model, terminal.serial = form.line, form.model, form.serial
        terminal.installed_on = form.installed_on
        result.append(terminal)
    return result


async def _shown(session: AsyncSession, form: ElderForm) -> dict[str, str]:
    """Each field as a person would read it in the history."""
    shown = {name: _text(getattr(form, name)) for name in _COLUMNS}
    if form.org_unit_id is not None:
        unit = await session.get(OrgUnit, form.org_unit_id)
        shown["org_unit_id"] = unit.name if unit is not None else str(form.org_unit_id)
    shown["contacts"] = "; ".join(
        f"{contact.name}({contact.relation or contact.kind}) {'、'.join(contact.phones)}" for contact in form.contacts
    )
    shown["terminals"] = "; ".join(
        " ".join(filter(None, (t.line, t.model, t.serial, _text(t.installed_on)))) for t in form.terminals
    )
    return shown


def _text(value: str | int | bool | date | StrEnum | None) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case _:
            return str(value)
