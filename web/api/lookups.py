"""Who looked at what, as lists for programs: every look, and how many by person, elder or day."""

from datetime import date, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from models.queries.lookups import Asked, Look, LookView, Tally, list_lookups
from models.queries.paging import Page
from web.api.kit import (
    Input,
    Limit,
    ListOf,
    Operations,
    Output,
    RecordId,
    When,
    answer,
    answer_page,
    read_query,
    view_json,
)
from web.keys import DATABASE
from web.lookups import first_day, shown_look, summary
from web.pages.listing import midnight
from web.places import scope_of
from web.rights import Right

operations = Operations("lookups")
Cursor = Annotated[int, Field(ge=1, le=2**53)]


class LookFilter(Input):
    """`actor`: who looked (`user:7`); `elder`: at whom; `to` is not included."""

    actor: str = Field("", max_length=100)
    elder: RecordId | None = None
    kind: Look | None = None
    since: When | None = Field(None, alias="from")
    until: When | None = Field(None, alias="to")
    limit: Limit = 50
    cursor: Cursor | None = None


class LookList(ListOf[LookView]):
    pass


class SummaryFilter(Input):
    """Days are local, both included; without `from` the last 30, by day at most 90."""

    by: Literal["person", "elder", "day"] = "person"
    actor: str = Field("", max_length=100)
    elder: RecordId | None = None
    kind: Look | None = None
    since: date | None = Field(None, alias="from")
    until: date | None = Field(None, alias="to")


class Summary(Output):
    items: list[Tally]
    next: None = None


@operations(
    "GET", "/lookups", "Who looked at what, the latest first", right=Right.SEE_LOOKUPS, query=LookFilter,
    result=LookList,
)  # fmt: skip
async def get_lookups(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, LookFilter)
    asked = Asked(**wanted.model_dump(exclude={"limit", "cursor"}))
    async with request.app[DATABASE].read() as session:
        page = await list_lookups(session, asked, scope=scope_of(request), limit=wanted.limit, after=wanted.cursor)
    return answer_page(Page(tuple(shown_look(request, look) for look in page.items), page.next))


@operations(
    "GET", "/lookups/summary", "How many looked, by person, elder or day", right=Right.SEE_LOOKUPS,
    query=SummaryFilter, result=Summary,
)  # fmt: skip
async def get_summary(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, SummaryFilter)
    until = midnight(wanted.until + timedelta(days=1)) if wanted.until else None
    asked = Asked(wanted.actor, wanted.elder, wanted.kind, until=until)
    since = first_day(wanted.since, wanted.until)
    async with request.app[DATABASE].read() as session:
        found = await summary(request, session, wanted.by, asked, since=since, until=wanted.until)
    return answer({"items": [view_json(tally) for tally in found], "next": None})
