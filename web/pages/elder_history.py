"""What happened to an elder and to the file: the line of time and the history; all changes of a month (X7)."""

from datetime import date
from typing import Final

from aiohttp import web
from multidict import MultiMapping

from models.masking import masked
from models.months import is_month, this_month
from models.queries.elder_changes import GROUPS, ChangeView, Group, changes_in, counts_in, history_of
from models.queries.elder_timeline import Happened, timeline_of
from models.queries.paging import Page
from web.api.kit import number_in_path
from web.guard import needs
from web.keys import DATABASE
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.personal import sees_elder
from web.places import scope_of
from web.problems import Invalid
from web.register_views import elder_view
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
# Fields whose values are words of a vocabulary.
WORDS_OF: Final = {
    "status": "elder_status",
    "sex": "sex",
    "service_class": "service_class",
    "language": "language",
    "lives_alone": "said",
    "provisional": "said",
}


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
    month, group, scope = month_in(request.query), group_in(request.query), scope_of(request)
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


def month_in(query: MultiMapping[str]) -> date:
    """The first of the month that is asked for, else of the present one. Raises Invalid for what is no month."""
    wanted = query.get("month", "")
    if wanted and not is_month(wanted):
        raise Invalid("problem.month")
    return date.fromisoformat(f"{wanted or this_month()}-01")


def group_in(query: MultiMapping[str]) -> Group | None:
    return next((group for group in GROUPS if group == query.get("group")), None)
