"""Care calls as they concern people: an elder's wishes and next calls; whom no call has reached for long."""

from datetime import date, timedelta
from typing import Final

from aiohttp import web

from models.base import local_today
from models.care.calendar import BirthdayBy
from models.care.filling import hours_of
from models.care.wishes import CareWishes, WishesForm, form_of, set_wishes
from models.masking import masked
from models.queries.care_calls import list_calls, list_unreached
from models.queries.care_forecast import next_calls
from models.queries.care_plans import list_plans
from models.queries.care_texts import contacts_of, texts_of
from models.register import FormRefused, find_elder
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, Typed, refusal, typed
from web.pages.listing import LINES, cursor_of
from web.place_names import place_names
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
A_YEAR: Final = 366
SHOWN: Final = 500  # next calls on the page; the API has all of them
_WISHES: Final = "wishes"


@routes.get("/elders/{id}/care")
@needs(Right.SEE_CARE)
async def care_of_elder(request: web.Request) -> web.StreamResponse:
    return await _page(request)


@routes.post("/elders/{id}/care")
@needs(Right.EDIT_ELDERS)
async def wishes(request: web.Request) -> web.StreamResponse:
    sent, number = await typed(request), number_in_path(request, "id")
    try:
        async with request.app[DATABASE].write() as session:
            elder = await find_elder(session, number, scope=scope_of(request))
            await set_wishes(session, elder, _form(sent), version=sent.version, by=account_of(request).actor)
    except (FormRefused, VersionConflict) as why:
        return await _page(request, refusal(request, _WISHES, sent, why))
    raise web.HTTPSeeOther(f"/elders/{number}/care")


@routes.get("/care/unreached")
@needs(Right.SEE_CARE)
async def unreached(request: web.Request) -> web.StreamResponse:
    place = request.query.get("community", "")
    async with request.app[DATABASE].read() as session:
        page = await list_unreached(
            session,
            scope=scope_of(request),
            org_unit=int(place) if place.isdecimal() and len(place) < 10 else None,
            limit=LINES,
            after=cursor_of(request, digits=6),
        )
        places = await place_names(session)
    scope = account_of(request).scope
    seen = {unit: name for unit, name in places.items() if scope.covers(unit)}
    return render(request, "care_unreached.html", {"page": page, "places": seen, "community": place})


def _form(sent: Typed) -> WishesForm:
    """Raises FormRefused: the date of the consent is none."""
    agreed = sent.text("consent_on")
    try:
        consent_on = date.fromisoformat(agreed) if agreed else None
    except ValueError:
        raise FormRefused.of("consent_on", "日期应为 年-月-日", "write dates as YYYY-MM-DD") from None
    by = next((one for one in BirthdayBy if one == sent.text("birthday_by")), BirthdayBy.SOLAR)
    return WishesForm(
        consent_on=consent_on,
        consent_by=sent.text("consent_by"),
        stopped=bool(sent.text("stopped")),
        quiet_from=sent.text("quiet_from"),
        quiet_to=sent.text("quiet_to"),
        nap_from=sent.text("nap_from"),
        nap_to=sent.text("nap_to"),
        hard_of_hearing=bool(sent.text("hard_of_hearing")),
        prefers_sms=bool(sent.text("prefers_sms")),
        tells_family=bool(sent.text("tells_family")),
        told=tuple(int(one) for one in sent.every("told") if one.isdecimal() and len(one) < 10),
        birthday_by=by,
        note=sent.text("note"),
    )


async def _page(request: web.Request, refused: Refused | None = None) -> web.Response:
    number, scope = number_in_path(request, "id"), scope_of(request)
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        elder = await find_elder(session, number, scope=scope)
        row = await session.get(CareWishes, number)
        coming = await next_calls(session, elder, local_today() + timedelta(days=1), A_YEAR, hours=hours_of(policy))
        plans = await list_plans(session, scope=scope, elder=number, limit=LINES)
        calls = await list_calls(session, scope=scope, elder=number, limit=LINES)
        texts, contacts = await texts_of(session, number), await contacts_of(session, number)
    context = {
        "elder_id": number,
        "name": elder.name,
        "wishes": form_of(row),
        "stopped_on": None if row is None else row.stopped_on,
        "version": 0 if row is None else row.version,
        "coming": masked(tuple(coming[:SHOWN])),
        "all_coming": len(coming),
        "plans": plans.items,
        "calls": masked(calls.items),
        "texts": masked(texts),
        "contacts": masked(contacts),
        "birthdays": tuple(BirthdayBy),
        "today": local_today(),
        "refused": refused,
    }
    return render(request, "elder_care.html", context, status=refused.status if refused else 200)
