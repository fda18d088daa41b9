"""Ratings of workers in a period (Y4): the ranking with its figures and chart, and the awards of a year, which are
given here. They are withdrawn on the worker's page (`supplier_workers.py`); as a table: `supplier_exports.py`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from yarl import URL

from models.base import local_today
from models.queries.suppliers import find_worker
from models.queries.worker_ratings import WorkerLine, list_worker_ratings
from models.register import FormRefused
from models.reports.periods import Period, PeriodKind, of_day, parse
from models.suppliers.awards import give_award
from models.suppliers.records import AwardTitle
from models.suppliers.score import FAIRLY, PRIOR, START, Weights
from models.suppliers.worker_ratings import LEAST_RATED
from models.versions import NoSuchRecord
from web.api.kit import number_in_path
from web.guard import account_of, needs
from web.keys import DATABASE
from web.pages.admin.kit import Refused, refusal, typed
from web.pages.listing import LINES, cursor_of
from web.places import scope_of
from web.policy_now import POLICY_NOW
from web.problems import Invalid
from web.render import render, texts_of
from web.rights import Right
from web.supplier_forms import award_form

routes = web.RouteTableDef()
PAGE: Final = URL("/worker-ratings")
BEST: Final = 10  # that are in the chart
OF_WHOM: Final = ("rank", "name", "badge_number", "supplier")
COUNTED: Final = ("visits", "void", "satisfied", "fairly_satisfied", "dissatisfied", "complaints")


@routes.get(str(PAGE))
@needs(Right.SEE_SUPPLIERS)
async def show(request: web.Request) -> web.StreamResponse:
    return await _page(request, period_of(request.query))


@routes.post("/workers/{id}/awards")
@needs(Right.MANAGE_SUPPLIERS)
async def give(request: web.Request) -> web.StreamResponse:
    """From a row of the list, whose address the form has."""
    number, sent, period = number_in_path(request, "id"), await typed(request), period_of(request.query)
    try:
        async with request.app[DATABASE].write() as session:
            if await find_worker(session, number, scope=scope_of(request)) is None:
                raise NoSuchRecord
            await give_award(session, number, award_form(sent), by=account_of(request).actor)
    except FormRefused as why:
        return await _page(request, period, refusal(request, f"award-{number}", sent, why))
    raise web.HTTPSeeOther(PAGE.with_query(request.query).with_fragment(f"worker-{number}"))


def period_of(query: MultiMapping[Any]) -> Period:
    """This year, unless another period is asked for. Raises Invalid: that is none."""
    try:
        return parse(str(query.get("period") or local_today().year))
    except ValueError as error:
        raise Invalid("problem.report_period") from error


async def _page(request: web.Request, period: Period, refused: Refused | None = None) -> web.Response:
    t, policy, today = texts_of(request), await request.app[POLICY_NOW].read(), local_today()
    after = cursor_of(request, digits=6)
    async with request.app[DATABASE].read() as session:
        page = await list_worker_ratings(
            session, scope=scope_of(request), policy=policy, period=period, limit=LINES, after=after
        )
    month, quarter, year = (of_day(kind, today) for kind in (PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.YEAR))
    best = [] if after else [line for line in page.items[:BEST] if line.rank]
    context = {
        "page": page,
        "period": period,
        "quick": (month, month.before, quarter, quarter.before, year, year.before),
        "chart": _chart(best, t("worker_ratings.score")) if best else None,
        "counted": COUNTED,
        "titles": [(one, t(f"award_title.{one}")) for one in AwardTitle],
        "cursor": after,
        "weights": Weights.of(policy),
        "least": LEAST_RATED,
        "formula": {"prior": PRIOR, "start": START, "fairly": FAIRLY},
        "refused": refused,
    }
    return render(request, "suppliers/ratings.html", context, status=refused.status if refused else 200)


def _chart(best: Sequence[WorkerLine], word: str) -> Mapping[str, Any]:
    values = [line.points for line in best]
    return {"labels": [line.name for line in best], "series": [{"name": word, "values": values}], "most": 100}
