"""Follow-ups: what is owed, and writing down that it was done."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from models.follow_ups import complete
from models.queries.follow_ups import FollowUpView, follow_up_view, list_follow_ups
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    ProgressFilter,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.rights import Right

operations = Operations("follow-ups")


class FollowUpFilter(ProgressFilter):
    pass


class FollowUpList(ListOf[FollowUpView]):
    pass


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
        page = await list_follow_ups(
            session, scope=scope_of(request), state=wanted.state, limit=wanted.limit, after=wanted.cursor
        )
    return answer_page(page)


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
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await complete(
            session,
            number,
            scope=scope_of(request),
            version=patch.version,
            by=account_of(request).actor,
            done=patch.done,
            result=patch.result,
            satisfaction=patch.satisfaction,
            note=patch.note,
        )
        view = await follow_up_view(session, number)
    return answer(view_json(view))
