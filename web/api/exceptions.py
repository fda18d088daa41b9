"""Exception reports: cases that nobody answered in time, and why (K1)."""

from aiohttp import web
from pydantic import Field

from models.exception_reports import ExceptionCause, explain
from models.queries.exception_reports import ExceptionView, exception_view, list_exceptions
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    ProgressFilter,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.rights import Right

operations = Operations("exception-reports")


class ExceptionFilter(ProgressFilter):
    """`open`: not explained yet."""


class ExceptionList(ListOf[ExceptionView]):
    pass


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
    page = await page_of(request, ExceptionFilter, list_exceptions)
    return answer_page(page)


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
    number = number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        await explain(
            session,
            number,
            scope=scope_of(request),
            version=patch.version,
            by=account_of(request).actor,
            cause=patch.cause,
            explanation=patch.explanation,
        )
        view = await exception_view(session, number)
    return answer(view_json(view))
