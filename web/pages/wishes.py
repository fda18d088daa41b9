"""New wishes and refusals (X9): a month with its sums, one of them, noting one and striking one out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy import select

from models.elders import Elder
from models.masking import masked
from models.months import is_month, this_month
from models.queries.paging import Page
from models.queries.wishes import WishSums, WishView, list_wishes, sums_of, wish_view
from models.refusing import refuse
from models.register import FormRefused, NoSuchElder
from models.services.catalogue import catalogue
from models.versions import VersionConflict
from models.wishes import MOST_WHY, MOST_WORDS, NewWish, WishKind, note_wish, strike_out
from web.api.kit import number_in_path
from web.exports import Table, read_form, send
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.exports import PAGE, rows_of
from web.pages.listing import LINES, cursor_of
from web.people_names import names_of_everybody, names_of_users
from web.personal import shown_wish
from web.places import scope_of
from web.render import render, stamp, texts_of
from web.rights import Right
from web.texts import Texts
from web.typed import Typed, typed

routes = web.RouteTableDef()
COLUMNS: Final = ("noted_at", "kind", "elder", "community", "service", "words", "case", "noted_by", "struck_out")


@routes.get("/wishes")
@needs(Right.SEE_CASES)
async def wishes(request: web.Request) -> web.StreamResponse:
    month, kind, scope = _month_in(request.query), _kind_in(request.query), scope_of(request)
    async with request.app[DATABASE].read() as session:
        after = cursor_of(request, digits=6)
        page = await list_wishes(session, month, scope=scope, kind=kind, limit=LINES, after=after)
        sums = await sums_of(session, month, scope=scope)
    context = {
        "page": replace(page, items=masked(page.items)),
        "sums": sums,
        "chart": _chart(sums, texts_of(request)),
        "month": f"{month:%Y-%m}",
        "kind": kind or "",
        "kinds": list(WishKind),
        "people": await names_of_users(request, {one.noted_by for one in page.items}),
    }
    return render(request, "wishes.html", context)


@routes.post("/wishes/export")
@needs(Right.SEE_CASES)
@needs(Right.EXPORT)
async def export(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    month, kind, people = _month_in(form), _kind_in(form), await names_of_everybody(request)

    async def page(cursor: str | None) -> Page[WishView]:
        async with request.app[DATABASE].read() as session:
            after = None if cursor is None else int(cursor)
            return await list_wishes(session, month, scope=scope_of(request), kind=kind, limit=PAGE, after=after)

    def row(view: WishView) -> list[str]:
        service = view.service_zh if t.lang == "zh" else view.service_en
        what = [stamp(view.noted_at), t(f"wish_kind.{view.kind}"), view.elder_name, view.community, service]
        by = people.get(view.noted_by) or t.word("actor", view.noted_by)
        return [*what, view.words, view.case or "", by, view.struck_out_why]

    head = [t(f"wishes.{name}") for name in COLUMNS]
    given = {"month": f"{month:%Y-%m}", **({"kind": str(kind)} if kind else {})}
    return await send(request, Table("wishes", t("wishes.title"), head, rows_of(page, row), given), form)


@routes.get("/wishes/new")
@needs(Right.HANDLE_CASES)
async def new(request: web.Request) -> web.StreamResponse:
    """`?elder=` and `?case=`: from the page of either."""
    return await _new_page(request, Typed(request.query))


@routes.post("/wishes/new")
@needs(Right.HANDLE_CASES)
async def note(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        wanted = _read(sent)
        async with request.app[DATABASE].write() as session:
            wish = await note_wish(session, wanted, by=account_of(request).actor, scope=scope_of(request))
    except NoSuchElder:
        wrong = {"elder": texts_of(request)("problem.no_elder")}
        return await _new_page(request, Typed(sent.fields, wrong, status=422))
    except FormRefused as refused:
        return await _new_page(request, sent.refused(request, refused))
    raise web.HTTPSeeOther(f"/wishes/{wish.id}")


@routes.get("/wishes/{id}")
@needs(Right.SEE_CASES)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, Typed())


@routes.post("/wishes/{id}/strike")
@needs(Right.HANDLE_CASES)
async def strike(request: web.Request) -> web.StreamResponse:
    number, sent, by = number_in_path(request, "id"), await typed(request), account_of(request).actor
    try:
        async with request.app[DATABASE].write() as session:
            await strike_out(session, number, sent.text("why"), by=by, scope=scope_of(request))
    except (FormRefused, VersionConflict) as why:
        return await _page(request, sent.refused(request, why))
    raise web.HTTPSeeOther(f"/wishes/{number}")


async def _page(request: web.Request, sent: Typed) -> web.Response:
    async with request.app[DATABASE].read() as session:
        view = await wish_view(session, number_in_path(request, "id"), scope=scope_of(request))
    shown = shown_wish(request, view)
    people = await names_of_users(request, {view.noted_by, view.struck_out_by})
    context = {"it": shown, "is_masked": shown != view, "people": people, "sent": sent, "most": MOST_WHY}
    return render(request, "wish.html", context, status=sent.status)


async def _new_page(request: web.Request, sent: Typed) -> web.Response:
    named = select(Elder.name).where(Elder.id == sent.number("elder"), scope_of(request).of_elders())
    async with request.app[DATABASE].read() as session:
        name = await session.scalar(named)
        services = await catalogue(session, active_only=True)
    context = {
        "sent": sent,
        "elder_name": name or "",
        "services": services,
        "kinds": list(WishKind),
        "most": MOST_WORDS,
    }
    return render(request, "wish_new.html", context, status=sent.status)


def _read(sent: Typed) -> NewWish:
    """Raises NoSuchElder, FormRefused."""
    kind, elder, service = _kind_in(sent.fields), sent.number("elder"), sent.number("service")
    if elder is None:
        raise NoSuchElder
    if kind is None:
        refuse("kind", "请选择", "choose one of them")
    if service is None and sent.text("service"):
        refuse("service", "服务目录中没有此项", "the catalogue has no such service")
    return NewWish(kind, elder, sent.text("words"), sent.text("case").strip() or None, service)


def _month_in(query: MultiMapping[str]) -> date:
    """Nonsense counts as not given."""
    month = query.get("month", "")
    return date.fromisoformat(f"{month if is_month(month) else this_month()}-01")


def _kind_in(query: MultiMapping[Any]) -> WishKind | None:
    return next((kind for kind in WishKind if kind == query.get("kind")), None)


def _chart(sums: WishSums, t: Texts) -> Mapping[str, Any]:
    """Both kinds, month by month through the year."""
    series = [
        {"name": t("report_figure.new_wishes"), "values": [one.new_wishes for one in sums.months]},
        {"name": t("report_figure.refusals"), "values": [one.refusals for one in sums.months]},
    ]
    return {"labels": [one.month for one in sums.months], "series": series}
