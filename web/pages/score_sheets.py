"""Score sheets: the sheet in force with its editor, and the versions before it."""

from typing import Final

from aiohttp import web

from models.quality.score_sheets import MOST_ITEMS, Item, SheetKind, items_of, put, versions_of
from models.register import FormRefused
from models.versions import VersionConflict
from web.guard import account_of, needs
from web.keys import DATABASE
from web.people_names import names_of_users
from web.problems import NotFound
from web.render import render
from web.rights import Right
from web.typed import Typed, typed, whole_number

routes = web.RouteTableDef()
SPARE: Final = 3  # empty rows below the last item


@routes.get("/score-sheets")
@needs(Right.REVIEW_QUALITY)
async def first(request: web.Request) -> web.StreamResponse:
    return await _page(request, SheetKind.EMERGENCY, Typed())


@routes.get("/score-sheets/{kind}")
@needs(Right.REVIEW_QUALITY)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, _kind(request), Typed())


@routes.post("/score-sheets/{kind}")
@needs(Right.REVIEW_QUALITY)
async def change(request: web.Request) -> web.StreamResponse:
    kind, sent = _kind(request), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await put(session, kind, _items(sent), number=sent.version, by=account_of(request).actor)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, kind, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/score-sheets/{kind}")


def _kind(request: web.Request) -> SheetKind:
    try:
        return SheetKind(request.match_info["kind"])
    except ValueError:
        raise NotFound from None


def _items(sent: Typed) -> list[Item]:
    """The rows that have a text, in the order of the page. Their keys are their places among those."""
    rows = [row for row in range(1, MOST_ITEMS + 1) if sent.text(f"text.{row}").strip()]
    fatal = set(sent.all("fatal"))
    return [
        Item(str(row), sent.text(f"text.{row}"), sent.number(f"points.{row}") or 0, str(row) in fatal) for row in rows
    ]


async def _page(request: web.Request, kind: SheetKind, sent: Typed) -> web.Response:
    async with request.app[DATABASE].read() as session:
        versions = await versions_of(session, kind)
    wanted = whole_number(request.query.get("number"))
    shown = next((sheet for sheet in versions if sheet.number == wanted), versions[0])
    items = items_of(shown)
    rows = min(MOST_ITEMS, len(items) + SPARE)
    if sent:
        rows = max((row for row in range(1, MOST_ITEMS + 1) if f"text.{row}" in sent.fields), default=rows)
    context = {
        "kind": kind,
        "kinds": tuple(SheetKind),
        "versions": versions,
        "shown": shown,
        "items": items,
        "rows": rows,
        "editable": shown is versions[0],
        "sent": sent,
        "fatal": set(sent.all("fatal")),
        "people": await names_of_users(request, {sheet.made_by for sheet in versions}),
    }
    return render(request, "score_sheet.html", context, status=sent.status)
