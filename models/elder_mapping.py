"""The form laid over the elder's rows, and read back. Whether that may be done is decided in `register.py`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Final

from models.base import local_today
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import Contact, ContactPhone, Elder, ElderStatus, Terminal
from models.names import search_key
from models.phone_numbers import canonical

_LISTS: Final = ("contacts", "terminals")
COLUMNS: Final = tuple(f.name for f in fields(ElderForm) if f.name not in _LISTS)


def form_from(elder: Elder) -> ElderForm:
    """The form as it would have been filled in for this file; contacts and terminals must be loaded."""
    columns: dict[str, Any] = {name: getattr(elder, name) for name in COLUMNS}
    columns["id_card"] = elder.id_card or ""
    return ElderForm(
        **columns,
        contacts=tuple(
            ContactForm(c.name, c.kind, c.relation, tuple(phone.number for phone in c.phones), c.id)
            for c in elder.contacts
        ),
        terminals=tuple(TerminalForm(t.line, t.model, t.serial, t.installed_on) for t in elder.terminals),
    )


def new_elder(form: ElderForm, area_code: str) -> Elder:
    """The rows of a new elder, in no session yet."""
    elder = Elder(name=form.name, contacts=[], terminals=[])
    apply(elder, dated(form), area_code)
    return elder


def dated(form: ElderForm, was: ElderForm | None = None) -> ElderForm:
    """The form with the day from which its status holds: today, where nobody gave another day for a new status."""
    if form.status is (ElderStatus.ACTIVE if was is None else was.status):
        return form
    same_day = form.status_since == (None if was is None else was.status_since)
    return replace(form, status_since=local_today()) if same_day else form


def apply(elder: Elder, form: ElderForm, area_code: str) -> None:
    """Make the rows say what the (checked) form says; contacts and terminals must be loaded."""
    for name in COLUMNS:
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
