"""Follow-ups: what is owed, and writing down that it was done."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from web.api.elders import view_json
from web.api.kit import Input, Operations, Output, answer, number_in_path, read_body, read_query
from web.follow_up_records import FollowUpView, complete, list_follow_ups
from web.guard import account_of
from web.keys import DATABASE
from web.rights import Right

operations = Operations("follow-ups")


class FollowUpFilter(Input):
    state: Literal["open", "done"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=1_000_000)


class FollowUpList(Output):
    items: list[FollowUpView]
    next: str | None


class FollowUpPatch(Input):
    """`version` as it was read."""

    version: int = Field(ge=1)
    done: bool = True
    result: str = Field("", max_length=2_000)
    satisfaction: Literal["", "satisfied", "fairly_satisfied", "dissatisfied"] = ""
    note: str = Field("", max_length=2_000)


@operations(
    "GET", "/follow-ups", "Follow-ups, the most urgent first", right=Right.FOLLOW_UP, query=FollowUpFilter,
    result=FollowUpList,
)  # fmt: skip
async def get_follow_ups(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, FollowUpFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_follow_ups(session, state=wanted.state, limit=wanted.limit, after=wanted.cursor)
    return answer({"items": [view_json(item) for item in page.items], "next": page.next})


@operations(
    "PATCH",
    "/follow-ups/{id}",
    "Write down what a follow-up brought",
    right=Right.FOLLOW_UP,
    body=FollowUpPatch,
    result=FollowUpView,
)
async def patch_follow_up(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, FollowUpPatch)
    async with request.app[DATABASE].write() as session:
        view = await complete(
            session,
            number_in_path(request, "id"),
            version=patch.version,
            by=account_of(request).actor,
            done=patch.done,
            result=patch.result,
            satisfaction=patch.satisfaction,
            note=patch.note,
        )
    return answer(view_json(view))
