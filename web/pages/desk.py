"""The agent's page: own seat, the case on its screen, every action. What it shows is decided by the mirror, so F5
brings back the same page; what it asks for goes through the API. Nothing here waits for the database but the whole page
and the part below it that tells of the day (`/fragments/desk/today`)."""

from datetime import datetime, time, timedelta
from typing import Final

from aiohttp import web

from ivr.vocabulary import Aid, CaseState, Outcome, PauseReason, Service, Skill, Topic
from models.database import DatabaseUnavailable
from models.masking import masked
from models.queries.desk_day import complaints_of, drafts_of, follow_ups_of_seat, missed_calls
from models.queries.work_orders import count_overdue
from web.codes import CODES
from web.complaint_views import office_of, person_of
from web.guard import account_of, needs
from web.keys import DATABASE, FEED, MIRROR
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.render import render, texts_of
from web.rights import Right
from web.sheet import Sheet

routes = web.RouteTableDef()
# What is read to the caller, or done, first: by the state of the case, else by its kind.
_SCRIPT_OF_STATE: Final = {
    CaseState.EMERGENCY: "emergency",
    CaseState.NO_RESPONSE: "no_response",
    CaseState.CALLING_BACK: "calling_back",
    CaseState.WRAPPING_UP: "wrapping_up",
}
STEPS: Final = 4


@routes.get("/desk")
@needs(Right.HANDLE_CASES)
async def desk(request: web.Request) -> web.StreamResponse:
    lang = texts_of(request).lang
    codes = [
        {"outcome": one.outcome, "code": one.code, "word": one.zh if lang == "zh" else one.en}
        for one in await request.app[CODES].read()
        if one.active
    ]
    await request.app[POLICY_NOW].read()
    return render(request, "desk.html", {**_context(request), **await _day(request), "codes": codes})


@routes.get("/fragments/desk")
@needs(Right.HANDLE_CASES)
async def desk_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/desk.html", _context(request))


@routes.get("/fragments/desk/today")
@needs(Right.HANDLE_CASES)
async def today_fragment(request: web.Request) -> web.StreamResponse:
    return render(request, "fragments/desk_today.html", await _day(request))


def _context(request: web.Request) -> dict[str, object]:
    mirror = request.app[MIRROR]
    extension = account_of(request).seat
    current = mirror.on_screen(extension) if extension else None
    wanted = request.query.get("case", "")
    if extension and wanted != "" and mirror.has_case(extension, wanted):
        current = mirror.cases[wanted]  # one of their own that the agent wants to look at, or to file
    others = [case for case in mirror.unfinished(extension) if case is not current] if extension else []
    sheet = Sheet.of_live(current) if current else None
    texts, policy = texts_of(request), request.app[POLICY_NOW].known
    return {
        "seq": request.app[FEED].seq,
        "extension": extension,
        "seat": mirror.seats.get(extension) if extension else None,
        "sheet": sheet,
        "unfinished": [Sheet.of_live(case) for case in others],
        "outcomes": tuple(Outcome),
        "services": (Service.AMBULANCE, Service.POLICE, Service.FIRE),
        "skills": tuple(skill for skill in Skill if skill is not Skill.AGENT),
        "topics": tuple(Topic),
        "aids": tuple(Aid),
        "pauses": [(reason, getattr(policy, f"pause_{reason}")) for reason in PauseReason],
        "script": script_of(sheet, extension) if sheet and extension else "",
        "steps": range(1, STEPS + 1),
        "words": texts.section("script"),
        "phone_words": texts.section("phone_says"),
    }


def script_of(sheet: Sheet, extension: str) -> str:
    """Which of the scripts in `words/call_script.toml` fits what is going on."""
    name = _SCRIPT_OF_STATE.get(CaseState(sheet.view.state), str(sheet.view.kind))
    if name == "emergency":
        return "emergency_b" if sheet.role_of(extension) == "B" else "emergency_a"
    return name


async def _day(request: web.Request) -> dict[str, object]:
    """Today, here; masked, because a list is read by whoever stands behind the agent."""
    account = account_of(request)
    midnight = datetime.combine(datetime.now().astimezone().date(), time.min).astimezone()
    try:
        async with request.app[DATABASE].read() as session:
            missed = await missed_calls(session, midnight, scope=scope_of(request))
            tomorrow = midnight + timedelta(days=1)
            due = await follow_ups_of_seat(session, account.seat or "", tomorrow, user=account.id)
            complaints = await complaints_of(session, person_of(request), office=await office_of(request, session))
            drafts = await drafts_of(session, person_of(request))
            late = await count_overdue(session, scope=scope_of(request))
    except DatabaseUnavailable:
        return {"day_known": False, "missed": [], "due": [], "complaints": [], "drafts": [], "late": 0}
    lists = {"missed": masked(missed), "due": due, "complaints": masked(complaints), "drafts": masked(drafts)}
    return {"day_known": True, **lists, "late": late}
