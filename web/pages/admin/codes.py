"""The page of sub-codes of the outcomes: added, renamed, retired, offered again; open desks have it at once."""

from aiohttp import web

from ivr.vocabulary import Outcome
from models.dispositions import MOST_WORD, DispositionForm, add_code, change_code, list_dispositions
from models.register import FormRefused
from models.versions import NoSuchRecord, VersionConflict
from web.api.dispositions import outcome_in_path
from web.codes import tell_desks
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, Typed, done, page, refusal, typed
from web.rights import Right
from web.telling import Live

routes = web.RouteTableDef()
NEW = "new"


@routes.get("/admin/codes")
@needs(Right.MANAGE_POLICY)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/admin/codes")
@needs(Right.MANAGE_POLICY)
async def add(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        outcome = Outcome(sent.text("outcome"))
    except ValueError:
        raise NoSuchRecord from None  # no page of ours offers another
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            await add_code(session, outcome, sent.text("code"), _form(sent), by=by)
    except FormRefused as why:
        return await _page(request, refusal(request, NEW, sent, why))
    await tell_desks(request)
    raise done("/admin/codes", Live.NOW)


@routes.post("/admin/codes/{outcome}/{code}")
@needs(Right.MANAGE_POLICY)
async def change(request: web.Request) -> web.StreamResponse:
    outcome, code, sent = outcome_in_path(request), request.match_info["code"], await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            await change_code(session, outcome, code, _form(sent), version=sent.version, by=by)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, refusal(request, f"{outcome}-{code}", sent, why))
    await tell_desks(request)
    raise done("/admin/codes", Live.NOW)


def _form(sent: Typed) -> DispositionForm:
    return DispositionForm(sent.text("zh"), sent.text("en"), active=sent.text("active") != "no")


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    async with request.app[DATABASE].read() as session:
        codes = await list_dispositions(session)
    of_outcome = {outcome: [one for one in codes if one.outcome == outcome] for outcome in Outcome}
    return page(request, "codes", {"of_outcome": of_outcome, "most": MOST_WORD}, refused=refused)
