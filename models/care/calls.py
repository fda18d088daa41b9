"""The planner's table: one row for each call that is due, and what became of it.

The key (plan, elder, day, slot) makes a call happen once: whoever plans again finds it there, and of several who want
to make it one gets it. Every change of state is one conditional step in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from time import monotonic
from typing import Any, Final, cast

from sqlalchemy import CursorResult, ForeignKey, Index, UniqueConstraint, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, choice
from models.care.planning import CareKind, CareReason
from models.database import Database
from models.pace import Pace


class CareState(StrEnum):
    """`due` and `put_off` wait; `calling` is somebody's; all others are results."""

    DUE = "due"
    PUT_OFF = "put_off"
    CALLING = "calling"
    REACHED = "reached"
    ASKED_FOR_HELP = "asked_for_help"
    NOT_REACHED = "not_reached"
    MISSED = "missed"
    TEXTED = "texted"  # sent as a message, because the elder prefers that
    CANCELLED = "cancelled"


WAITING: Final = (CareState.DUE, CareState.PUT_OFF)
RESULTS: Final = tuple(state for state in CareState if state not in (*WAITING, CareState.CALLING))
ANSWERED: Final = (CareState.REACHED, CareState.ASKED_FOR_HELP)
_LATE: Final = 2_000  # calls that are looked for at once


class CareCall(Base):
    """`day` is the local day that the call belongs to, `slot` which of that day's. From `due_at` on it may be made, not
    after `latest_at`. `caller`: the controller that has it now; `dialled_at`: from when on nobody may take it for not
    made. `plan_id` None: the plan was removed, or the call asks how something was: what `follow_up_id` is about, one
    call for each. `answer`: the key or `speech`."""

    __tablename__ = "care_calls"
    __table_args__ = (
        UniqueConstraint("plan_id", "elder_id", "day", "slot"),
        Index(None, "state", "due_at"),
        Index(None, "elder_id", "day"),
        Index(None, "day", "kind"),
        Index(None, "due_at"),
        Index(None, "elder_id", "state", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("care_plans.id", ondelete="SET NULL"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"))
    day: Mapped[date]
    slot: Mapped[int]
    kind: Mapped[CareKind] = mapped_column(choice(CareKind))
    follow_up_id: Mapped[int | None] = mapped_column(ForeignKey("follow_ups.id", ondelete="SET NULL"), unique=True)
    bulletin_id: Mapped[int | None] = mapped_column(ForeignKey("care_bulletins.id", ondelete="SET NULL"), index=True)
    due_at: Mapped[datetime]
    latest_at: Mapped[datetime]
    state: Mapped[CareState] = mapped_column(choice(CareState), default=CareState.DUE)
    reason: Mapped[CareReason | None] = mapped_column(choice(CareReason))
    tries: Mapped[int] = mapped_column(default=0)
    caller: Mapped[str] = mapped_column(default="")
    dialled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id", ondelete="SET NULL"), index=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`case`: the one that the call led to."""

    state: CareState
    reason: CareReason | None = None
    answer: str = ""
    case: str | None = None


async def dialled(session: AsyncSession, call: int, *, caller: str, at: datetime) -> bool:
    """The elder's telephone is going to ring now; written before it does. False: the call is no longer
    this caller's."""
    return await _step(
        session,
        (CareCall.id == call, CareCall.state == CareState.CALLING, CareCall.caller == caller),
        dialled_at=at,
        tries=CareCall.tries + 1,
    )


async def put_off(session: AsyncSession, call: int, *, caller: str, until: datetime, reason: CareReason) -> bool:
    """To be made later; when that is after its latest moment, it will be closed as missed. False as above."""
    return await _step(
        session,
        (CareCall.id == call, CareCall.state == CareState.CALLING, CareCall.caller == caller),
        state=CareState.PUT_OFF,
        reason=reason,
        due_at=until,
        caller="",
        dialled_at=None,
    )


async def end(session: AsyncSession, call: int, outcome: Outcome, *, caller: str, at: datetime) -> bool:
    """What became of it. False as above: it has ended before, or is another's.

    Raises:
        ValueError: that state is no result.
    """
    if outcome.state not in RESULTS:
        raise ValueError(f"{outcome.state} is no result")
    return await _step(
        session,
        (CareCall.id == call, CareCall.state == CareState.CALLING, CareCall.caller == caller),
        state=outcome.state,
        reason=outcome.reason,
        answer=outcome.answer,
        case_id=outcome.case,
        ended_at=at,
        caller="",
    )


async def close_late(db: Database, *, at: datetime, halted: bool, pace: Pace | None = None) -> int:
    """Calls whose latest moment has passed are missed, with the reason; how many. After a downtime they may be
    millions: they are looked for while others can write, and written a few at a time."""
    reason = CareReason.HALTED if halted else CareReason.TOO_LATE
    missed = {"state": CareState.MISSED, "reason": reason, "ended_at": at}
    late = select(CareCall.id).where(CareCall.state.in_(WAITING), CareCall.latest_at <= at).limit(_LATE)
    closed, calls = 0, list[int]()
    while True:
        if not calls:
            async with db.read() as session:
                calls = list(await session.scalars(late))
            if not calls:
                return closed
        many = pace.size if pace else len(calls)
        some, calls = calls[:many], calls[many:]
        began = monotonic()
        async with db.write() as session:
            still = (CareCall.id.in_(some), CareCall.state.in_(WAITING), CareCall.latest_at <= at)
            closed += await _count(session, update(CareCall).where(*still).values(**missed))
        if pace is not None:
            await pace.took(monotonic() - began, len(some))


async def take_from(session: AsyncSession, caller: str, *, at: datetime, only: int | None = None) -> tuple[int, int]:
    """The calls of a controller that is no more, or `only` this one of them. What it had not dialled waits again; what
    it had dialled was perhaps heard: nobody is rung twice for it, and it counts as not reached. How many of each."""
    one = CareCall.id == only if only is not None else true()
    theirs = (CareCall.state == CareState.CALLING, CareCall.caller == caller, one)
    again = update(CareCall).where(*theirs, CareCall.dialled_at.is_(None))
    lost = update(CareCall).where(*theirs, CareCall.dialled_at.is_not(None))
    broke = {"state": CareState.NOT_REACHED, "reason": CareReason.BROKE_OFF, "ended_at": at, "caller": ""}
    return (
        await _count(session, again.values(state=CareState.DUE, caller="")),
        await _count(session, lost.values(**broke)),
    )


@dataclass(frozen=True, slots=True)
class LeftCall:
    """A call that another controller had begun; `tries` with the one that it had `dialled`."""

    id: int
    elder: int
    caller: str
    tries: int
    dialled: bool


async def left_by_others(session: AsyncSession, *, caller: str) -> list[LeftCall]:
    """The calls that controllers other than this one have not come to an end with. Ask when they are no more."""
    theirs = (
        select(CareCall).where(CareCall.state == CareState.CALLING, CareCall.caller != caller).order_by(CareCall.id)
    )
    return [
        LeftCall(row.id, row.elder_id, row.caller, row.tries, row.dialled_at is not None)
        for row in await session.scalars(theirs)
    ]


async def go_on_with(session: AsyncSession, call: LeftCall, *, caller: str) -> bool:
    """The elder is on the line: the call is this caller's from now on. False: it has ended, or is another's."""
    theirs = (CareCall.id == call.id, CareCall.state == CareState.CALLING, CareCall.caller == call.caller)
    return await _step(session, theirs, caller=caller)


async def _step(session: AsyncSession, where: tuple[Any, ...], **values: Any) -> bool:
    return await _count(session, update(CareCall).where(*where).values(**values)) == 1


async def _count(session: AsyncSession, statement: Any) -> int:
    result = await session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], result).rowcount
