"""The catalogue of services, gaps in it (H6), visits owed (T1), and who is offered for a service at a place (S3.2)."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import Field

from ivr.vocabulary import Aid
from models.base import local_today
from models.queries.offers import offers_for
from models.queries.paging import Page
from models.queries.service_gaps import Gap, list_gaps
from models.queries.visits_owed import Standing, VisitsOwed, list_visits_owed
from models.services.catalogue import (
    CLASSES,
    MOST_MINUTES,
    MOST_NAME,
    MOST_PRICE,
    MOST_TEXT,
    ClassRule,
    ServiceForm,
    ServiceView,
    add_service,
    catalogue,
    change_service,
)
from models.services.records import MINIMUM_MINUTES, ServiceUnit
from models.suppliers.offering import LeftOut, Offer
from web.api.kit import (
    IdPageFilter,
    Input,
    ListOf,
    Operations,
    PageFilter,
    RecordId,
    answer,
    answer_page,
    number_in_path,
    page_of,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import NotFound
from web.rights import Right

operations = Operations("services")


class ClassRuleIn(Input):
    """`paid_percent`: which part of the price the government pays (S6)."""

    offered: bool = True
    paid_percent: int = Field(ge=0, le=100)


class ServiceIn(Input):
    """`price_limit` in fen for one unit; `rules` of the three classes, by number."""

    aid: Aid
    name_zh: str = Field(min_length=1, max_length=MOST_NAME)
    name_en: str = Field(min_length=1, max_length=MOST_NAME)
    description: str = Field("", max_length=MOST_TEXT)
    unit: ServiceUnit = ServiceUnit.VISIT
    price_limit: int = Field(ge=1, le=MOST_PRICE)
    minimum_minutes: int = Field(MINIMUM_MINUTES, ge=0, le=MOST_MINUTES)
    counts_as_visit: bool = True
    active: bool = True
    rules: dict[int, ClassRuleIn] = Field(default_factory=dict, max_length=len(CLASSES))

    def form(self) -> ServiceForm:
        usual = ServiceForm(self.aid, self.name_zh, self.name_en, self.unit, self.price_limit).rules
        given = {one: ClassRule(rule.offered, rule.paid_percent) for one, rule in self.rules.items()}
        return ServiceForm(
            aid=self.aid,
            name_zh=self.name_zh,
            name_en=self.name_en,
            unit=self.unit,
            price_limit=self.price_limit,
            minimum_minutes=self.minimum_minutes,
            counts_as_visit=self.counts_as_visit,
            description=self.description,
            active=self.active,
            rules={**usual, **given},
        )


class NewService(ServiceIn):
    code: str = Field(min_length=2, max_length=30)


class ServicePatch(ServiceIn):
    """The whole service, and the `version` that was read."""

    version: int = Field(ge=1)


class ServiceList(ListOf[ServiceView]):
    pass


class GapFilter(PageFilter):
    service: RecordId | None = None


class GapList(ListOf[Gap]):
    pass


class VisitsFilter(IdPageFilter):
    standing: Standing = "behind"
    org_unit: RecordId | None = None


class VisitsList(ListOf[VisitsOwed]):
    pass


class OffersFilter(Input):
    """`place`: the community where the elder lives."""

    service: RecordId
    place: RecordId


@dataclass(frozen=True, slots=True)
class OffersOut:
    offered: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...]


@operations("GET", "/services", "All services", right=Right.SEE_SUPPLIERS, result=ServiceList)
async def get_services(request: web.Request) -> web.StreamResponse:
    async with request.app[DATABASE].read() as session:
        services = await catalogue(session)
    return answer_page(Page(tuple(services), None))


@operations(
    "POST", "/services", "Add a service", right=Right.MANAGE_SUPPLIERS, body=NewService, result=ServiceView, status=201
)
async def post_service(request: web.Request) -> web.StreamResponse:
    wanted = await read_body(request, NewService)
    async with request.app[DATABASE].write() as session:
        number = (await add_service(session, wanted.code, wanted.form(), by=account_of(request).actor)).id
    return answer(await _one(request, number), status=201)


@operations("GET", "/services/{id}", "One service", right=Right.SEE_SUPPLIERS, result=ServiceView)
async def get_service(request: web.Request) -> web.StreamResponse:
    return answer(await _one(request, number_in_path(request, "id")))


@operations(
    "PATCH",
    "/services/{id}",
    "Change a service",
    right=Right.MANAGE_SUPPLIERS,
    body=ServicePatch,
    result=ServiceView,
)
async def patch_service(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, ServicePatch), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        by = account_of(request).actor
        await change_service(session, number, wanted.form(), version=wanted.version, by=by)
    return answer(await _one(request, number))


@operations(
    "GET",
    "/service-gaps",
    "Services with fewer than two suppliers in a community",
    right=Right.SEE_ORDERS,
    query=GapFilter,
    result=GapList,
)
async def get_gaps(request: web.Request) -> web.StreamResponse:
    page = await page_of(request, GapFilter, list_gaps, today=local_today())
    return answer_page(page)


@operations(
    "GET",
    "/visits-owed",
    "Elders who are behind their visits of this year, or have had more",
    right=Right.SEE_ORDERS,
    query=VisitsFilter,
    result=VisitsList,
)
async def get_visits(request: web.Request) -> web.StreamResponse:
    wanted, policy = read_query(request, VisitsFilter), await request.app[POLICY_NOW].read()
    async with request.app[DATABASE].read() as session:
        page = await list_visits_owed(
            session,
            scope=scope_of(request),
            policy=policy,
            today=local_today(),
            **wanted.narrows(),
        )
    return answer_page(page)


@operations(
    "GET",
    "/offers",
    "Suppliers for a service at a place, the best first, and why others are left out",
    right=Right.SEE_ORDERS,
    query=OffersFilter,
    result=OffersOut,
)
async def get_offers(request: web.Request) -> web.StreamResponse:
    wanted, policy = read_query(request, OffersFilter), await request.app[POLICY_NOW].read()
    if not scope_of(request).covers(wanted.place):
        raise NotFound
    async with request.app[DATABASE].read() as session:
        found = await offers_for(session, wanted.service, wanted.place, policy=policy, today=local_today())
    return answer(view_json(OffersOut(found.offered, found.left_out)))


async def _one(request: web.Request, number: int) -> dict[str, Any]:
    async with request.app[DATABASE].read() as session:
        found = next((one for one in await catalogue(session) if one.id == number), None)
    if found is None:
        raise NotFound
    return view_json(found)
