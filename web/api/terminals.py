"""Terminals: which are due for a test (S8), and writing down that one was tested."""

from dataclasses import replace
from typing import Literal

from aiohttp import web
from pydantic import Field

from models.base import utc_now
from models.masking import masked
from models.queries.terminals import DueTerminal
from models.terminal_tests import record_test
from web.api.kit import Done, Input, ListOf, Operations, PageFilter, answer, answer_page, read_body, read_query
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.problems import NotFound
from web.rights import Right
from web.terminal_lists import terminals

operations = Operations("terminals")


class TerminalFilter(PageFilter):
    """`overdue`: not heard for longer than the district allows (`YJT_POLICY__TEST_EVERY`); `collect`: of elders who
    moved away or died."""

    state: Literal["overdue", "collect"] | None = None


class TerminalList(ListOf[DueTerminal]):
    pass


class Tested(Input):
    """`device`: the terminal's line or serial number."""

    device: str = Field(min_length=1, max_length=64)


@operations(
    "GET",
    "/terminals",
    "Terminals, the longest untested first",
    right=Right.SEE_TERMINALS,
    query=TerminalFilter,
    result=TerminalList,
)
async def get_terminals(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, TerminalFilter)
    page = await terminals(
        request,
        overdue=wanted.state == "overdue",
        left_behind=wanted.state == "collect",
        limit=wanted.limit,
        after=wanted.cursor,
    )
    return answer_page(replace(page, items=masked(page.items)))


@operations(
    "POST",
    "/terminal-tests",
    "Write down that a terminal was tested",
    right=Right.TEST_TERMINALS,
    body=Tested,
    result=Done,
    status=201,
)
async def post_test(request: web.Request) -> web.StreamResponse:
    tested = await read_body(request, Tested)
    area_code, by = request.app[SETTINGS].area_code, account_of(request).actor
    async with request.app[DATABASE].write() as session:
        scope = scope_of(request)
        if not await record_test(session, tested.device, area_code=area_code, at=utc_now(), by=by, scope=scope):
            raise NotFound("problem.no_terminal")
    return answer(Done(), status=201)
