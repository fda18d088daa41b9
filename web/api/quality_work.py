"""Quality as work: to draw a month, score a review, reply to its agent; the sheets that reviews are made with, and the
results by agent and month (K5)."""

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from models.masking import masked
from models.months import this_month
from models.quality.reviews import LONGEST, finish, reply
from models.quality.score_sheets import Item, SheetKind, items_of, list_newest
from models.queries.quality import Result, ReviewView, list_results, review_view
from web.api.kit import (
    Input,
    ListOf,
    Month,
    Operations,
    Output,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
    whole_page_of,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.quality import draw_month
from web.rights import Right

operations = Operations("quality")
Points = Annotated[int, Field(ge=0, le=100)]


class DrawIn(Input):
    month: Month


class DrawOut(Output):
    """Who draws within a place draws from the calls of that place, for the agents who took them. `lots`: for each agent
    how many calls and emergencies there were, their fingerprint, what was drawn and what is missing."""

    id: int
    month: str
    seed: int
    unclear: int
    lots: list[dict[str, Any]]


class ScoreIn(Input):
    """`version` as it was read; `sheet` by its number: `points` for each of its items that has some, `missed` its fatal
    items that were missed, which want a `comment`."""

    version: int = Field(ge=1)
    sheet: RecordId
    points: dict[Annotated[str, Field(max_length=10)], Points] = Field(max_length=50)
    missed: list[Annotated[str, Field(max_length=10)]] = Field(default_factory=list, max_length=50)
    comment: str = Field("", max_length=LONGEST)


class ReplyIn(Input):
    version: int = Field(ge=1)
    text: str = Field(min_length=1, max_length=LONGEST)


class SheetOut(Output):
    """`number` counts the versions of a kind."""

    id: int
    kind: SheetKind
    number: int
    items: list[Item]


class SheetList(ListOf[SheetOut]):
    pass


class ResultFilter(PageFilter):
    """Months from `since` to `until`, both included; this one when they are not given."""

    since: Month | None = None
    until: Month | None = None
    agent: RecordId | None = None


class ResultList(ListOf[Result]):
    pass


@operations(
    "POST", "/quality-draws", "Draw a month's recordings, or fill up what is missing", right=Right.REVIEW_QUALITY,
    body=DrawIn, result=DrawOut, status=201,
)  # fmt: skip
async def post_draw(request: web.Request) -> web.StreamResponse:
    row = (await draw_month(request, (await read_body(request, DrawIn)).month)).draw
    told = DrawOut(id=row.id, month=row.month, seed=row.seed, unclear=row.unclear, lots=row.lots)
    return answer(told, status=201)


@operations(
    "PATCH", "/quality-reviews/{id}", "Score a review, once", right=Right.REVIEW_QUALITY, body=ScoreIn,
    result=ReviewView,
)  # fmt: skip
async def patch_review(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, ScoreIn), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        user, scope = account_of(request).id, scope_of(request)
        await finish(session, number, user=user, scope=scope, **wanted.model_dump())
    return await _review(request, number)


@operations(
    "POST", "/quality-reviews/{id}/reply", "Reply to what the agent answered, once", right=Right.REVIEW_QUALITY,
    body=ReplyIn, result=ReviewView,
)  # fmt: skip
async def post_reply(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, ReplyIn), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        user, scope = account_of(request).id, scope_of(request)
        await reply(session, number, wanted.text, version=wanted.version, user=user, scope=scope)
    return await _review(request, number)


@operations(
    "GET", "/score-sheets", "The sheets that calls are reviewed with now", right=Right.REVIEW_QUALITY,
    query=PageFilter, result=SheetList,
)  # fmt: skip
async def get_sheets(request: web.Request) -> web.StreamResponse:
    page = await whole_page_of(request, PageFilter, list_newest)
    sheets = [SheetOut(id=row.id, kind=row.kind, number=row.number, items=list(items_of(row))) for row in page.items]
    return answer(SheetList(items=sheets, next=page.next))


@operations(
    "GET", "/quality-results", "Results by agent and month", right=Right.REVIEW_QUALITY, query=ResultFilter,
    result=ResultList,
)  # fmt: skip
async def get_results(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ResultFilter)
    narrowed = wanted.narrows()
    months = {"since": wanted.since or this_month(), "until": wanted.until or this_month()}
    async with request.app[DATABASE].read() as session:
        page = await list_results(session, scope=scope_of(request), **{**narrowed, **months})
    return answer_page(page)


async def _review(request: web.Request, number: int) -> web.Response:
    async with request.app[DATABASE].read() as session:
        view = await review_view(session, number, scope=scope_of(request))
    return answer(view_json(masked(view)))
