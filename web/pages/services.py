"""The catalogue of services (S3, H13), the communities where a service has too few suppliers (H6), and the visits that
elders are owed this year (T1)."""

from aiohttp import web

from ivr.vocabulary import Aid
from models.base import local_today
from models.queries.service_gaps import LEAST, list_gaps
from models.queries.visits_owed import STANDINGS, Standing, list_visits_owed
from models.register import FormRefused
from models.services.catalogue import CLASSES, USUAL, VISIT_PRICE, ServiceView, add_service, catalogue, change_service
from models.services.quota import owed_in_a_year
from models.services.records import MINIMUM_MINUTES, ServiceUnit
from models.versions import VersionConflict
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, refusal, typed
from web.pages.listing import LINES, cursor_of
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import NotFound
from web.render import render
from web.rights import Right
from web.supplier_forms import service_form

routes = web.RouteTableDef()
FORM = "service"


@routes.get("/services")
@needs(Right.SEE_SUPPLIERS)
async def show(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        services = await catalogue(session)
    return render(request, "services/list.html", {"services": services, "classes": CLASSES})


@routes.get("/services/new")
@needs(Right.MANAGE_SUPPLIERS)
async def blank(request: web.Request) -> web.StreamResponse:
    return await _form_page(request, None)


@routes.post("/services/new")
@needs(Right.MANAGE_SUPPLIERS)
async def add(request: web.Request) -> web.StreamResponse:
    sent = await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            await add_service(session, sent.text("code"), service_form(sent), by=account_of(request).actor)
    except FormRefused as why:
        return await _form_page(request, None, refusal(request, FORM, sent, why))
    raise web.HTTPSeeOther("/services")


@routes.get("/services/{id}")
@needs(Right.MANAGE_SUPPLIERS)
async def edit(request: web.Request) -> web.StreamResponse:
    return await _form_page(request, number_in_path(request, "id"))


@routes.post("/services/{id}")
@needs(Right.MANAGE_SUPPLIERS)
async def save(request: web.Request) -> web.StreamResponse:
    number, sent = number_in_path(request, "id"), await typed(request)
    try:
        async with request.app[DATABASE].write() as session:
            by = account_of(request).actor
            await change_service(session, number, service_form(sent), version=sent.version, by=by)
    except (FormRefused, VersionConflict) as why:
        return await _form_page(request, number, refusal(request, FORM, sent, why))
    raise web.HTTPSeeOther("/services")


@routes.get("/service-gaps")
@needs(Right.SEE_ORDERS)
async def gaps(request: web.Request) -> web.StreamResponse:
    wanted = request.query.get("service", "")
    service = int(wanted) if wanted.isdecimal() and len(wanted) <= 9 else None
    async with request.app[DATABASE].read() as session:
        after = cursor_of(request, digits=6)
        page = await list_gaps(
            session, scope=scope_of(request), today=local_today(), service=service, limit=LINES, after=after
        )
        services = await catalogue(session, active_only=True)
    context = {"page": page, "services": services, "service": service, "least": LEAST}
    return render(request, "services/gaps.html", context)


def standing_of(wanted: str) -> Standing:
    return next((one for one in STANDINGS if one == wanted), "behind")


@routes.get("/visits-owed")
@needs(Right.SEE_ORDERS)
async def visits(request: web.Request) -> web.StreamResponse:
    policy, standing = await request.app[POLICY_NOW].read(), standing_of(request.query.get("standing", ""))
    async with request.app[DATABASE].read() as session:
        page = await list_visits_owed(
            session,
            scope=scope_of(request),
            policy=policy,
            today=local_today(),
            standing=standing,
            limit=LINES,
            after=cursor_of(request, digits=9),
        )
    context = {"page": page, "standing": standing, "standings": STANDINGS, "owed": owed_in_a_year(policy)}
    return render(request, "services/visits.html", context)


async def _form_page(request: web.Request, number: int | None, refused: Refused | None = None) -> web.Response:
    service: ServiceView | None = None
    if number is not None:
        async with request.app[DATABASE].read() as session:
            service = next((one for one in await catalogue(session) if one.id == number), None)
        if service is None:
            raise NotFound
    context = {
        "service": service,
        "aids": tuple(Aid),
        "units": tuple(ServiceUnit),
        "classes": CLASSES,
        "usual": USUAL,
        "visit_price": VISIT_PRICE,
        "visit_minutes": MINIMUM_MINUTES,
        "refused": refused,
    }
    return render(request, "services/form.html", context, status=refused.status if refused else 200)
