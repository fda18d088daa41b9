"""Cases: open ones as the controller holds them, closed ones from the records; the actions that agents ask for."""

from typing import Final, Literal

from aiohttp import web
from pydantic import Field

from ivr.actions import Action as AgentAction
from ivr.vocabulary import Aid, Mode, Outcome, Skill, Topic
from models.messages import MessageView, messages_of
from models.phone_numbers import InvalidNumber, dialable
from models.queries.cases import BadCursor, list_cases
from models.views import CaseView
from web.api.kit import Done, Input, Limit, ListOf, Operations, Output, RecordId, When, answer, read_body, read_query
from web.codes import CODES
from web.guard import account_of
from web.keys import CONTROLLER, DATABASE, METRICS, MIRROR, SETTINGS
from web.lookups import note_case
from web.personal import shown_case
from web.places import check_case, may_set_seat, open_cases, scope_of
from web.problems import Conflict, Forbidden, Invalid
from web.rights import Right, may
from web.sheet import find_sheet
from web.who_was_faster import name_the_other

operations = Operations("cases")
_RINGS_A_SEAT = frozenset({"take_over", "supervise"})
_OF_SUPERVISORS = frozenset({"supervise", "supervise_end"})


class CaseFilter(Input):
    """`from` and `to` by the time of opening, `to` not included."""

    state: Literal["open", "closed"] | None = None
    elder: RecordId | None = None
    since: When | None = Field(None, alias="from")
    until: When | None = Field(None, alias="to")
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=300)


class CaseList(ListOf[CaseView]):
    pass


class MessageList(Output):
    items: list[MessageView]
    next: None = None


class Action(Input):
    """`elder` for `identify`: the file of one of the household; `target` for `call`: `120`, `110`, `119`, `contacts`,
    `elder`, `contact:<id>`, `number:<n>`; `leg` for `merge`, `split` and `hangup`; `role` for `take_over`; `mode` for
    `supervise`, and `leg` unless it is who is with the elder; `extension` for both unless it is one's own seat that is
    rung; `skill` for `consult` (and `transfer`, which is the same); `outcome`, `code` (of `/dispositions`) and `note`
    for `close`; `topic` for `classify`; `aid`, `wish` for `draft_order`; `about`, `words` for `draft_complaint`."""

    action: AgentAction
    elder: RecordId | None = None
    target: str | None = Field(None, max_length=60)
    leg: str | None = Field(None, max_length=60)
    role: Literal["A", "B"] | None = None
    mode: Mode | None = None
    extension: str | None = Field(None, pattern="^[0-9]{3,5}$")
    skill: Skill | None = None
    outcome: Outcome | None = None
    code: str | None = Field(None, max_length=40, pattern="^[a-z0-9_]*$")
    note: str | None = Field(None, max_length=2_000)
    topic: Topic | None = None
    aid: Aid | None = None
    wish: str | None = Field(None, max_length=2_000)
    about: str | None = Field(None, max_length=200)
    words: str | None = Field(None, max_length=2_000)


# What an action cannot do without.
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "identify": ("elder",),
    "call": ("target",),
    "merge": ("leg",),
    "split": ("leg",),
    "take_over": ("role",),
    "supervise": ("mode",),
    "hangup": ("leg",),
    "consult": ("skill",),
    "transfer": ("skill",),
    "close": ("outcome",),
    "classify": ("topic",),
    "draft_order": ("aid", "wish"),
    "draft_complaint": ("words",),
}


class ActionDone(Output):
    case: CaseView


class Shown(Input):
    """`after`: seconds from the message that told the screen to show the case."""

    extension: str = Field(min_length=1, max_length=10)
    after: float | None = Field(None, ge=0, le=3600)


@operations("GET", "/cases", "List cases", right=Right.SEE_CASES, query=CaseFilter, result=CaseList)
async def get_cases(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, CaseFilter)
    mirror = request.app[MIRROR]
    if wanted.state == "open" and mirror.reachable and wanted.elder is None:
        newest_first = [
            case for case in reversed(open_cases(account_of(request), mirror)) if _within(case.view, wanted)
        ]
        return answer({"items": [shown_case(request, case.view, case.raw) for case in newest_first], "next": None})
    try:
        async with request.app[DATABASE].read() as session:
            page = await list_cases(
                session,
                scope=scope_of(request),
                state=wanted.state,
                elder=wanted.elder,
                since=wanted.since,
                until=wanted.until,
                limit=wanted.limit,
                cursor=wanted.cursor,
            )
    except BadCursor as error:
        raise Invalid(fields={"cursor": "problem.cursor"}) from error
    return answer({"items": [shown_case(request, view, view.as_json()) for view in page.items], "next": page.next})


def _within(view: CaseView, wanted: CaseFilter) -> bool:
    at = view.opened_at
    if at is None:
        return wanted.since is None and wanted.until is None
    return (wanted.since is None or at >= wanted.since) and (wanted.until is None or at < wanted.until)


@operations("GET", "/cases/{id}", "One case", right=Right.SEE_CASES, result=CaseView)
async def get_case(request: web.Request) -> web.StreamResponse:
    case_id = request.match_info["id"]
    check_case(request, case_id)
    live = request.app[MIRROR].cases.get(case_id)
    if live is not None:
        await note_case(request, live.view)
        return answer(shown_case(request, live.view, live.raw))
    view = (await find_sheet(request, case_id)).view
    await note_case(request, view)
    return answer(shown_case(request, view, view.as_json()))


@operations("GET", "/cases/{id}/messages", "SMS to the contacts of a case", right=Right.SEE_CASES, result=MessageList)
async def get_messages(request: web.Request) -> web.StreamResponse:
    view = (await find_sheet(request, request.match_info["id"])).view
    await note_case(request, view)
    async with request.app[DATABASE].read() as session:
        found = await messages_of(session, view.id)
    return answer(MessageList(items=list(shown_case(request, view, found))))


@operations("POST", "/cases/{id}/actions", "Act on a case", right=Right.HANDLE_CASES, body=Action, result=ActionDone)
async def act(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, Action)
    body = {name: str(value) for name, value in wanted.model_dump(exclude_none=True).items()}
    _check(wanted, body, request.app[SETTINGS].area_code)
    account = account_of(request)
    if wanted.action in _OF_SUPERVISORS and not may(account, Right.SUPERVISE):
        raise Forbidden
    check_case(request, request.match_info["id"])
    if wanted.action in _RINGS_A_SEAT:
        body["extension"] = _seat_to_ring(request, wanted.extension)
    await _check_code(request, wanted)
    case_id = request.match_info["id"]
    try:
        case = await request.app[CONTROLLER].act(case_id, body, actor=account.actor)
    except Conflict as refused:
        raise await name_the_other(request, case_id, refused) from None
    return answer({"case": shown_case(request, case.view, case.raw)})


async def _check_code(request: web.Request, wanted: Action) -> None:
    """A sub-code belongs to the outcome that it is given with; while nobody can say so, it is taken as it is."""
    if not wanted.code:
        return
    known = await request.app[CODES].read()
    if known and not any((one.outcome, one.code, one.active) == (wanted.outcome, wanted.code, True) for one in known):
        raise Invalid(fields={"code": "invalid.code"})


def _seat_to_ring(request: web.Request, named: str | None) -> str:
    """One's own seat unless another is named, which only some may do."""
    account = account_of(request)
    extension = named or account.seat
    if extension is None:
        raise Invalid(fields={"extension": "invalid.no_seat"})
    if not may_set_seat(account, request.app[MIRROR], extension):
        raise Forbidden
    return extension


def _check(wanted: Action, body: dict[str, str], area_code: str) -> None:
    """Fields that the action needs; a number in any form that people write becomes what is dialled."""
    missing = [name for name in _NEEDED.get(wanted.action, ()) if not body.get(name, "").strip()]
    if missing:
        raise Invalid(fields=dict.fromkeys(missing, "invalid.missing"))
    kind, colon, number = (wanted.target or "").partition(":")
    if kind == "number" and colon:
        try:
            body["target"] = f"number:{dialable(number, area_code)}"
        except InvalidNumber as error:
            raise Invalid(fields={"target": str(error)}) from error


@operations(
    "POST",
    "/cases/{id}/shown",
    "Tell that an agent's screen shows the case",
    right=Right.HANDLE_CASES,
    body=Shown,
    result=Done,
)
async def shown(request: web.Request) -> web.StreamResponse:
    told = await read_body(request, Shown)
    account = account_of(request)
    if not may_set_seat(account, request.app[MIRROR], told.extension):
        raise Forbidden
    case_id = request.match_info["id"]
    check_case(request, case_id)
    await request.app[CONTROLLER].shown(case_id, extension=told.extension, actor=account.actor)
    if told.after is not None:
        request.app[METRICS].shown.observe(told.after)
    return answer(Done())
