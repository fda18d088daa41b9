"""Exception reports: cases that nobody answered in time, and why (K1)."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from models.exception_reports import ExceptionCause
from web.api.elders import view_json
from web.api.kit import Input, Operations, Output, answer, number_in_path, read_body, read_query
from web.exception_records import ExceptionView, explain, list_exceptions
from web.guard import account_of
from web.keys import DATABASE
from web.rights import Right

operations = Operations("exception-reports")


class ExceptionFilter(Input):
    """`open`: not explained yet."""

    state: Literal["open", "done"] | None = None
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=0, le=1_000_000)


class ExceptionList(Output):
    items: list[ExceptionView]
    next: str | None


class ExceptionPatch(Input):
    """`version` as it was read."""

    version: int = Field(ge=1)
    cause: ExceptionCause
    explanation: str = Field(min_length=1, max_length=2_000)


@operations(
    "GET", "/exception-reports", "Cases that nobody answered in time, the latest first", right=Right.EXPLAIN_EXCEPTIONS,
    query=ExceptionFilter, result=ExceptionList,
)  # fmt: skip
async def get_exceptions(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ExceptionFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_exceptions(session, state=wanted.state, limit=wanted.limit, after=wanted.cursor)
    return answer({"items": [view_json(item) for item in page.items], "next": page.next})


@operations(
    "PATCH",
    "/exception-reports/{id}",
    "Write down why nobody answered",
    right=Right.EXPLAIN_EXCEPTIONS,
    body=ExceptionPatch,
    result=ExceptionView,
)
async def patch_exception(request: web.Request) -> web.StreamResponse:
    patch = await read_body(request, ExceptionPatch)
    async with request.app[DATABASE].write() as session:
        view = await explain(
            session,
            number_in_path(request, "id"),
            version=patch.version,
            by=account_of(request).actor,
            cause=patch.cause,
            explanation=patch.explanation,
        )
    return answer(view_json(view))
