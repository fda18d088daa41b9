"""How soon alarms are answered by a person (K1), and the bins of it (K6): what counts, and as what, is decided here and
nowhere else.

An alarm is a call of an elder's device, from its arrival until an agent, or somebody who has taken the agent's part
with a key press, has the elder on the line. Words that a machine says, and music, answer nothing. Who hangs up unheard
and is rung back is answered when an agent speaks with them then. What a sensor reports calls nobody: there we ring, and
no waiting is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind
from models.base import UtcDateTime
from models.cases import CaseRow
from models.elapsed import SECOND, elapsed
from models.elders import Elder

# Seconds, and the share that is to be answered within them: of the day for the first two, of the month for the others.
TARGETS: Final = {10: 0.95, 15: 0.95, 60: 0.975, 180: 0.99}
BIN: Final = timedelta(minutes=15)
ALARM: Final[ColumnElement[bool]] = CaseRow.kind == CaseKind.SOS
NOW: Final = bindparam("now", type_=UtcDateTime(), required=True)  # given with the statement


@dataclass(frozen=True, slots=True)
class Answer:
    """One alarm; `answered_at` is None while nobody has spoken with the elder."""

    opened_at: datetime
    answered_at: datetime | None

    @property
    def after(self) -> float | None:
        """Seconds."""
        return None if self.answered_at is None else (self.answered_at - self.opened_at).total_seconds()

    def within(self, seconds: float, at: datetime) -> bool | None:
        """None while that cannot be said yet at the moment `at`."""
        if self.after is not None:
            return self.after <= seconds
        return None if (at - self.opened_at).total_seconds() <= seconds else False


@dataclass(frozen=True, slots=True)
class Share:
    """`answered` of `alarms` in time; alarms of which that cannot be said yet are left out."""

    seconds: int
    target: float
    answered: int
    alarms: int

    @property
    def value(self) -> float | None:
        """From 0 to 1; None when there was no alarm."""
        return self.answered / self.alarms if self.alarms else None

    @property
    def missed(self) -> bool:
        return self.value is not None and self.value < self.target


@dataclass(frozen=True, slots=True)
class Bin:
    """The alarms that came from `begins_at` on, for a quarter of an hour, by how long they waited; each is in one."""

    begins_at: datetime
    within_10: int
    within_60: int
    later: int
    unanswered: int

    @property
    def alarms(self) -> int:
        return self.within_10 + self.within_60 + self.later + self.unanswered


def answered_within(seconds: int) -> ColumnElement[bool]:
    """`Answer.within`, of `CaseRow` in SQL: it is, and that can be said."""
    return and_(ALARM, elapsed(CaseRow.opened_at, CaseRow.answered_at) <= seconds * SECOND)


def known_within(seconds: int) -> ColumnElement[bool]:
    """`Answer.within` is not None at the moment `NOW`, of `CaseRow` in SQL."""
    over = elapsed(CaseRow.opened_at, NOW) > seconds * SECOND
    return and_(ALARM, or_(CaseRow.answered_at.is_not(None), over))


async def answers(
    session: AsyncSession, *, since: datetime, until: datetime, of_units: ColumnElement[bool] | None = None
) -> list[Answer]:
    """The alarms that came at `since` or later and before `until`, the earliest first; `of_units`: a condition on
    `Elder`."""
    query = (
        select(CaseRow.opened_at, CaseRow.answered_at)
        .where(ALARM, CaseRow.opened_at >= since, CaseRow.opened_at < until)
        .order_by(CaseRow.opened_at)
    )
    if of_units is not None:
        query = query.outerjoin(Elder, Elder.id == CaseRow.elder_id).where(of_units)
    return [Answer(opened_at, answered_at) for opened_at, answered_at in await session.execute(query)]


def share(alarms: Iterable[Answer], seconds: int, at: datetime) -> Share:
    """How many were answered within one of `TARGETS`, as far as that is known at this moment."""
    known = [within for alarm in alarms if (within := alarm.within(seconds, at)) is not None]
    return Share(seconds, TARGETS[seconds], sum(known), len(known))


def bins(alarms: Sequence[Answer], *, since: datetime, until: datetime) -> list[Bin]:
    """Every quarter of an hour of the time, also those without an alarm; their sums are the alarms of that time."""
    count = -(-(until - since) // BIN)
    tally = [[0, 0, 0, 0] for _ in range(count)]
    for alarm in alarms:
        if since <= alarm.opened_at < until:
            tally[(alarm.opened_at - since) // BIN][_column(alarm)] += 1
    return [Bin(since + number * BIN, *row) for number, row in enumerate(tally)]


def _column(alarm: Answer) -> int:
    if alarm.after is None:
        return 3
    return 0 if alarm.after <= 10 else 1 if alarm.after <= 60 else 2
