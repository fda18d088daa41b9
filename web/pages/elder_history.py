"""What happened to an elder and to the file: the line of time and the history; all changes of a month (X7)."""

import asyncio
import tempfile
from datetime import date
from pathlib import Path
from typing import Final

from aiohttp import web

from models.audit import audit
from models.masking import masked
from models.queries.elder_changes import GROUPS, ChangeView, Group, MonthsChange, changes_in, counts_in, history_of
from models.queries.elder_timeline import Happened, timeline_of
from models.queries.paging import Page
from models.sheets import write_sheet
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.audit import XLSX
from web.pages.listing import LINES, cursor_of
from web.papers import today
from web.people_names import names_of_users
from web.personal import sees_elder
from web.places import scope_of
from web.problems import Invalid
from web.register_views import elder_view
from web.render import render, stamp, texts_of
from web.rights import Right
from web.texts import Texts

routes = web.RouteTableDef()
MOST: Final = 50_000
# Fields whose values are words of a vocabulary.
WORDS_OF: Final = {"status": "elder_status", "sex": "sex", "service_class": "service_class", "language": "language"}
_COLUMNS: Final = ("group", "name", "born", "community", "service_class", "since", "field", "old", "new", "at", "by")


@routes.get("/elders/{id}/timeline")
@needs(Right.SEE_ELDERS)
async def timeline(request: web.Request) -> web.StreamResponse:
    elder_id = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        elder = await elder_view(session, elder_id, scope=scope_of(request))
        page = await timeline_of(session, elder_id, limit=LINES, after=cursor_of(request, digits=6))
    return await _page(request, "elder_timeline.html", elder_id, elder.name, page)


@routes.get("/elders/{id}/history")
@needs(Right.SEE_ELDERS)
async def history(request: web.Request) -> web.StreamResponse:
    elder_id = number_in_path(request, "id")
    async with request.app[DATABASE].read() as session:
        elder = await elder_view(session, elder_id, scope=scope_of(request))
        page = await history_of(session, elder_id, limit=LINES, after=cursor_of(request, digits=9))
    return await _page(request, "elder_history.html", elder_id, elder.name, page)


@routes.get("/elder-changes")
@needs(Right.SEE_ELDERS)
async def months_changes(request: web.Request) -> web.StreamResponse:
    month, group, scope = _month(request), _group(request), scope_of(request)
    async with request.app[DATABASE].read() as session:
        page = await changes_in(
            session, month, scope=scope, group=group, limit=LINES, after=cursor_of(request, digits=9) or 0
        )
        counts = await counts_in(session, month, scope=scope)
    people = await names_of_users(request, {change.by for change in page.items})
    context = {
        "items": masked(page.items),
        "next": page.next,
        "month": f"{month:%Y-%m}",
        "group": group or "",
        "groups": GROUPS,
        "counts": counts,
        "people": people,
        "words_of": WORDS_OF,
    }
    return render(request, "elder_changes.html", context)


@routes.get("/elder-changes/export")
@needs(Right.SEE_ELDERS)
@needs(Right.EXPORT)
async def table(request: web.Request) -> web.StreamResponse:
    """The same as XLSX, for the bureau."""
    t, month, group = texts_of(request), _month(request), _group(request)
    async with request.app[DATABASE].read() as session:
        page = await changes_in(session, month, scope=scope_of(request), group=group, limit=MOST)
    people = await names_of_users(request, {change.by for change in page.items})
    async with request.app[DATABASE].write() as session:
        by, rows_told = account_of(request).actor, len(page.items)
        audit(session, by, "elder_changes.export", rows=rows_told, month=f"{month:%Y-%m}", group=group or "")
    rows = [[t(f"elder_changes.{column}") for column in _COLUMNS]]
    rows += [_row(change, people, t) for change in masked(page.items)]
    body = await asyncio.to_thread(_workbook, rows, f"{month:%Y-%m}")
    headers = {"Content-Disposition": f'attachment; filename="elder-changes-{month:%Y-%m}.xlsx"'}
    return web.Response(body=body, content_type=XLSX, headers=headers)


async def _page(
    request: web.Request, template: str, elder: int, name: str, page: Page[Happened] | Page[ChangeView]
) -> web.Response:
    items: tuple[Happened | ChangeView, ...] = page.items
    people = await names_of_users(request, {item.by for item in items})
    is_masked = not sees_elder(request, elder)
    context = {
        "elder_id": elder,
        "name": name,
        "items": masked(items) if is_masked else items,
        "next": page.next,
        "is_masked": is_masked,
        "people": people,
        "words_of": WORDS_OF,
    }
    return render(request, template, context)


def _month(request: web.Request) -> date:
    """The first of the month that is asked for, else of the present one. Raises Invalid for what is no month."""
    wanted = request.query.get("month", "")
    try:
        return date.fromisoformat(f"{wanted}-01") if wanted else today().replace(day=1)
    except ValueError as error:
        raise Invalid("problem.month") from error


def _group(request: web.Request) -> Group | None:
    return next((group for group in GROUPS if group == request.query.get("group")), None)


def _row(change: MonthsChange, people: dict[str, str], t: Texts) -> list[str]:
    section = WORDS_OF.get(change.field, "")
    return [
        t(f"change_group.{change.group}"),
        change.name,
        "" if change.born is None else change.born.isoformat(),
        change.community,
        t(f"service_class.{change.service_class}"),
        "" if change.since is None else change.since.isoformat(),
        t.word("elder", change.field),
        t.word(section, change.old),
        t.word(section, change.new),
        stamp(change.at),
        people.get(change.by) or t.word("actor", change.by),
    ]


def _workbook(rows: list[list[str]], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "changes.xlsx"
        write_sheet(path, rows, name=name)
        return path.read_bytes()
