"""Care calls: the calendar of what goes out, the trial run of one day, and the button that stops them all."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from aiohttp import web

from models.base import local_today
from models.care.calendar import CareDay, care_day
from models.care.filling import hours_of
from models.care.halting import halt_now, set_halted
from models.care.planning import CareKind
from models.masking import masked
from models.queries.care_calls import counts_by_day
from models.queries.care_forecast import forecast, trial
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import typed
from web.pages.elder_history import month_in
from web.pages.listing import LINES, cursor_of, day_of
from web.people_names import names_of_users
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Forbidden, Invalid
from web.render import render
from web.rights import Right

routes = web.RouteTableDef()
FIRST_YEAR: Final = 1901  # the calendar's tables
LAST_YEAR: Final = 2099


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """`counts` by kind; those of days that are over stand in the planner's table."""

    known: CareDay
    counts: dict[CareKind, int]
    is_over: bool
    is_other_month: bool


@routes.get("/care")
@needs(Right.SEE_CARE)
async def calendar(request: web.Request) -> web.StreamResponse:
    """A month, or with `?week=2026-11-26` the week of that day."""
    week = known_day(day_of(request.query.get("week", "")))
    month = month_in(request.query) if week is None else week.replace(day=1)
    known_day(month)
    begins = week or month
    begins -= timedelta(days=begins.weekday())
    days = 7 if week is not None else _days_shown(month, begins)
    kind = next((one for one in CareKind if one == request.query.get("kind")), None)
    async with request.app[DATABASE].read() as session:
        scope, now = scope_of(request), local_today()
        counts = await counts_by_day(
            session, begins, min(now - timedelta(days=1), _after(begins, days - 1)), scope=scope
        )
        ahead = max(begins, now)
        if (left := (begins - ahead).days + days) > 0:
            counts |= await forecast(session, ahead, left, scope=scope)
        halt = await halt_now(session)
    shown = [
        CalendarDay(
            care_day(day),
            {one: counts[day, one] for one in CareKind if (day, one) in counts and kind in (None, one)},
            day < now,
            week is None and day.month != month.month,
        )
        for day in (_after(begins, n) for n in range(days))
    ]
    context = {
        "weeks": [shown[at : at + 7] for at in range(0, days, 7)],
        "month": f"{month:%Y-%m}",
        "week": week,
        "before": begins - timedelta(days=7) if week else month - timedelta(days=1),
        "after": _after(begins, 7) if week else _after(month, 31),
        "kind": kind or "",
        "kinds": tuple(CareKind),
        "today": now,
        "halt": halt,
        "people": await names_of_users(request, {halt.by}),
    }
    return render(request, "care.html", context)


@routes.post("/care/halt")
@needs(Right.PLAN_CARE)
async def halt(request: web.Request) -> web.StreamResponse:
    """No care call begins from now on, or they may again; for the whole platform, so for who sees all of it."""
    sent = await typed(request)
    version, wanted = sent.version, sent.text("halted")
    if wanted not in ("0", "1"):
        raise Invalid
    if wanted == "0" and not account_of(request).scope.everywhere:
        raise Forbidden
    async with request.app[DATABASE].write() as session:
        note, by = sent.text("note"), account_of(request).actor
        await set_halted(session, wanted == "1", version=version, by=by, note=note)
    raise web.HTTPSeeOther("/care")


@routes.get("/care/trial")
@needs(Right.SEE_CARE)
async def trial_run(request: web.Request) -> web.StreamResponse:
    """What would go out on a day from today on; tomorrow unless another is asked for."""
    day = known_day(day_of(request.query.get("day", ""))) or _after(local_today(), 1)
    policy = await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        page = await trial(
            session,
            day,
            scope=scope_of(request),
            hours=hours_of(policy),
            limit=LINES,
            after=cursor_of(request, digits=9),
        )
    shown = {"page": replace(page, items=masked(page.items)), "day": day, "policy": policy}
    return render(request, "care_trial.html", shown)


def known_day(day: date | None) -> date | None:
    """Raises Invalid: the calendar does not know that year."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid("problem.date")
    return day


def _days_shown(month: date, begins: date) -> int:
    last = _after(month, 31).replace(day=1) - timedelta(days=1)
    return ((last - begins).days // 7 + 1) * 7


def _after(day: date, days: int) -> date:
    return day + timedelta(days=days)
