"""Complaints: so far the drafts that agents took down. One is made with the action `draft_complaint` of its case, or
when a call of the complaint line is closed."""

from aiohttp import web

from models.complaints import ComplaintState
from models.queries.complaints import ComplaintView, list_complaints
from web.api.kit import Input, Limit, ListOf, Operations, RecordId, answer_page, read_query
from web.keys import DATABASE
from web.places import scope_of
from web.rights import Right

operations = Operations("complaints")


class ComplaintFilter(Input):
    state: ComplaintState | None = None
    elder: RecordId | None = None
    limit: Limit = 50
    cursor: RecordId | None = None


class ComplaintList(ListOf[ComplaintView]):
    pass


@operations(
    "GET",
    "/complaints",
    "Complaints, the latest first",
    right=Right.SEE_COMPLAINTS,
    query=ComplaintFilter,
    result=ComplaintList,
)
async def get_complaints(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ComplaintFilter)
    async with request.app[DATABASE].read() as session:
        page = await list_complaints(
            session,
            scope=scope_of(request),
            state=wanted.state,
            elder=wanted.elder,
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return answer_page(page)
