"""Calls that agents make of their own accord: their own phone rings first, then whom they want to speak with."""

import re
from typing import Final

from aiohttp import web
from pydantic import Field

from models.audit import audit
from models.database import DatabaseUnavailable
from models.phone_numbers import InvalidNumber, dialable
from models.queries import callees
from models.queries.callees import Callee, NoSuchCallee
from models.views import CaseView
from web.api.kit import Input, Operations, Output, answer, read_body
from web.guard import account_of
from web.keys import CONTROLLER, DATABASE, SETTINGS
from web.logs import log
from web.personal import shown_case
from web.places import check_case, in_sight
from web.problems import Invalid, NotFound
from web.rights import Right

operations = Operations("calls")
_RECORD: Final = re.compile("(elder|contact):([0-9]{1,9})", re.ASCII)


class NewCall(Input):
    """`to`: `elder:<id>`, `contact:<id>`, `case:<id>` for whoever called in it, or `number:<n>`. `phone`: which of a
    contact's phones, from 0; of an elder 0 is the home phone, then come the lines of their terminals."""

    to: str = Field(max_length=60)
    phone: int = Field(0, ge=0, le=20)


class CallBegun(Output):
    case: CaseView


@operations(
    "POST", "/calls", "Ring somebody from one's own seat", right=Right.HANDLE_CASES, body=NewCall, result=CallBegun
)
async def call_out(request: web.Request) -> web.StreamResponse:
    wanted, account = await read_body(request, NewCall), account_of(request)
    if account.seat is None:
        raise Invalid(fields={"to": "invalid.no_seat"})
    callee = await _callee(request, wanted)
    case = await request.app[CONTROLLER].call_out(
        account.seat, callee.number, name=callee.name, file=callee.file, actor=account.actor
    )
    await _put_on_record(request, account.actor, case.id, callee)
    return answer({"case": shown_case(request, case.view, case.raw)})


async def _callee(request: web.Request, wanted: NewCall) -> Callee:
    kind, _, which = wanted.to.partition(":")
    if kind == "number":
        try:
            return Callee(dialable(which, request.app[SETTINGS].area_code), "", None)
        except InvalidNumber as error:
            raise Invalid(fields={"to": str(error)}) from error
    if kind == "case":
        check_case(request, which)
    record = _RECORD.fullmatch(wanted.to)
    if record is None and kind != "case":
        raise Invalid(fields={"to": "invalid.callee"})
    try:
        async with request.app[DATABASE].read() as session:
            if record is None:
                found = await callees.caller(session, which)
            else:
                find = callees.elder if kind == "elder" else callees.contact
                found = await find(session, int(record[2]), wanted.phone)
            if found.file is not None:
                await in_sight(request, session, found.file.id)
            return found
    except NoSuchCallee:
        raise NotFound("problem.no_callee") from None


async def _put_on_record(request: web.Request, actor: str, case: str, callee: Callee) -> None:
    """The phone rings already, whether this can be written down or not; the journal has it as well."""
    record = f"elder:{callee.file.id}" if callee.file else ""
    try:
        async with request.app[DATABASE].write() as session:
            audit(session, actor, "call.out", record, case=case)
    except DatabaseUnavailable:
        log.error("audit_missing", action="call.out", record=record, actor=actor)
