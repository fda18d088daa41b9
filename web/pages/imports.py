"""The pages of imports: handing a sheet in, saying what its columns mean, what the check has found, the way back."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from models.import_actions import Choices
from models.imports import Existing, Wrong, kept_of, list_imports
from models.register_columns import choices
from models.register_export import write_template
from models.register_rows import RowError
from models.sheet_guard import LARGEST_FILE, MOST_ROWS
from models.sheets import XLSX
from web import import_views
from web.api.kit import number_in_path
from web.guard import needs
from web.import_views import ImportView, read_import, view_of
from web.keys import DATABASE, IMPORTS
from web.pages.listing import cursor_of
from web.people_names import names_of_users
from web.problems import Conflict, Invalid, Problem
from web.render import render, texts_of
from web.rights import Right

routes = web.RouteTableDef()
LINES: Final = 50
LIST: Final = "/elders/import"
# In which order the numbers of a check are shown.
COUNTS: Final = ("rows", "created", "changed", "unchanged", "skipped", "wrong", "warnings", "kept")


@routes.get("/elders/import")
@needs(Right.IMPORT)
async def imports(request: web.Request) -> web.StreamResponse:
    t = texts_of(request)
    async with request.app[DATABASE].read() as session:
        views = [view_of(row, t) for row in await list_imports(session)]
    people = await names_of_users(request, {view.by for view in views})
    limits = {"megabytes": LARGEST_FILE >> 20, "rows": MOST_ROWS // 1000 * 1000}
    return render(request, "imports.html", {"imports": views, "people": people, "limits": limits})


@routes.get("/elders/import/template")
@needs(Right.IMPORT)
async def template(request: web.Request) -> web.StreamResponse:
    """An empty sheet with all columns, each with a note."""
    body = await asyncio.to_thread(_template)
    headers = {"Content-Disposition": 'attachment; filename="register.xlsx"'}
    return web.Response(body=body, content_type=XLSX, headers=headers)


@routes.get("/elders/import/{id}")
@needs(Right.IMPORT)
async def one(request: web.Request) -> web.StreamResponse:
    return await _page(request, await read_import(request, number_in_path(request, "id")))


@routes.post("/elders/import/{id}/check")
@needs(Right.IMPORT)
async def check(request: web.Request) -> web.StreamResponse:
    view = await read_import(request, number_in_path(request, "id"))
    chosen = _choices(await request.post(), len(view.titles))
    try:
        await import_views.check(request, view.id, chosen)
    except Invalid as refused:
        return await _page(request, view, chosen=chosen, problem=refused, status=422)
    return _back(view.id)


@routes.post("/elders/import/{id}/start")
@needs(Right.IMPORT)
async def start(request: web.Request) -> web.StreamResponse:
    return await _act(request, import_views.start)


@routes.post("/elders/import/{id}/stop")
@needs(Right.IMPORT)
async def stop(request: web.Request) -> web.StreamResponse:
    return await _act(request, import_views.stop)


@routes.post("/elders/import/{id}/undo")
@needs(Right.IMPORT)
async def undo(request: web.Request) -> web.StreamResponse:
    return await _act(request, import_views.undo)


async def _act(request: web.Request, action: Callable[[web.Request, int], Awaitable[ImportView]]) -> web.StreamResponse:
    number = number_in_path(request, "id")
    try:
        await action(request, number)
    except Conflict as conflict:
        return await _page(request, await read_import(request, number), problem=conflict, status=409)
    return _back(number)


@routes.post("/elders/import/{id}/discard")
@needs(Right.IMPORT)
async def discard(request: web.Request) -> web.StreamResponse:
    await import_views.discard(request, number_in_path(request, "id"))
    raise web.HTTPSeeOther(LIST)


def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "register.xlsx"
        write_template(path)
        return path.read_bytes()


def _back(number: int) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{LIST}/{number}"})


def _choices(form: MultiMapping[object], columns: int) -> Choices:
    """What the selects say; whoever sends something else gets 400."""
    try:
        return Choices(
            tuple(str(form.get(f"column-{place}", ""))[:60] for place in range(columns)),
            Existing(str(form.get("existing", ""))),
            Wrong(str(form.get("wrong", ""))),
            "create_orgs" in form,
        )
    except ValueError:
        raise Problem from None


async def _page(
    request: web.Request,
    view: ImportView,
    *,
    chosen: Choices | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> web.Response:
    """`chosen`: what was refused; the form keeps it."""
    files, skip = request.app[IMPORTS].files(view.id), cursor_of(request, digits=7) or 0
    found = files.problems(skip=skip, limit=LINES + 1)
    async with request.app[DATABASE].read() as session:
        kept = await kept_of(session, view.id)
    contacts = sum(field.endswith(":name") for field in view.fields)
    context = {
        "it": view,
        "chosen": chosen or Choices(view.fields, view.existing, view.wrong, view.create_orgs),
        "samples": files.samples(),
        "columns": choices(contacts),
        "problems": found[:LINES],
        "next": str(skip + LINES) if len(found) > LINES else None,
        "kept": kept,
        "counts": [name for name in COUNTS if name in view.counts],
        "people": await names_of_users(request, {view.by}),
        "problem": problem,
        "words": _words,
    }
    return render(request, "import.html", context, status=status)


def _words(problem: RowError, lang: str) -> str:
    return problem.zh if lang == "zh" else problem.en
