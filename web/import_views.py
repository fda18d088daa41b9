"""An import as page and API show it, and what people do with it, by whichever way they ask."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from models import import_actions
from models.base import utc_now
from models.import_actions import Choices, NothingToWrite, may_be_written
from models.import_findings import as_heading
from models.imports import (
    WORKING,
    Existing,
    Import,
    ImportBusy,
    ImportState,
    NoSuchImport,
    NotNow,
    Wrong,
    find_import,
    undo_until,
)
from models.sheets import SheetError
from web.guard import account_of
from web.keys import DATABASE, IMPORTS
from web.problems import Conflict, Invalid, NotFound
from web.render import texts_of
from web.texts import Texts


@dataclass(frozen=True, slots=True)
class ImportView:
    """`titles` of the sheet's columns and the `fields` that they mean (empty: ignored); `counts` of rows and files, and
    how many files differ in which field (`differing`); `problem` in words; `can`: which actions are possible now."""

    id: int
    state: ImportState
    name: str
    size: int
    by: str
    created_at: datetime
    written_at: datetime | None
    undo_until: datetime | None
    done: int
    total: int
    titles: tuple[str, ...]
    fields: tuple[str, ...]
    existing: Existing
    wrong: Wrong
    create_orgs: bool
    counts: Mapping[str, int]
    differing: Mapping[str, int]
    problem: str
    working: bool
    can: tuple[str, ...]


def view_of(row: Import, t: Texts) -> ImportView:
    heading = as_heading(row.titles) if row.titles else None
    counts = {name: value for name, value in row.counts.items() if isinstance(value, int)}
    until = undo_until(row)
    return ImportView(
        id=row.id,
        state=row.state,
        name=row.name,
        size=row.size,
        by=row.by,
        created_at=row.created_at,
        written_at=row.written_at,
        undo_until=until,
        done=row.done,
        total=row.total,
        titles=() if heading is None else tuple(heading.titles[place] for place in heading.places),
        fields=tuple(row.mapping.get("fields", ())),
        existing=Existing(row.options.get("existing", Existing.UPDATE)),
        wrong=Wrong(row.options.get("wrong", Wrong.NOTHING)),
        create_orgs=bool(row.options.get("create_orgs")),
        counts=counts,
        differing=dict(row.counts.get("differing", {})),
        problem=str(row.problem.get(t.lang, "")),
        working=row.state in WORKING,
        can=_can(row, until),
    )


def _can(row: Import, until: datetime | None) -> tuple[str, ...]:
    match row.state:
        case ImportState.MAPPING | ImportState.CHECKED:
            return ("check", *(["start"] if may_be_written(row) else []), "discard") if row.titles else ("discard",)
        case ImportState.CHECKING | ImportState.WRITING:
            return ("stop",)
        case ImportState.REFUSED:
            return ("discard",)
        case ImportState.DONE if until is not None and until > utc_now():
            return ("undo",)
        case _:
            return ()


async def read_import(request: web.Request, number: int) -> ImportView:
    """Raises NotFound."""
    with told(request):
        async with request.app[DATABASE].read() as session:
            return view_of(await find_import(session, number), texts_of(request))


async def check(request: web.Request, number: int, choices: Choices) -> ImportView:
    """Raises Invalid (the mapping), NotFound, Conflict."""
    return await _begin(request, lambda s, by: import_actions.start_check(s, number, choices, by=by))


async def start(request: web.Request, number: int) -> ImportView:
    """Raises NotFound, Conflict."""
    return await _begin(request, lambda s, by: import_actions.start_writing(s, number, by=by))


async def undo(request: web.Request, number: int) -> ImportView:
    """Raises NotFound, Conflict."""
    return await _begin(request, lambda s, by: import_actions.start_undo(s, number, by=by))


async def stop(request: web.Request, number: int) -> ImportView:
    """Raises NotFound, Conflict."""
    imports, by = request.app[IMPORTS], account_of(request).actor
    with told(request):
        async with request.app[DATABASE].write() as session:
            row = await import_actions.stop(session, number, by=by)
    await imports.end(number)
    if row.state in WORKING:
        imports.start(row)
    return view_of(row, texts_of(request))


async def discard(request: web.Request, number: int) -> None:
    """Raises NotFound, Conflict."""
    with told(request):
        async with request.app[DATABASE].write() as session:
            await import_actions.discard(session, number, by=account_of(request).actor)
    request.app[IMPORTS].files(number).remove()


@contextmanager
def told(request: web.Request) -> Iterator[None]:
    """Refusals of `models` as problems of the web."""
    try:
        yield
    except NoSuchImport:
        raise NotFound("problem.no_import") from None
    except ImportBusy as busy:
        raise Conflict("problem.import_busy", values={"number": busy.other}) from None
    except NotNow:
        raise Conflict("problem.import_not_now") from None
    except NothingToWrite:
        raise Conflict("problem.nothing_to_write") from None
    except SheetError as refused:
        zh, _, en = str(refused).partition(" / ")
        raise Invalid(fields={"mapping": zh if texts_of(request).lang == "zh" else en or zh}) from None


async def _begin(request: web.Request, change: Callable[[AsyncSession, str], Awaitable[Any]]) -> ImportView:
    with told(request):
        async with request.app[DATABASE].write() as session:
            row: Import = await change(session, account_of(request).actor)
    request.app[IMPORTS].start(row)
    return view_of(row, texts_of(request))
