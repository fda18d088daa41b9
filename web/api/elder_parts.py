"""Contacts and terminals of an elder. Each change is a change of the elder's file: in its history, with its version."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, TypeVar

from aiohttp import web
from pydantic import Field

from ivr.vocabulary import Relation
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from web.api.elders import ContactIn, TerminalIn
from web.api.kit import (
    Done,
    Input,
    Operations,
    Output,
    answer,
    number_in_path,
    read_body,
    view_json,
)
from web.keys import DATABASE
from web.lookups import note_file
from web.personal import shown_elder
from web.places import scope_of
from web.problems import NotFound
from web.register_views import (
    ContactView,
    ElderView,
    TerminalView,
    contact_form,
    elder_view,
    rewrite,
    terminal_form,
)
from web.rights import Right

operations = Operations("contacts and terminals")
Part = TypeVar("Part", ContactView, TerminalView)


class ContactList(Output):
    items: list[ContactView]
    next: None = None


class TerminalList(Output):
    items: list[TerminalView]
    next: None = None


class ContactPatch(Input):
    """Only what changes; `position` counts from 0."""

    name: str = Field("", min_length=1, max_length=100)
    kind: Relation = Relation.OTHER
    relation: str = Field("", max_length=100)
    phones: list[str] = Field(default_factory=list, max_length=10)
    position: int = Field(0, ge=0, le=100)


class TerminalPatch(Input):
    line: str = Field("", min_length=1, max_length=40)
    model: str = Field("", max_length=100)
    serial: str = Field("", max_length=100)
    installed_on: date | None = None


# --- contacts -------------------------------------------------------------------------------------------------------


@operations("GET", "/elders/{id}/contacts", "The elder's contacts", right=Right.SEE_ELDERS, result=ContactList)
async def get_contacts(request: web.Request) -> web.StreamResponse:
    return answer({"items": [view_json(contact) for contact in (await _shown(request)).contacts], "next": None})


@operations(
    "POST",
    "/elders/{id}/contacts",
    "Add a contact, the last to be rung",
    right=Right.EDIT_ELDERS,
    body=ContactIn,
    result=ContactView,
    status=201,
)
async def post_contact(request: web.Request) -> web.StreamResponse:
    new = (await read_body(request, ContactIn)).form()
    view = await _change(request, lambda form, _: replace(form, contacts=(*form.contacts, new)))
    return answer(view_json(view.contacts[-1]), status=201)


@operations("GET", "/elders/{id}/contacts/{part}", "One contact", right=Right.SEE_ELDERS, result=ContactView)
async def get_contact(request: web.Request) -> web.StreamResponse:
    return answer(view_json(_one(request, (await _shown(request)).contacts)))


@operations(
    "PATCH",
    "/elders/{id}/contacts/{part}",
    "Change a contact",
    right=Right.EDIT_ELDERS,
    body=ContactPatch,
    result=ContactView,
)
async def patch_contact(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, ContactPatch)

    def change(form: ElderForm, view: ElderView) -> ElderForm:
        old = _one(request, view.contacts)
        given: dict[str, Any] = {n: getattr(patch, n) for n in patch.model_fields_set if n != "position"}
        if "phones" in given:
            given["phones"] = tuple(patch.phones)
        contacts: list[ContactForm] = [contact_form(contact) for contact in view.contacts if contact is not old]
        place = patch.position if "position" in patch.model_fields_set else view.contacts.index(old)
        contacts.insert(place, replace(contact_form(old), **given))
        return replace(form, contacts=tuple(contacts))

    return answer(view_json(_one(request, _masked(request, await _change(request, change)).contacts)))


@operations("DELETE", "/elders/{id}/contacts/{part}", "Remove a contact", right=Right.EDIT_ELDERS, result=Done)
async def delete_contact(request: web.Request) -> web.StreamResponse:
    def change(form: ElderForm, view: ElderView) -> ElderForm:
        gone = _one(request, view.contacts)
        return replace(form, contacts=tuple(contact_form(c) for c in view.contacts if c is not gone))

    await _change(request, change)
    return answer(Done())


# --- terminals ------------------------------------------------------------------------------------------------------


@operations("GET", "/elders/{id}/terminals", "The elder's terminals", right=Right.SEE_ELDERS, result=TerminalList)
async def get_terminals(request: web.Request) -> web.StreamResponse:
    return answer({"items": [view_json(one) for one in (await _shown(request)).terminals], "next": None})


@operations(
    "POST",
    "/elders/{id}/terminals",
    "Add a terminal",
    right=Right.EDIT_ELDERS,
    body=TerminalIn,
    result=TerminalView,
    status=201,
)
async def post_terminal(request: web.Request) -> web.StreamResponse:
    new = (await read_body(request, TerminalIn)).form()
    view = await _change(request, lambda form, _: replace(form, terminals=(*form.terminals, new)))
    return answer(view_json(max(view.terminals, key=lambda terminal: terminal.id)), status=201)


@operations("GET", "/elders/{id}/terminals/{part}", "One terminal", right=Right.SEE_ELDERS, result=TerminalView)
async def get_terminal(request: web.Request) -> web.StreamResponse:
    return answer(view_json(_one(request, (await _shown(request)).terminals)))


@operations(
    "PATCH",
    "/elders/{id}/terminals/{part}",
    "Change a terminal; another line makes it another terminal",
    right=Right.EDIT_ELDERS,
    body=TerminalPatch,
    result=TerminalView,
)
async def patch_terminal(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, TerminalPatch)
    given: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    at = -1

    def change(form: ElderForm, view: ElderView) -> ElderForm:
        nonlocal at
        at = view.terminals.index(_one(request, view.terminals))
        terminals: list[TerminalForm] = [terminal_form(terminal) for terminal in view.terminals]
        terminals[at] = replace(terminals[at], **given)
        return replace(form, terminals=tuple(terminals))

    view = _masked(request, await _change(request, change))
    same = [one for one in view.terminals if one.id == number_in_path(request, "part")]
    return answer(view_json(same[0] if same else max(view.terminals, key=lambda terminal: terminal.id)))


@operations("DELETE", "/elders/{id}/terminals/{part}", "Remove a terminal", right=Right.EDIT_ELDERS, result=Done)
async def delete_terminal(request: web.Request) -> web.StreamResponse:
    def change(form: ElderForm, view: ElderView) -> ElderForm:
        gone = _one(request, view.terminals)
        return replace(form, terminals=tuple(terminal_form(t) for t in view.terminals if t is not gone))

    await _change(request, change)
    return answer(Done())


async def _shown(request: web.Request) -> ElderView:
    elder_id = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        view = await elder_view(session, elder_id, scope=scope_of(request))
    await note_file(request, elder_id)
    return shown_elder(request, elder_id, view)


def _masked(request: web.Request, view: ElderView) -> ElderView:
    """Who changes one thing of a file is not shown the rest of it."""
    return shown_elder(request, view.id, view)


async def _change(request: web.Request, change: Any) -> ElderView:
    return await rewrite(request, number_in_path(request, "id"), change)


def _one(request: web.Request, parts: Sequence[Part]) -> Part:
    wanted = number_in_path(request, "part")
    for part in parts:
        if part.id == wanted:
            return part
    raise NotFound
