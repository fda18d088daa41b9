"""A report as pages, paper and sheets show it: which figures stand together, in lines that are made once for all of
them. Numbers come from `models/queries/reports.py` alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from ivr.vocabulary import Aid, FollowUpKind, Outcome, Rating
from models.queries.answering import TARGETS, Answer, Bin, bins
from models.queries.reports import Figures, Report
from models.reports.definitions import FIGURES, MEANS, SHARES
from models.reports.figures import Source, Unit
from models.reports.of_calls import OF_KIND
from models.reports.periods import Period, PeriodKind
from web.accounts import Account
from web.rights import Right, may
from web.texts import Texts

# Name of a section, and what stands in it: figures, shares, means, by their names.
SECTIONS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("calls", ("calls", *OF_KIND, "outbound")),
    ("classes", ("class_1", "class_2", "class_3", "class_none")),
    (
        "answering",
        (
            "alarms", "answered", "unanswered", "mean_answer",
            *(f"{name}_{seconds}" for seconds in TARGETS for name in ("answered", "share")),
            "exceptions", "exceptions_explained", "exceptions_open",
        ),
    ),
    (
        "rescue",
        (
            "emergencies", "rescue_called", "rescue_in_time", "share_rescue", "arrived", "arrived_45",
            "share_arrived_45", "arrived_60", "share_arrived_60", "mean_arrival",
        ),
    ),
    (
        "response",
        (
            "station_rung", "station_answered", "share_station", "mean_station",
            "centre_rung", "centre_answered", "share_centre", "mean_centre",
        ),
    ),
    ("outcomes", (*(f"outcome_{outcome}" for outcome in Outcome), "outcome_none")),
    (
        "orders",
        (
            "orders", "orders_running", "orders_done", "orders_void", "orders_cancelled",
            "elder_called", "elder_called_in_time", "share_elder_called",
            "graded", *(f"grade_{grade}" for grade in Rating), "share_graded_satisfied",
        ),
    ),
    ("aids", tuple(f"aid_{aid}" for aid in Aid)),
    (
        "complaints",
        (
            "complaints", "complaints_open", "complaints_closed", "complaints_answered", "complaints_dissatisfied",
            *(f"{clock}_{name}" for clock in ("contact", "answer") for name in ("known", "in_time", "late")),
            "share_contact", "share_answer",
        ),
    ),
    (
        "quality",
        ("reviews", "reviews_emergency", "reviews_done", "reviews_open", "share_reviewed", "mean_score"),
    ),
    (
        "follow_ups",
        (
            "follow_ups", *(f"follow_up_{kind}" for kind in FollowUpKind), "follow_ups_in_time", "share_follow_ups",
            "ended_reached", "ended_not_reached", "ended_stopped", "share_reached",
            "asked", *(f"said_{said}" for said in Rating), "share_said_satisfied",
        ),
    ),
    ("wishes", ("new_wishes", "refusals")),
    (
        "register",
        (
            "elders", "elders_class_1", "elders_class_2", "elders_class_3",
            "elders_new", "elders_moved", "elders_died", "elders_away", "elders_back",
        ),
    ),
)  # fmt: skip
PLACES_SHOW: Final = (
    "calls", "alarms", "share_10", "emergencies", "share_rescue", "share_arrived_45", "orders", "complaints",
    "follow_ups", "elders",
)  # fmt: skip
HEADLINES: Final = ("share_10", "share_15", "share_60", "share_180", "share_rescue", "share_arrived_45")
# What opens the rows behind a number, and where the record of a row is.
_NEEDS: Final = {
    Source.CASES: Right.SEE_CASES,
    Source.EXCEPTIONS: Right.SEE_CASES,
    Source.ORDERS: Right.SEE_ORDERS,
    Source.COMPLAINTS: Right.SEE_COMPLAINTS,
    Source.REVIEWS: Right.REVIEW_QUALITY,
    Source.FOLLOW_UPS: Right.FOLLOW_UP,
    Source.WISHES: Right.SEE_CASES,
    Source.CHANGES: Right.SEE_ELDERS,
    Source.ELDERS: Right.SEE_ELDERS,
}
_RECORD: Final = {
    Source.CASES: "/cases",
    Source.EXCEPTIONS: "/cases",
    Source.ORDERS: "/orders",
    Source.COMPLAINTS: "/complaints",
    Source.REVIEWS: "/quality-reviews",
    Source.FOLLOW_UPS: "/follow-ups",
    Source.WISHES: "/wishes",
    Source.CHANGES: "/elders",
    Source.ELDERS: "/elders",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One figure: `value` as text, `target` as text where there is one, `href` to the rows that were counted (empty:
    there are none, or they are not for this account)."""

    name: str
    word: str
    value: str
    href: str = ""
    target: str = ""
    missed: bool = False


def word_of(name: str, t: Texts) -> str:
    """What the figure, share or mean of this name is called."""
    return t(FIGURES[name].word_key) if name in FIGURES else t(f"report_figure.{name}")


def may_open(account: Account, name: str) -> bool:
    """Whether the account may see the rows that the figure counts."""
    return may(account, _NEEDS[FIGURES[name].source])


def record_href(name: str, record: str) -> str:
    return f"{_RECORD[FIGURES[name].source]}/{record}"


def lines(names: tuple[str, ...], figures: Figures, t: Texts, *, where: dict[str, str], account: Account) -> list[Line]:
    """`where`: the unit and period of these figures, as the address of their rows has them."""
    return [_line(name, figures, t, where, account) for name in names]


def _line(name: str, figures: Figures, t: Texts, where: dict[str, str], account: Account) -> Line:
    word = word_of(name, t)
    if name in SHARES:
        target = SHARES[name].target
        wanted = "" if target is None else f"≥ {percent(target)}"
        return Line(name, word, percent(figures.share(name)), target=wanted, missed=figures.missed(name))
    if name in MEANS:
        mean = figures.mean(name)
        return Line(name, word, duration(mean) if is_time(name) else points(mean))
    rows = f"/reports/rows?{urlencode({'figure': name, **where})}"
    return Line(name, word, str(figures[name]), rows if where and figures[name] and may_open(account, name) else "")


def is_time(mean: str) -> bool:
    """Whether the mean of this name is one of times, else of points."""
    return FIGURES[MEANS[mean].total].unit is Unit.MICROSECONDS


def points(mean: float | None) -> str:
    return "–" if mean is None else f"{mean:.1f}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %".replace(".00 %", " %")


def duration(seconds: float | None) -> str:
    """Seconds below two minutes, else minutes and seconds."""
    if seconds is None:
        return "–"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds // 60:.0f} min {seconds % 60:02.0f} s"


def where_of(unit: int | None, period: Period) -> dict[str, str]:
    return {"unit": "all" if unit is None else str(unit), "period": period.text}


def quarters_of(report: Report, alarms: list[Answer]) -> list[Bin]:
    """Every quarter of an hour of a day's report (K6)."""
    return bins(alarms, since=report.period.since, until=report.period.until)


def chart_of(report: Report, quarters: list[Bin], t: Texts) -> dict[str, Any]:
    """By hour in a day, by month in a year, else by day."""
    if quarters:
        hours = [quarters[at : at + 4] for at in range(0, len(quarters), 4)]
        return {
            "labels": [f"{hour[0].begins_at.astimezone():%H}" for hour in hours],
            "series": [
                {"name": word_of("alarms", t), "values": [sum(one.alarms for one in hour) for hour in hours]},
                {"name": word_of("answered_10", t), "values": [sum(one.within_10 for one in hour) for hour in hours]},
            ],
        }
    steps = list(_steps(report))
    names = ("calls", "alarms", "emergencies")
    series = [{"name": word_of(name, t), "values": [numbers[name] for _, numbers in steps]} for name in names]
    return {"labels": [label for label, _ in steps], "series": series}


def _steps(report: Report) -> Iterator[tuple[str, dict[str, int]]]:
    by_month = report.period.kind is PeriodKind.YEAR or len(report.days) > 100
    found: dict[str, dict[str, int]] = {}
    for part in report.days:
        numbers = found.setdefault(f"{part.day:%Y-%m}" if by_month else f"{part.day:%m-%d}", {})
        for name in ("calls", "alarms", "emergencies"):
            numbers[name] = numbers.get(name, 0) + part.figures[name]
    yield from found.items()
