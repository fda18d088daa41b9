"""Reports (T6): the figures of a place and a period, and how each is counted."""

from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from models.masking import masked
from models.queries.report_rows import list_report_rows
from models.queries.reports import BY_DAY, Figures, Report, report
from models.reports.definitions import FIGURES, MEANS, SHARES
from models.reports.figures import Unit
from models.reports.periods import Period, parse
from web.api.kit import (
    Input,
    Limit,
    ListOf,
    Operations,
    Output,
    RecordId,
    RowCount,
    When,
    answer,
    read_query,
    view_json,
)
from web.complaint_views import office_of
from web.guard import account_of
from web.keys import DATABASE
from web.places import scope_of
from web.problems import Forbidden, Invalid
from web.render import texts_of
from web.report_views import may_open, word_of
from web.rights import Right

operations = Operations("reports")
Part = dict[str, Any]


class ReportQuery(Input):
    """`unit`: the id of a place, or `all`. `period`: `2026-11-26`,
    `2026-11`, `2026-Q4`, `2026`, or `2026-11-01..2026-11-15`."""

    unit: RecordId | Literal["all"]
    period: str = Field(max_length=30)


class RowsQuery(ReportQuery):
    """The rows that the `figure` counts, the latest first."""

    figure: str = Field(max_length=60)
    limit: Limit = 50
    cursor: RowCount | None = None


class ReportOutput(Output):
    """`figures`: counts, and sums, of times in microseconds; `shares` from 0 to 1, `means` in seconds or points, null
    where there is nothing to have one of. `parts`: the places below, and with `unit` null what belongs to none of
    them; `days`: some of the figures, day by day. `is_over`: the period had ended at `at`."""

    unit: int | None
    unit_name: str
    period: str
    at: When
    is_over: bool
    figures: dict[str, int]
    shares: dict[str, float | None]
    means: dict[str, float | None]
    parts: list[Part]
    days: list[Part]


class RowOutput(Output):
    record: str
    at: When | None
    elder: int | None
    elder_name: str
    community: str
    what: str
    state: str


class RowsOutput(ListOf[RowOutput]):
    """`total`: how many there are on all pages, which is what the report says."""

    total: int


class DefinitionOutput(Output):
    """`unit`: `rows`, or `microseconds` for a sum of times, `points` for a sum of scores; `how` it is counted."""

    name: str
    word: str
    how: str
    source: str
    unit: str


class ShareOutput(Output):
    name: str
    word: str
    part: str
    whole: str
    target: float | None


class DefinitionsOutput(Output):
    figures: list[DefinitionOutput]
    shares: list[ShareOutput]


@operations(
    "GET", "/reports", "The report of a place and a period", right=Right.SEE_REPORTS, query=ReportQuery,
    result=ReportOutput,
)  # fmt: skip
async def get_report(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, ReportQuery)
    period = _period(wanted.period)
    async with request.app[DATABASE].read() as session:
        office = await office_of(request, session)
        found = await report(session, _unit(wanted.unit), period, scope=scope_of(request), office=office)
    return answer(_json(found))


@operations(
    "GET", "/reports/rows", "The rows that a figure of a report counts", right=Right.SEE_REPORTS, query=RowsQuery,
    result=RowsOutput,
)  # fmt: skip
async def get_rows(request: web.Request) -> web.StreamResponse:
    wanted = read_query(request, RowsQuery)
    period = _period(wanted.period)
    figure = FIGURES.get(wanted.figure)
    if figure is None or figure.unit is not Unit.ROWS:
        raise Invalid(fields={"figure": "invalid.enum"})
    if not may_open(account_of(request), figure.name):
        raise Forbidden
    async with request.app[DATABASE].read() as session:
        total, page = await list_report_rows(
            session,
            figure.name,
            _unit(wanted.unit),
            period,
            scope=scope_of(request),
            office=await office_of(request, session),
            limit=wanted.limit,
            after=wanted.cursor,
        )
    return answer({"items": [view_json(row) for row in masked(page.items)], "next": page.next, "total": total})


@operations(
    "GET", "/reports/definitions", "What the figures of reports mean", right=Right.SEE_REPORTS,
    result=DefinitionsOutput,
)  # fmt: skip
async def get_definitions(request: web.Request) -> web.StreamResponse:
    t = texts_of(request)
    figures = [
        DefinitionOutput(name=one.name, word=t(one.word_key), how=t(one.how_key), source=one.source, unit=one.unit)
        for one in FIGURES.values()
    ]
    shares = [
        ShareOutput(name=one.name, word=word_of(one.name, t), part=one.part, whole=one.whole, target=one.target)
        for one in SHARES.values()
    ]
    return answer(DefinitionsOutput(figures=figures, shares=shares))


def _unit(unit: int | Literal["all"]) -> int | None:
    return None if unit == "all" else unit


def _period(text: str) -> Period:
    """Raises Invalid: this is no period."""
    try:
        return parse(text)
    except ValueError:
        raise Invalid(fields={"period": "problem.report_period"}) from None


def _json(found: Report) -> dict[str, Any]:
    return {
        "unit": found.unit,
        "unit_name": found.unit_name,
        "period": found.period.text,
        "at": found.at,
        "is_over": found.is_over,
        **_figures(found.figures),
        "parts": [
            {"unit": part.unit, "kind": part.kind, "name": part.name, **_figures(part.figures)} for part in found.parts
        ],
        "days": [
            {"day": part.day.isoformat(), "figures": {name: part.figures[name] for name in BY_DAY}}
            for part in found.days
        ],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "figures": dict(figures.numbers),
        "shares": {name: figures.share(name) for name in SHARES},
        "means": {name: figures.mean(name) for name in MEANS},
    }
