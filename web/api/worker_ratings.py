"""Ratings of workers in a period, and their awards (Y4): the same rules as on the pages. Whoever has the duty of a
supplier gets its own workers only."""

from aiohttp import web
from pydantic import Field

from models.base import local_today
from models.queries.suppliers import find_worker
from models.queries.worker_ratings import AwardView, WorkerLine, list_worker_ratings
from models.reports.periods import parse
from models.suppliers.awards import LONGEST, AwardForm, give_award, withdraw_award
from models.suppliers.records import AwardTitle
from models.versions import NoSuchRecord
from web.api.kit import (
    Input,
    ListOf,
    Operations,
    PageFilter,
    answer,
    answer_page,
    number_in_path,
    read_body,
    read_query,
    view_json,
)
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Invalid
from web.rights import Right

operations = Operations("suppliers")


class RatingFilter(PageFilter):
    """`period` as in reports: `2026-11`, `2026-Q4`, `2026`; not given: this year."""

    period: str = Field("", max_length=25)


class RatingList(ListOf[WorkerLine]):
    pass


class AwardIn(Input):
    year: int = Field(ge=2000, le=2099)
    title: AwardTitle
    reason: str = Field(min_length=1, max_length=LONGEST)


class WithdrawalIn(Input):
    reason: str = Field(min_length=1, max_length=LONGEST)


@operations(
    "GET",
    "/worker-ratings",
    "Workers, ranked by how they did in a period",
    right=Right.SEE_SUPPLIERS,
    query=RatingFilter,
    result=RatingList,
)
async def get_ratings(request: web.Request) -> web.StreamResponse:
    wanted, policy, scope = read_query(request, RatingFilter), await request.app[POLICY_NOW].read(), scope_of(request)
    try:
        period = parse(wanted.period or str(local_today().year))
    except ValueError:
        raise Invalid(fields={"period": "problem.report_period"}) from None
    async with request.app[DATABASE].read() as session:
        page = await list_worker_ratings(
            session, scope=scope, policy=policy, period=period, limit=wanted.limit, after=wanted.cursor
        )
    return answer_page(page)


@operations(
    "POST",
    "/workers/{id}/awards",
    "Give an award of a year: to who is ranked in it and was not complained about",
    right=Right.MANAGE_SUPPLIERS,
    body=AwardIn,
    result=AwardView,
    status=201,
)
async def post_award(request: web.Request) -> web.StreamResponse:
    wanted, number = await read_body(request, AwardIn), number_in_path(request, "id")
    async with request.app[DATABASE].write() as session:
        if await find_worker(session, number, scope=scope_of(request)) is None:
            raise NoSuchRecord
        form = AwardForm(wanted.year, wanted.title, wanted.reason)
        given = AwardView.of(await give_award(session, number, form, by=account_of(request).actor))
    return answer(view_json(given), status=201)


@operations(
    "POST",
    "/workers/{id}/awards/{award}/withdraw",
    "Withdraw an award; it stays on record",
    right=Right.MANAGE_SUPPLIERS,
    body=WithdrawalIn,
    result=AwardView,
)
async def post_withdrawal(request: web.Request) -> web.StreamResponse:
    wanted, by = await read_body(request, WithdrawalIn), account_of(request).actor
    number, award = number_in_path(request, "id"), number_in_path(request, "award")
    async with request.app[DATABASE].write() as session:
        if await find_worker(session, number, scope=scope_of(request)) is None:
            raise NoSuchRecord
        shown = AwardView.of(await withdraw_award(session, number, award, reason=wanted.reason, by=by))
    return answer(view_json(shown))
