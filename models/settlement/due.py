"""What is due in a month. Pure: which visits cost whom what, who was served, of which class somebody was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from models.settlement.shares import NOTHING, Parts, of_visit


@dataclass(frozen=True, slots=True)
class Visit:
    """`price` in fen for all of it; `percent` of what the government pays; a void one does not count."""

    order: int
    ended_at: datetime
    price: int
    percent: int
    counts: bool


def of_visits(visits: Iterable[Visit], limit: int) -> dict[int, Parts]:
    """Order to who pays what of it: all visits that one elder had in one month. `limit` in fen, 0: there is none."""
    left, parts = limit, {}
    for visit in sorted(visits, key=lambda one: (one.ended_at, one.order)):
        parts[visit.order] = of_visit(visit.price, visit.percent, left if limit else None) if visit.counts else NOTHING
        left -= visit.price if visit.counts else 0
    return parts


def is_served(month: str, begins: date | None, gone: date | None) -> bool:
    """Whether the elder had the call service in this month, which a day of it is enough for. `begins`: the day of the
    notice or of the first terminal, None: there is no signed notice; `gone`: since when they have moved or are dead."""
    if begins is None or f"{begins:%Y-%m}" > month:
        return False
    return gone is None or f"{gone:%Y-%m}" >= month


def class_at(at: datetime, now: int, changes: Sequence[tuple[datetime, int]]) -> int:
    """The class at this moment; `now` that of today, `changes` when it was changed and what it was until then, the
    oldest first."""
    return next((before for changed, before in changes if changed > at), now)
