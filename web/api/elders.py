"""The register: list, read, create, change, delete. A change that was made from an old version answers 409. What is
personal is masked until it was revealed (`reveals.py`)."""

from dataclasses import replace
from datetime import date
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from ivr.vocabulary import Relation
from models.elder_forms import ContactForm, ElderForm, TerminalForm
from models.elders import ElderStatus
from models.masking import masked
from models.queries.elders import ElderLine, list_elders
from web.api.kit import (
    Done,
    Input,
    Limit,
    ListOf,
    Operations,
    RecordId,
    answer,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.keys import DATABASE
from web.lookups import note_file
from web.papers import delete_with_scans
from web.personal import shown_elder
from web.places import scope_of
from web.register_views import ElderView, elder_view, make, rewrite
from web.rights import Right

operations = Operations("elders")
Text = Field("", max_length=2_000)


class ElderFilter(Input):
    """`search`: words that all must fit: part of a name, its pinyin or initials, of any number of the file (4 digits at
    least), the end of the ID number, an address; `community` with all below it."""

    search: str = Field("", max_length=100)
    community: RecordId | None = None
    status: ElderStatus | None = None
    provisional: bool | None = None
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=20)


class ElderList(ListOf[ElderLine]):
    """`total` counts no further than 1000 where the list is narrowed; `more`: there are more."""

    total: int
    more: bool


class ContactIn(Input):
    """`phones` in the order in which they are tried."""

    name: str = Field(min_length=1, max_length=100)
    kind: Relation = Relation.OTHER
    relation: str = Field("", max_length=100)
    phones: list[str] = Field(default_factory=list, max_length=10)

    def form(self) -> ContactForm:
        return ContactForm(self.name, self.kind, self.relation, tuple(self.phones))


class TerminalIn(Input):
    """`line` is the number that the terminal calls from."""

    line: str = Field(min_length=1, max_length=40)
    model: str = Field("", max_length=100)
    serial: str = Field("", max_length=100)
    installed_on: date | None = None

    def form(self) -> TerminalForm:
        return TerminalForm(self.line, self.model, self.serial, self.installed_on)


class ElderIn(Input):
    """The registration form (S7)."""

    name: str = Field(min_length=1, max_length=100)
    sex: Literal["", "female", "male"] = ""
    born: date | None = None
    id_card: str = Field("", max_length=30)
    home_phone: str = Field("", max_length=40)
    org_unit_id: RecordId | None = None
    compound: str = Text
    building: str = Text
    entrance: str = Text
    floor: str = Text
    room: str = Text
    landmark: str = Text
    bus_stop: str = Text
    way_in: str = Text
    lives_alone: bool | None = None
    language: Literal["zh", "en"] = "zh"
    dialect: str = Text
    service_class: Literal[1, 2, 3] = 3
    health: str = Text
    illnesses: str = Text
    medicines: str = Text
    allergies: str = Text
    blood_type: str = Field("", max_length=3)
    mobility: str = Text
    hearing: str = Text
    aids: str = Text
    doctor: str = Text
    notes: str = Text
    notice_signed_on: date | None = None
    agreement_signed_on: date | None = None
    status: ElderStatus = ElderStatus.ACTIVE
    status_since: date | None = None
    status_until: date | None = None
    provisional: bool = False
    contacts: list[ContactIn] = Field(default_factory=list, max_length=20)
    terminals: list[TerminalIn] = Field(default_factory=list, max_length=20)

    def values(self) -> dict[str, Any]:
        """What was given, as fields of `ElderForm`."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set if name != "version"}
        for name in ("contacts", "terminals"):
            if name in given:
                given[name] = tuple(part.form() for part in given[name])
        return given


class ElderPatch(ElderIn):
    """Only what changes, and the `version` that was read. `contacts` and `terminals` replace the whole list."""

    name: str = Field("", min_length=1, max_length=100)
    version: int = Field(ge=1)


class Version(Input):
    version: int = Field(ge=1)


@operations("GET", "/elders", "Search the register", right=Right.SEE_ELDERS, query=ElderFilter, result=ElderList)
async def get_elders(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ElderFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_elders(
            session,
            scope=scope_of(request),
            search=wanted.search,
            org_unit=wanted.community,
            status=wanted.status,
            provisional=wanted.provisional,
            limit=wanted.limit,
            cursor=wanted.cursor,
        )
    return answer(ElderList(items=list(masked(page.items)), next=page.next, total=page.total, more=page.more))


@operations("POST", "/elders", "Open a file", right=Right.EDIT_ELDERS, body=ElderIn, result=ElderView, status=201)
async def post_elder(request: web.Request) -> web.StreamResponse:
    form = ElderForm(**(await read_body(request, ElderIn)).values())
    return answer(view_json(await make(request, form)), status=201)


@operations("GET", "/elders/{id}", "One file", right=Right.SEE_ELDERS, result=ElderView)
async def get_elder(request: web.Request) -> web.StreamResponse:
    elder_id = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        view = await elder_view(session, elder_id, scope=scope_of(request))
    await note_file(request, elder_id)
    return answer(view_json(shown_elder(request, elder_id, view)))


@operations("PATCH", "/elders/{id}", "Change a file", right=Right.EDIT_ELDERS, body=ElderPatch, result=ElderView)
async def patch_elder(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, ElderPatch)
    elder_id = number_in_path(request, "id")
    view = await rewrite(request, elder_id, lambda form, _: replace(form, **patch.values()), version=patch.version)
    return answer(view_json(shown_elder(request, elder_id, view)))


@operations(
    "DELETE",
    "/elders/{id}",
    "Delete a file with its personal data; its cases stay, without the name",
    right=Right.EDIT_ELDERS,
    query=Version,
    result=Done,
)
async def delete(request: web.Request) -> web.StreamResponse:
    wanted, elder_id = read_query(request, Version), number_in_path(request, "id")
    await delete_with_scans(request, elder_id, version=wanted.version)
    return answer(Done())
