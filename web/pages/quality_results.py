"""Results of quality by agent and month (K5), with their chart and as a table to take away. Figures of staff: no elder
is in them, so that whoever reviews takes them away without any further right."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping

from models.months import is_month, this_month
from models.quality.drawing import EACH_MONTH
from models.quality.score_sheets import WHOLE
from models.queries.quality import Result, list_results
from web.exports import Table, read_form, send
from web.guard import needs
from web.keys import DATABASE
from web.places import scope_of
from web.render import render, texts_of
from web.rights import Right
from web.typed import whole_number

routes = web.RouteTableDef()
MONTHS: Final = 6  # that are shown when nobody says which
AT_ONCE: Final = 500
COLUMNS: Final = (
    "month", "agent", "drawn", "finished", "emergencies", "rule", "average", "lowest", "fatal", "answered", "unreplied",
)  # fmt: skip


@routes.get("/quality-results")
@needs(Right.REVIEW_QUALITY)
async def results(request: web.Request) -> web.StreamResponse:
    wanted = _wanted(request.query)
    async with request.app[DATABASE].read() as session:
        page = await list_results(session, scope=scope_of(request), **wanted, limit=AT_ONCE)
    context = {"wanted": wanted, "rows": page.items, "kept": kept, "chart": _chart(page.items), "more": page.next}
    return render(request, "quality_results.html", context)


@routes.post("/quality-results/export")
@needs(Right.REVIEW_QUALITY)
async def export(request: web.Request) -> web.StreamResponse:
    t, form = texts_of(request), await read_form(request)
    wanted, scope, database = _wanted(form), scope_of(request), request.app[DATABASE]

    def row(one: Result) -> list[str]:
        rule = t("quality.kept" if kept(one) else "quality.not_kept")
        average = "" if one.average is None else f"{one.average:.1f}"
        lowest = "" if one.lowest is None else str(one.lowest)
        counts = [str(number) for number in (one.drawn, one.finished, one.emergencies)]
        rest = [str(number) for number in (one.fatal, one.answered, one.unreplied)]
        return [one.month, one.agent_name, *counts, rule, average, lowest, *rest]

    async def rows(mask: bool) -> AsyncIterator[Sequence[Sequence[str]]]:
        """There is nothing to be masked: the figures are of staff."""
        after: int | None = 0
        while after is not None:
            async with database.read() as session:
                page = await list_results(session, scope=scope, **wanted, limit=AT_ONCE, after=after)
            yield [row(one) for one in page.items]
            after = None if page.next is None else int(page.next)

    head = [t(f"quality.{name}") for name in COLUMNS]
    given = {name: str(value) for name, value in wanted.items() if value is not None}
    return await send(request, Table("quality-results", t("quality.results"), head, rows, given), form)


def kept(one: Result) -> bool:
    """Whether the rule of the month was kept: so many scored, one of them an emergency."""
    return one.finished >= EACH_MONTH and one.emergencies > 0


def _wanted(query: MultiMapping[str]) -> dict[str, Any]:
    """Nonsense counts as not given."""
    until = query.get("until", "")
    until = until if is_month(until) else this_month()
    since = query.get("since", "")
    since = since if is_month(since) else _months_before(until, MONTHS - 1)
    return {"since": min(since, until), "until": until, "agent": whole_number(query.get("agent"))}


def _months_before(month: str, count: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    before = f"{number // 12:04}-{number % 12 + 1:02}"
    return before if is_month(before) else month


def _chart(rows: Sequence[Result]) -> Mapping[str, Any]:
    """The average score of each agent, month by month; months in order, agents by name."""
    months = sorted({one.month for one in rows})
    names = {one.agent: one.agent_name for one in sorted(rows, key=lambda one: one.agent_name)}
    score = {(one.agent, one.month): one.average for one in rows}
    series = [
        {"name": name, "values": [score.get((agent, month)) for month in months]} for agent, name in names.items()
    ]
    return {"labels": months, "series": series, "most": WHOLE}
