"""New wishes and refusals (X9): those of a month, their sums, noting one and striking one out."""

from dataclasses import replace
from datetime import date

from aiohttp import web
from pydantic import Field

from models.masking import masked
from models.months import this_month
from models.queries.wishes import WishSums, WishView, list_wishes, sums_of, wish_view
from models.wishes import MOST_WHY, MOST_WORDS, NewWish, WishKind, note_wish, strike_out
from web.api.kit import (
    Input,
    ListOf,
    Month,
    Operations,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.personal import shown_wish
from web.places import scope_of
from web.rights import Right

operations = Operations("wishes")


class WishFilter(PageFilter):
    """`month` as `2026-11`; without one, the present month."""

    month: Month | None = None
    kind: WishKind | None = None


class SumsFilter(Input):
    """`month` as `2026-11`; without one, the present month."""

    month: Month | None = None


class WishList(ListOf[WishView]):
    pass


class WishPost(Input):
    """`case`: the call in which it was said; `service`: what is refused, none: nothing of the catalogue."""

    kind: WishKind
    elder: RecordId
    words: str = Field(min_length=1, max_length=MOST_WORDS)
    case: str | None = Field(None, max_length=60)
    service: RecordId | None = None


class StrikePost(Input):
    why: str = Field(min_length=1, max_length=MOST_WHY)


@operations(
    "GET", "/wishes", "New wishes and refusals of a month, the latest first; those struck out as well",
    right=Right.SEE_CASES, query=WishFilter, result=WishList,
)  # fmt: skip
async def get_wishes(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, WishFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_wishes(
            session,
            _first_of(wanted.month),
            scope=scope_of(request),
            kind=wanted.kind,
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return answer_page(replace(page, items=masked(page.items)))


@operations(
    "GET", "/wishes/sums", "How many there are in a month and its year: by kind, month, service, place",
    right=Right.SEE_CASES, query=SumsFilter, result=WishSums,
)  # fmt: skip
async def get_sums(request: web.Request) -> web.StreamResponse:
    month = _first_of(read_query(request, SumsFilter).month)
    async with request.app[DATABASE].read() as session:
        return answer(view_json(await sums_of(session, month, scope=scope_of(request))))


@operations(
    "POST", "/wishes", "Note a new wish or a refusal", right=Right.HANDLE_CASES, body=WishPost, result=WishView,
    status=201,
)  # fmt: skip
async def post_wish(request: web.Request) -> web.StreamResponse:
    new, by = NewWish(**(await read_body(request, WishPost)).model_dump()), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        wish = await note_wish(session, new, by=by, scope=scope_of(request))
    return await _answer(request, wish.id, status=201)


@operations("GET", "/wishes/{id}", "One of them", right=Right.SEE_CASES, result=WishView)
async def get_wish(request: web.Request) -> web.StreamResponse:
    return await _answer(request, number_in_path(request, "id"))


@operations(
    "POST", "/wishes/{id}/strike", "Strike one out that was noted wrongly: it counts no more", right=Right.HANDLE_CASES,
    body=StrikePost, result=WishView,
)  # fmt: skip
async def post_strike(request: web.Request) -> web.StreamResponse:
    wanted, number, by = await read_body(request, StrikePost), number_in_path(request, "id"), account_of(request).actor
    async with request.app[DATABASE].write() as session:
        await strike_out(session, number, wanted.why, by=by, scope=scope_of(request))
    return await _answer(request, number)


async def _answer(request: web.Request, number: int, *, status: int = 200) -> web.Response:
    async with request.app[DATABASE].read() as session:
        view = await wish_view(session, number, scope=scope_of(request))
    return answer(view_json(shown_wish(request, view)), status=status)


def _first_of(month: str | None) -> date:
    return date.fromisoformat(f"{month or this_month()}-01")
