"""What an outcome may be called more exactly: the sub-codes that a case is filed with."""

from aiohttp import web
from pydantic import Field

from ivr.vocabulary import Outcome
from models.dispositions import MOST_WORD, DispositionForm, DispositionView, add_code, change_code
from models.versions import NoSuchRecord
from web.api.kit import Input, Operations, Output, answer, read_body, view_json
from web.codes import CODES, tell_desks
from web.guard import account_of
from web.keys import DATABASE
from web.problems import Forbidden
from web.rights import Right, may

operations = Operations("cases")


class DispositionList(Output):
    items: list[DispositionView]
    next: None = None


class DispositionIn(Input):
    """`zh`, `en`: its words; one that is not `active` is offered no more, and cases keep it."""

    zh: str = Field(min_length=1, max_length=MOST_WORD)
    en: str = Field(min_length=1, max_length=MOST_WORD)
    active: bool = True

    def form(self) -> DispositionForm:
        return DispositionForm(self.zh, self.en, self.active)


class NewDisposition(DispositionIn):
    outcome: Outcome
    code: str = Field(min_length=1, max_length=40)


class DispositionPatch(DispositionIn):
    """The whole sub-code, and the `version` that was read."""

    version: int = Field(ge=0)


@operations("GET", "/dispositions", "Sub-codes of the outcomes", result=DispositionList)
async def get_dispositions(request: web.Request) -> web.StreamResponse:
    account = account_of(request)
    if not may(account, Right.SEE_CASES) and not may(account, Right.MANAGE_POLICY):
        raise Forbidden
    return answer({"items": [view_json(one) for one in await request.app[CODES].read()], "next": None})


@operations(
    "POST", "/dispositions", "Add a sub-code", right=Right.MANAGE_POLICY, body=NewDisposition, result=DispositionView,
    status=201,
)  # fmt: skip
async def post_disposition(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, NewDisposition)
    async with request.app[DATABASE].write() as session:
        by = account_of(request).actor
        row = await add_code(session, wanted.outcome, wanted.code, wanted.form(), by=by)
        outcome, code = row.outcome, row.code
    return await _answer(request, outcome, code, status=201)


@operations(
    "PATCH", "/dispositions/{outcome}/{code}", "Rename, retire or restore a sub-code", right=Right.MANAGE_POLICY,
    body=DispositionPatch, result=DispositionView,
)  # fmt: skip
async def patch_disposition(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, DispositionPatch)
    outcome, code = outcome_in_path(request), request.match_info["code"]
    async with request.app[DATABASE].write() as session:
        by = account_of(request).actor
        await change_code(session, outcome, code, wanted.form(), version=wanted.version, by=by)
    return await _answer(request, outcome, code)


def outcome_in_path(request: web.Request) -> Outcome:
    """Raises NoSuchRecord: there is no such outcome."""
    try:
        return Outcome(request.match_info["outcome"])
    except ValueError:
        raise NoSuchRecord from None


async def _answer(request: web.Request, outcome: Outcome, code: str, *, status: int = 200) -> web.Response:
    known = await tell_desks(request)
    view = next(one for one in known if (one.outcome, one.code) == (outcome, code))
    return answer(view_json(view), status=status)
