"""Months of the settlement: reckoned, looked at, locked; and their lines, each of which leads to its order."""

from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from models.base import utc_now
from models.house_policy import Fixed
from models.masking import masked
from models.months import is_month, this_month
from models.org import list_units
from models.queries.settlement import LineFilter, LineView, list_lines, list_months
from models.register import FormRefused
from models.settlement.closing import correct
from models.settlement.months import latest_month, month_before
from models.settlement.records import LineKind
from models.settlement.shares import Parts
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE, SETTINGS
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_users
from web.place_names import place_names
from web.places import scope_of
from web.render import render
from web.rights import Right
from web.settling import settle_and_lock, settle_now
from web.typed import Typed, typed, whole_number

routes = web.RouteTableDef()
A_YEAR: Final = 12  # months on a page


@routes.get("/settlement")
@needs(Right.SEE_SETTLEMENT)
async def months(request: web.Request) -> web.StreamResponse:
    return await _months(request, Typed())


@routes.post("/settlement/run")
@needs(Right.SETTLE)
async def run_month(request: web.Request) -> web.StreamResponse:
    """The month that somebody chose, up to now where it is not over."""
    form = await typed(request)
    month, fixed = form.text("month"), Fixed.of(request.app[SETTINGS])
    try:
        await settle_now(request.app[DATABASE], fixed, month, by=account_of(request).actor)
    except FormRefused as refused:
        return await _months(request, form.refused(request, refused))
    raise web.HTTPSeeOther(f"/settlement#month-{month}")


@routes.post("/settlement/lock")
@needs(Right.SETTLE)
async def lock(request: web.Request) -> web.StreamResponse:
    form = await typed(request)
    month, fixed, by = form.text("month"), Fixed.of(request.app[SETTINGS]), account_of(request).actor
    version = whole_number(form.text("version"), digits=10)
    try:
        await settle_and_lock(request.app[DATABASE], fixed, month, version=-1 if version is None else version, by=by)
    except (FormRefused, VersionConflict) as refused:
        return await _months(request, form.refused(request, refused))
    raise web.HTTPSeeOther(f"/settlement#month-{month}")


@routes.get("/settlement-lines")
@needs(Right.SEE_SETTLEMENT)
async def lines(request: web.Request) -> web.StreamResponse:
    return await _lines(request, request.query, Typed())


@routes.post("/settlement-lines/{id}/correct")
@needs(Right.SETTLE)
async def correct_line(request: web.Request) -> web.StreamResponse:
    """A new line in the month that is open; the old one stays."""
    form, number = await typed(request), number_in_path(request, "id")
    government, own = (_fen_of(form.text(name)) for name in ("government", "own"))
    parts = Parts() if government is None or own is None else Parts(government, own)
    by, reason = account_of(request).actor, form.text("reason")
    try:
        async with request.app[DATABASE].write() as session:
            new = await correct(session, number, parts, reason=reason, by=by, now=utc_now())
    except FormRefused as refused:
        return await _lines(request, form.fields, form.refused(request, refused), refused=number)
    raise web.HTTPSeeOther(f"/settlement-lines?month={form.text('back')}&corrected={new}")


def narrowed(given: MultiMapping[Any], month: str) -> LineFilter:
    """What a list of lines was asked for; nonsense counts as not given."""
    text = {name: str(given.get(name, "")) for name in ("kind", "class", "corrections")}
    numbers = {name: whole_number(given.get(name)) for name in ("elder", "supplier", "worker", "order", "org_unit")}
    its_class = whole_number(text["class"])
    return LineFilter(
        month=month or None,
        kind=LineKind(text["kind"]) if text["kind"] in tuple(LineKind) else None,
        service_class=its_class if its_class in (1, 2, 3) else None,
        corrections=text["corrections"] == "1",
        **numbers,
    )


def kept(wanted: LineFilter) -> dict[str, str]:
    """The same as an address has it."""
    names = ("month", "kind", "elder", "supplier", "worker", "order", "org_unit")
    found = {name: str(value) for name in names if (value := getattr(wanted, name)) is not None}
    found |= {"class": str(wanted.service_class)} if wanted.service_class else {}
    return found | ({"corrections": "1"} if wanted.corrections else {})


async def month_in(request: web.Request, given: MultiMapping[Any]) -> str:
    """The month that was asked for, else the last that was reckoned."""
    month = str(given.get("month", ""))
    if is_month(month):
        return month
    async with request.app[DATABASE].read() as session:
        return await latest_month(session)


async def places_for(request: web.Request) -> dict[int, str]:
    """Places that a list may be narrowed to: those that the account sees, by the way down to them."""
    scope = scope_of(request)
    async with request.app[DATABASE].read() as session:
        ways = await place_names(session)
        units = [unit.id for unit in await list_units(session) if scope.covers(unit.id)]
    return {number: way for number, way in ways.items() if number in units}


def _fen_of(text: str) -> int | None:
    """What somebody wrote in yuan, with a sign: `-12.50`; empty: nothing. None for what is no amount."""
    digits = text.strip().lstrip("+-") or "0"
    whole, _, rest = digits.partition(".")
    rest = rest.ljust(2, "0")
    if len(rest) > 2 or not (whole + rest).isascii() or not (whole + rest).isdecimal() or len(whole) > 7:
        return None
    fen = int(whole) * 100 + int(rest)
    return -fen if text.strip().startswith("-") else fen


async def _months(request: web.Request, form: Typed) -> web.Response:
    async with request.app[DATABASE].read() as session:
        page = await list_months(session, scope=scope_of(request), limit=A_YEAR, after=cursor_of(request, digits=6))
    people = await names_of_users(request, {actor for one in page.items for actor in (one.run_by, one.locked_by)})
    context = {"page": page, "people": people, "form": form, "this": this_month(), "before": month_before(this_month())}
    return render(request, "settlement/months.html", context, status=form.status)


async def _lines(request: web.Request, given: MultiMapping[Any], form: Typed, *, refused: int = 0) -> web.Response:
    """With a correction that was not taken at its line, as it was filled in."""
    of_order = bool(given.get("order")) and not given.get("month")  # wherever it stands
    month = form.text("back") if refused else "" if of_order else await month_in(request, given)
    wanted = LineFilter(month=month) if refused else narrowed(given, month)
    async with request.app[DATABASE].read() as session:
        after = refused - 1 if refused else cursor_of(request, digits=9)
        page = await list_lines(session, scope=scope_of(request), wanted=wanted, limit=LINES, after=after)
    shown: tuple[LineView, ...] = masked(page.items)
    context = {
        "items": shown,
        "next": page.next,
        "wanted": wanted,
        "kept": kept(wanted),
        "places": await places_for(request),
        "kinds": tuple(LineKind),
        "people": await names_of_users(request, {one.made_by for one in shown}),
        "form": form,
        "refused": refused,
    }
    return render(request, "settlement/lines.html", context, status=form.status)
