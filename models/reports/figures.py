"""What a figure of a report is: rows of one source that a condition holds for, counted or summed up, by the day of
their moment and the place of their elder. The figures themselves: `of_calls.py`, `of_services.py`.

The condition is the definition: what is counted by it is listed by it (`queries/report_rows.py`), and kept counts are
proven against it (`keeping.py`). Its words, with how it is counted, stand in `web/words/reports.toml`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select

from models.cases import CaseRow
from models.complaints import Complaint
from models.elders import Elder, ElderChange
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp
from models.orders.work_orders import WorkOrder
from models.quality.reviews import QualityReview
from models.wishes import Wish

Columns = TypeVarTuple("Columns")


class Unit(StrEnum):
    """What the number means. Sums of times are in microseconds, so that sums of parts are the sum of the whole; points
    are those of a score."""

    ROWS = "rows"
    MICROSECONDS = "microseconds"
    POINTS = "points"


class Source(StrEnum):
    """Where the rows of a figure are: one table, each with its moment (`MOMENT`) and its elder."""

    CASES = "cases"
    ORDERS = "orders"
    COMPLAINTS = "complaints"
    REVIEWS = "reviews"
    FOLLOW_UPS = "follow_ups"
    WISHES = "wishes"
    EXCEPTIONS = "exceptions"
    CHANGES = "changes"
    ELDERS = "elders"


# The moment that says to which day a row belongs. Elders belong to no day: the register is counted as it stands.
MOMENT: dict[Source, Any] = {
    Source.CASES: CaseRow.opened_at,
    Source.ORDERS: WorkOrder.drafted_at,
    Source.COMPLAINTS: Complaint.drafted_at,
    Source.REVIEWS: CaseRow.opened_at,
    Source.FOLLOW_UPS: FollowUp.done_at,
    Source.WISHES: Wish.noted_at,
    Source.EXCEPTIONS: ExceptionReport.opened_at,
    Source.CHANGES: ElderChange.at,
}


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """`which`: the rows that count; `sums`: what is added up of them, in the `unit`, None: they are counted. `word` and
    `how`: keys of its name and of how it is counted; by default those of `report_figure` and `report_how`."""

    name: str
    source: Source
    which: ColumnElement[bool]
    sums: ColumnElement[int] | None = None
    word: str = ""
    how: str = ""
    unit: Unit = Unit.ROWS

    @property
    def word_key(self) -> str:
        return self.word or f"report_figure.{self.name}"

    @property
    def how_key(self) -> str:
        return f"report_how.{self.how or self.name}"


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, both figures; `target` from 0 to 1, None where none is set."""

    name: str
    part: str
    whole: str
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Mean:
    """`total`, a sum, over `count` rows."""

    name: str
    total: str
    count: str


@dataclass(frozen=True, slots=True)
class Parts:
    """Figures of which each row of the `whole` is in exactly one."""

    name: str
    whole: str
    parts: tuple[str, ...]


def joined(source: Source, query: Select[*Columns]) -> Select[*Columns]:
    """The query on the table of the source with `Elder` beside it, where the row has one."""
    found: Select[*Columns] = _JOINS[source](query)
    return found


def _by_elder(table: Any) -> Callable[[Any], Any]:
    return lambda query: query.select_from(table).outerjoin(Elder, Elder.id == table.elder_id)


def _by_case(table: Any) -> Callable[[Any], Any]:
    def join(query: Any) -> Any:
        cases = query.select_from(table).join(CaseRow, CaseRow.id == table.case_id)
        return cases.outerjoin(Elder, Elder.id == CaseRow.elder_id)

    return join


_JOINS: dict[Source, Callable[[Any], Any]] = {
    Source.CASES: _by_elder(CaseRow),
    Source.ORDERS: _by_elder(WorkOrder),
    Source.COMPLAINTS: _by_elder(Complaint),
    Source.REVIEWS: _by_case(QualityReview),
    Source.FOLLOW_UPS: _by_elder(FollowUp),
    Source.WISHES: _by_elder(Wish),
    Source.EXCEPTIONS: _by_case(ExceptionReport),
    Source.CHANGES: _by_elder(ElderChange),
    Source.ELDERS: lambda query: query.select_from(Elder),
}
