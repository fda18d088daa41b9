"""The audit log as a list. It is written by whoever does something, and changed by nobody."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from models.queries.audit import AuditView, Wanted, list_audit
from web.api.kit import Input, Limit, ListOf, Operations, RecordId, When, answer_page, read_query
from web.keys import DATABASE
from web.rights import Right

operations = Operations("audit")
Cursor = Annotated[int, Field(ge=1, le=2**53)]


class AuditFilter(Input):
    """`actor` as in the entries (`user:7`); `action` with all below it (`log_in` finds `log_in.failed`); `elder`: whose
    record; `origin`: an address; `to` is not included."""

    actor: str = Field("", max_length=100)
    action: str = Field("", max_length=60)
    record: str = Field("", max_length=100)
    elder: RecordId | None = None
    origin: str = Field("", max_length=60)
    since: When | None = Field(None, alias="from")
    until: When | None = Field(None, alias="to")
    limit: Limit = 50
    cursor: Cursor | None = None


class AuditList(ListOf[AuditView]):
    pass


@operations(
    "GET", "/audit", "Who did what, the latest first", right=Right.SEE_AUDIT, query=AuditFilter, result=AuditList
)
async def get_audit(request: web.Request) -> web.StreamResponse:
    asked = read_query(request, AuditFilter)
    wanted = Wanted(**asked.model_dump(exclude={"limit", "cursor"}))
    async with request.app[DATABASE].read() as session:
        page = await list_audit(session, wanted, limit=asked.limit, after=asked.cursor)
    return answer_page(page)
