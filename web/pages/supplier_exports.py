"""Lists of suppliers, ratings of workers, gaps in services and visits owed, to be taken away as tables."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from aiohttp import web

from models.base import local_today
from models.masking import masked
from models.queries.paging import Page
from models.queries.service_gaps import Gap, list_gaps
from models.queries.suppliers import SupplierLine, list_suppliers
from models.queries.visits_owed import VisitsOwed, list_visits_owed
from models.queries.worker_ratings import WorkerLine, list_worker_ratings
from models.services.catalogue import catalogue
from web.exports import Rows, Table, read_form, send
from web.guard import needs
from web.keys import DATABASE
from web.pages.services import standing_of
from web.pages.suppliers import narrowed
from web.pages.worker_ratings import COUNTED, OF_WHOM, period_of
from web.place_names import place_names
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.render import texts_of
from web.rights import Right

routes = web.RouteTableDef()
Item = TypeVar("Item")
PAGE: Final = 200


@routes.post("/suppliers/export")
@needs(Right.SEE_SUPPLIERS)
@needs(Right.EXPORT)
async def suppliers(request: web.Request) -> web.StreamResponse:
    t, form, policy = texts_of(request), await read_form(request), await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        services = {one.id: one.name(t.lang) for one in await catalogue(session)}
        places = await place_names(session)
    names = ("rank", "name", "licence", "status", "score", "orders", "void", "complaints", "complaint_rate")
    head = [t(f"suppliers.{name}") for name in (*names, "services", "areas", "workers", "agreement_until")]

    def row(line: SupplierLine) -> list[str]:
        facts, ends = line.facts, line.agreement_until
        counts = [str(facts.orders), str(facts.void), str(facts.complaints), f"{facts.complaint_rate:.1f}%"]
        what = ["、".join(services[one] for one in line.services), "；".join(places.get(one, "") for one in line.areas)]
        who = [str(line.rank or ""), line.name, line.licence, t(f"supplier_status.{line.status}")]
        return [*who, f"{line.points:.1f}", *counts, *what, str(line.workers), ends.isoformat() if ends else ""]

    found = _rows(request, list_suppliers, row, policy=policy, today=local_today(), **narrowed(form))
    given = {name: form[name] for name in ("status", "service", "org_unit") if form.get(name)}
    return await send(request, Table("suppliers", t("suppliers.title"), head, found, given), form)


@routes.post("/worker-ratings/export")
@needs(Right.SEE_SUPPLIERS)
@needs(Right.EXPORT)
async def ratings(request: web.Request) -> web.StreamResponse:
    t, form, policy = texts_of(request), await read_form(request), await request.app[POLICY_NOW].read()
    period = period_of(form)
    head = [t(f"worker_ratings.{name}") for name in (*OF_WHOM, *COUNTED, "score", "awards")]

    def row(line: WorkerLine) -> list[str]:
        who = [str(line.rank or ""), line.name, line.badge_number, line.supplier_name]
        counts = [str(getattr(line.facts, name)) for name in COUNTED]
        awards = [t("worker_awards.named", year=one.year, title=t(f"award_title.{one.title}")) for one in line.awards]
        return [*who, *counts, f"{line.points:.1f}", "、".join(awards)]

    rows = _rows(request, list_worker_ratings, row, policy=policy, period=period)
    table = Table("worker-ratings", t("worker_ratings.title"), head, rows, {"period": period.text})
    return await send(request, table, form)


@routes.post("/service-gaps/export")
@needs(Right.SEE_ORDERS)
@needs(Right.EXPORT)
async def gaps(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    head = [t(f"service_gaps.{name}") for name in ("service", "place", "count", "suppliers")]
    service = narrowed(form)["service"]

    def row(gap: Gap) -> list[str]:
        name = gap.name_zh if t.lang == "zh" else gap.name_en
        return [name, gap.place, str(len(gap.suppliers)), "、".join(gap.suppliers)]

    given = {"service": str(service)} if service else {}
    rows = _rows(request, list_gaps, row, today=local_today(), service=service)
    return await send(request, Table("service-gaps", t("service_gaps.title"), head, rows, given), form)


@routes.post("/visits-owed/export")
@needs(Right.SEE_ORDERS)
@needs(Right.EXPORT)
async def visits(request: web.Request) -> web.StreamResponse:
    t, form, policy = texts_of(request), await read_form(request), await request.app[POLICY_NOW].read()
    standing = standing_of(form.get("standing", ""))
    names = ("elder", "community", "service_class", "done", "by_now", "owed")
    head = [t(f"visits_owed.{name}") for name in names]

    def row(one: VisitsOwed) -> list[str]:
        who = [one.elder_name, one.community, t(f"service_class.{one.service_class}")]
        return [*who, str(one.done), str(one.by_now), str(one.owed)]

    rows = _rows(request, list_visits_owed, row, policy=policy, today=local_today(), standing=standing)
    table = Table("visits-owed", t("visits_owed.title"), head, rows, {"standing": standing})
    return await send(request, table, form)


def _rows(
    request: web.Request,
    find: Callable[..., Awaitable[Page[Item]]],
    row: Callable[[Item], list[str]],
    **wanted: Any,
) -> Callable[[bool], Rows]:
    """All pages of a list, as its own page reads them."""

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        after: int | None = None
        while True:
            async with request.app[DATABASE].read() as session:
                found = await find(session, scope=scope_of(request), limit=PAGE, after=after, **wanted)
            items: Sequence[Any] = masked(found.items) if mask else found.items
            yield [row(item) for item in items]
            if found.next is None:
                return
            after = int(found.next)

    return rows
