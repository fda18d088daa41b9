"""The page of terminals that are due for a test (S8), and the same as a table for a spreadsheet."""

import csv
import io
from dataclasses import replace
from typing import Final

from aiohttp import web

from models.audit import audit
from models.masking import masked
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.render import render, texts_of
from web.rights import Right, may
from web.terminal_lists import terminals

routes = web.RouteTableDef()
MOST: Final = 20_000
COLLECT: Final = "collect"  # terminals of those who moved away or died
_COLUMNS: Final = ("elder_name", "community", "line", "model", "serial", "tested_at")


@routes.get("/terminals")
@needs(Right.SEE_TERMINALS)
async def due(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("state", "overdue")
    page = await terminals(
        request,
        overdue=wanted == "overdue",
        left_behind=wanted == COLLECT,
        limit=LINES,
        after=cursor_of(request, digits=6),
    )
    return render(request, "terminals.html", {"page": replace(page, items=masked(page.items)), "state": wanted})


@routes.get("/terminals/export")
@needs(Right.SEE_TERMINALS)
@needs(Right.EXPORT)
async def table(request: web.Request) -> web.StreamResponse:
    """UTF-8 with its mark, so that spreadsheet programs read the Chinese. Numbers are masked for who may not reveal
    them: an export gives no more than the pages do."""
    t = texts_of(request)
    wanted = request.query.get("state")
    page = await terminals(request, overdue=wanted == "overdue", left_behind=wanted == COLLECT, limit=MOST)
    if not may(account_of(request), Right.SEE_PERSONAL):
        page = replace(page, items=masked(page.items))
    async with request.app[DATABASE].write() as session:
        audit(session, account_of(request).actor, "terminals.export", rows=len(page.items))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([t(f"terminals.{column}") for column in _COLUMNS])
    for item in page.items:
        tested = item.tested_at.isoformat(timespec="minutes") if item.tested_at else ""
        writer.writerow(
            [_plain(cell) for cell in (item.elder_name, item.community, item.line, item.model, item.serial, tested)]
        )
    return web.Response(
        body=text.getvalue().encode("utf-8-sig"),
        content_type="text/csv",
        headers={"Content-Disposition": 'attachment; filename="terminal-tests.csv"'},
    )


def _plain(cell: str) -> str:
    """A spreadsheet program takes for a formula what begins like one."""
    return "'" + cell if cell[:1] in ("=", "+", "-", "@") else cell
