"""The page of the audit log with its filters, and the same as a spreadsheet."""

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aiohttp import web

from models.audit import audit
from models.queries.audit import AuditView, Wanted, actions_of, list_audit
from models.sheets import write_sheet
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of, day_of, midnight
from web.render import render, stamp, texts_of
from web.rights import Right
from web.texts import Texts

routes = web.RouteTableDef()
MOST: Final = 50_000
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")
_OF_PAPERS: Final = frozenset({"paper.add", "paper.remove", "elder.print"})
_SAID_ELSEWHERE: Final = {"grade": "satisfaction", "about": "about_kind"}  # sections of the words of values
_COLUMNS: Final = ("id", "at", "who", "action", "record", "elder", "origin", "details", "hash")
FILTERS: Final = ("actor", "action", "record", "elder", "origin", "from", "to")


@routes.get("/audit")
@needs(Right.SEE_AUDIT)
async def entries(request: web.Request) -> web.StreamResponse:
    wanted = _wanted(request)
    async with request.app[DATABASE].read() as session:
        page = await list_audit(session, wanted, limit=LINES, after=cursor_of(request, digits=15))
        actions = await actions_of(session)
    given = {name: request.query.get(name, "")[:100] for name in FILTERS}
    return render(request, "audit.html", {"page": page, "given": given, "actions": actions, "told": told})


@routes.get("/audit/export")
@needs(Right.SEE_AUDIT)
@needs(Right.EXPORT)
async def table(request: web.Request) -> web.StreamResponse:
    """What the filters find, as XLSX; the export itself is on the log first."""
    t, wanted = texts_of(request), _wanted(request)
    async with request.app[DATABASE].read() as session:
        page = await list_audit(session, wanted, limit=MOST)
    given = {name: request.query[name][:100] for name in FILTERS if request.query.get(name)}
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, "audit.export", rows=len(page.items), filters=given)
    rows = [[t(f"audit.{column}") for column in _COLUMNS], *(_row(view, t) for view in page.items)]
    headers = {"Content-Disposition": 'attachment; filename="audit.xlsx"'}
    body = await asyncio.to_thread(_workbook, rows, t("audit.title"))
    return web.Response(body=body, content_type=XLSX, headers=headers)


def told(view: AuditView, t: Texts) -> list[tuple[str, str]]:
    """What an entry says beyond its action: label and words."""
    found = []
    for name, value in view.data.items():
        if isinstance(value, Mapping):
            words = ", ".join(f"{_label(key, t)}={_words(key, part, t)}" for key, part in value.items())
        elif name == "fields" and isinstance(value, list):
            words = ", ".join(t.word("elder", str(part)) for part in value)
        elif isinstance(value, str) and not _MOMENT.fullmatch(value):
            of_papers = view.action in _OF_PAPERS and name == "kind"
            words = t.word("paper_kind" if of_papers else _SAID_ELSEWHERE.get(name, f"audit_{name}"), value)
        else:
            words = _plain(value, t)
        found.append((t.word("audit_data", name), words))
    return found


def _row(view: AuditView, t: Texts) -> list[str]:
    details = "; ".join(f"{label}: {words}" for label, words in told(view, t))
    who = view.name or t.word("actor", view.actor)
    elder = "" if view.elder is None else str(view.elder)
    action = t.word("audit_action", view.action)
    return [str(view.id), stamp(view.at), who, action, view.record, elder, view.origin, details, view.hash]


def _label(name: str, t: Texts) -> str:
    return t.word("audit_data" if f"audit_data.{name}" in t else "elder", name)


def _words(name: str, value: object, t: Texts) -> str:
    if name == "roles" and isinstance(value, list):
        return ", ".join(t.word("role", str(role)) for role in value)
    return _plain(value, t)


def _plain(value: object, t: Texts) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return t("form.yes" if value else "form.no")
        case str() if _MOMENT.fullmatch(value):
            return stamp(datetime.fromisoformat(value))
        case str():
            return value
        case list():
            return ", ".join(_plain(part, t) for part in value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _workbook(rows: list[list[str]], name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.xlsx"
        write_sheet(path, rows, name=name)
        return path.read_bytes()


def _wanted(request: web.Request) -> Wanted:
    query = request.query
    elder = query.get("elder", "")
    until = day_of(query.get("to", ""))
    return Wanted(
        actor=query.get("actor", "").strip()[:100],
        action=query.get("action", "").strip()[:60],
        record=query.get("record", "").strip()[:100],
        elder=int(elder) if elder.isascii() and elder.isdecimal() and len(elder) < 10 else None,
        origin=query.get("origin", "").strip()[:60],
        since=midnight(day_of(query.get("from", ""))),
        until=midnight(until + timedelta(days=1) if until else None),
    )
