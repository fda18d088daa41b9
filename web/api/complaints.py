"""Complaints: so far the drafts that agents took down. One is made with the action `draft_complaint` of its case, or
when a call of the complaint line is closed."""

from aiohttp import web
from pydantic import Field

from models.complaints import ComplaintState
from web.api.elders import view_json
from web.api.kit import Input, Operations, Output, answer, read_query
from web.complaint_records import ComplaintView, list_complaints
from web.keys import DATABASE
from web.rights import Right

operations = Operations("complaints")


class ComplaintFilter(Input):
    state: ComplaintState | None = None
    elder: int | None = Field(None, ge=1, le=2**31 - 1)
    limit: int = Field(50, ge=1, le=200)
    cursor: int | None = Field(None, ge=1, le=2**31 - 1)


class ComplaintList(Output):
    items: list[ComplaintView]
    next: str | None


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
            session, state=wanted.state, elder=wanted.elder, limit=wanted.limit, after=wanted.cursor
        )
    return answer({"items": [view_json(item) for item in page.items], "next": page.next})
