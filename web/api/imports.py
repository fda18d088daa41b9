"""Importing the register: a sheet is sent, looked at, checked, written; all of it can be undone for a while. Each step
works on in the background: ask `GET /imports/{id}` how far it is."""

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from models.import_actions import Choices
from models.imports import Existing, Wrong, list_imports
from models.sheets import XLSX
from web import import_views
from web.api.kit import (
    Done,
    Input,
    ListOf,
    Operations,
    RowCount,
    answer,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.import_views import ImportView, read_import, told, view_of
from web.keys import DATABASE, IMPORTS
from web.problems import NotFound, Problem
from web.render import texts_of
from web.rights import Right

operations = Operations("imports")
SHEET = "application/octet-stream"
PROBLEMS_AT_ONCE = 100


class UploadQuery(Input):
    """`name`: what the file is called; what it is, is told by its content."""

    name: str = Field("", max_length=200)


class ImportList(ListOf[ImportView]):
    pass


class Act(Input):
    """`fields`, `existing`, `wrong`, `create_orgs` go with `check`: a field for each column of the sheet (as in the
    import's `fields`; empty: ignored), what becomes of elders on file, and of good rows beside wrong ones."""

    action: Literal["check", "start", "stop", "undo"]
    fields: list[Annotated[str, Field(max_length=60)]] | None = Field(None, max_length=300)
    existing: Existing = Existing.UPDATE
    wrong: Wrong = Wrong.NOTHING
    create_orgs: bool = False


class ProblemQuery(Input):
    cursor: RowCount | None = None


@dataclass(frozen=True, slots=True)
class FindingView:
    """A cell that is wrong or, not `severe`, odd."""

    row: int
    column: str
    value: str
    severe: bool
    message: str


class FindingList(ListOf[FindingView]):
    pass


@operations(
    "POST",
    "/imports",
    "Send a sheet, XLSX or CSV, as the body (application/octet-stream)",
    right=Right.IMPORT,
    query=UploadQuery,
    result=ImportView,
    status=201,
)
async def post_import(request: web.Request) -> web.StreamResponse:
    """413 when it is too large; what the file is and whether it can be read is told by the import's state."""
    wanted = read_query(request, UploadQuery)
    if request.content_type != SHEET:
        raise Problem("problem.sheet_media_type", status=415)
    with told(request):
        row = await request.app[IMPORTS].receive(request, name=wanted.name, by=account_of(request).actor)
    return answer(view_json(view_of(row, texts_of(request))), status=201)


@operations("GET", "/imports", "Imports, the latest first", right=Right.IMPORT, result=ImportList)
async def get_imports(request: web.Request) -> web.StreamResponse:
    t = texts_of(request)
    async with request.app[DATABASE].read() as session:
        rows = await list_imports(session)
    return answer({"items": [view_json(view_of(row, t)) for row in rows], "next": None})


@operations("GET", "/imports/{id}", "One import, and how far it is", right=Right.IMPORT, result=ImportView)
async def get_import(request: web.Request) -> web.StreamResponse:
    return answer(view_json(await read_import(request, number_in_path(request, "id"))))


@operations(
    "POST",
    "/imports/{id}/actions",
    "Check, start, stop or undo an import",
    right=Right.IMPORT,
    body=Act,
    result=ImportView,
)
async def post_action(request: web.Request) -> web.StreamResponse:
    """409 when the import is not in that state, or another one is working."""
    act, number = await read_body(request, Act), number_in_path(request, "id")
    match act.action:
        case "check":
            fields = act.fields if act.fields is not None else (await read_import(request, number)).fields
            choices = Choices(tuple(fields), act.existing, act.wrong, act.create_orgs)
            view = await import_views.check(request, number, choices)
        case "start":
            view = await import_views.start(request, number)
        case "stop":
            view = await import_views.stop(request, number)
        case "undo":
            view = await import_views.undo(request, number)
    return answer(view_json(view))


@operations("DELETE", "/imports/{id}", "Throw a sheet away that was not written", right=Right.IMPORT, result=Done)
async def delete_import(request: web.Request) -> web.StreamResponse:
    await import_views.discard(request, number_in_path(request, "id"))
    return answer(Done())


@operations(
    "GET",
    "/imports/{id}/problems",
    "What is wrong with which cell, the severe first",
    right=Right.IMPORT,
    query=ProblemQuery,
    result=FindingList,
)
async def get_problems(request: web.Request) -> web.StreamResponse:
    view = await read_import(request, number_in_path(request, "id"))
    skip, lang = read_query(request, ProblemQuery).cursor or 0, texts_of(request).lang
    found = request.app[IMPORTS].files(view.id).problems(skip=skip, limit=PROBLEMS_AT_ONCE + 1)
    items = [
        FindingView(one.row, one.column, one.value, one.severe, one.zh if lang == "zh" else one.en)
        for one in found[:PROBLEMS_AT_ONCE]
    ]
    after = str(skip + PROBLEMS_AT_ONCE) if len(found) > PROBLEMS_AT_ONCE else None
    return answer({"items": [view_json(item) for item in items], "next": after})


@operations(
    "GET",
    "/imports/{id}/wrong-rows",
    "The wrong rows with the reasons, as XLSX, to be corrected and sent again",
    right=Right.IMPORT,
    media=XLSX,
)
async def get_wrong_rows(request: web.Request) -> web.StreamResponse:
    view = await read_import(request, number_in_path(request, "id"))
    file = request.app[IMPORTS].files(view.id).wrong_rows
    if not file.is_file():
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="wrong-rows-{view.id}.xlsx"', "Content-Type": XLSX}
    return web.FileResponse(file, headers=headers)
