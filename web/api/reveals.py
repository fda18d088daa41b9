"""Seeing personal data that is masked: who wants to says why, and that is put on the audit log before anything is
shown. From then on the pages and answers about that record show all to this account, for ten minutes."""

from datetime import timedelta

from aiohttp import web
from pydantic import Field

from models.audit import REVEAL, audit
from models.base import utc_now
from models.complaint_handling import find as find_complaint
from models.masking import numbers_in
from models.queries.inbound_texts import text_view
from models.queries.wishes import wish_view
from models.register import find_elder
from web.api.kit import Input, Operations, Output, When, answer, read_body
from web.guard import account_of
from web.keys import DATABASE, REVEALS
from web.places import scope_of
from web.reveals import REVEALED_FOR
from web.rights import Right
from web.sheet import find_sheet

operations = Operations("personal data")


class Reveal(Input):
    """`record`: `elder:<id>`, `case:<id>`, `complaint:<id>`, `text:<id>` or `wish:<id>`; `reason`: `case <id>`, or
    words."""

    record: str = Field(pattern=r"^((elder|complaint|text|wish):[0-9]{1,9}|case:[A-Za-z0-9._-]{1,60})$")
    reason: str = Field(min_length=2, max_length=200, pattern=r"\S.*\S")


class Revealed(Output):
    record: str
    until: When


@operations(
    "POST",
    "/reveals",
    "Show what is masked in a file, a case, a complaint, a text message or a wish, and say why",
    right=Right.SEE_PERSONAL,
    body=Reveal,
    result=Revealed,
    status=201,
)
async def post_reveal(request: web.Request) -> web.StreamResponse:
    """404 when there is no such record."""
    wanted, account = await read_body(request, Reveal), account_of(request)
    kind, _, number = wanted.record.partition(":")
    if kind == "elder":
        async with request.app[DATABASE].read() as session:
            await find_elder(session, int(number), scope=scope_of(request))
        elder: int | None = int(number)
    elif kind == "complaint":
        async with request.app[DATABASE].read() as session:
            elder = (await find_complaint(session, int(number), scope=scope_of(request))).elder_id
    elif kind == "text":
        async with request.app[DATABASE].read() as session:
            elder = (await text_view(session, int(number), scope=scope_of(request))).elder
    elif kind == "wish":
        async with request.app[DATABASE].read() as session:
            elder = (await wish_view(session, int(number), scope=scope_of(request))).elder
    else:
        view = (await find_sheet(request, number)).view
        elder = view.elder.id if view.elder else None
    async with request.app[DATABASE].write() as session:
        audit(session, account.actor, REVEAL, wanted.record, elder=elder, reason=numbers_in(wanted.reason.strip()))
    request.app[REVEALS].add(account, wanted.record)
    return answer(Revealed(record=wanted.record, until=utc_now() + timedelta(seconds=REVEALED_FOR)), status=201)
