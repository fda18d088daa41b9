"""Text messages that came in and are no alarms: read here, and marked as seen. They are handed in in `inbound.py`."""

from dataclasses import replace

from aiohttp import web

from models.masking import masked
from models.queries.inbound_texts import Seen, Sender, TextView, list_texts, set_seen, text_view
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    PageFilter,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.personal import shown_text
from web.places import scope_of
from web.rights import Right

operations = Operations("text messages")


class TextFilter(PageFilter):
    state: Seen | None = None
    sender: Sender | None = None


class TextList(ListOf[TextView]):
    pass


class SeenIn(Input):
    seen: bool


@operations(
    "GET", "/inbound-texts", "Text messages that are no alarms, the latest first", right=Right.SEE_CASES,
    query=TextFilter, result=TextList,
)  # fmt: skip
async def get_texts(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, TextFilter, list_texts)
    return answer_page(replace(page, items=masked(page.items)))


@operations("GET", "/inbound-texts/{id}", "One of them", right=Right.SEE_CASES, result=TextView)
async def get_text(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        view = await text_view(session, number_in_path(request, "id"), scope=scope_of(request))
    return answer(view_json(shown_text(request, view)))


@operations(
    "PATCH", "/inbound-texts/{id}", "Say that it was seen, or is to be seen again", right=Right.HANDLE_CASES,
    body=SeenIn, result=TextView,
)  # fmt: skip
async def patch_text(request: web.Request) -> web.StreamResponse:
    wanted, number, by = await read_body(request, SeenIn), number_in_path(request, "id"), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await set_seen(session, number, seen=wanted.seen, by=by, scope=scope_of(request))
    return await get_text(request)
