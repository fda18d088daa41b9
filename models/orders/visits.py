"""What a worker's phone tells of a visit: scanned at the door to start and to end, notes and photos (T2, Y1).

The phone may be offline and tell later. Each action has a key that the phone has made: told twice, it counts once and
is answered alike. The time that counts is the phone's, put right by how wrong its clock was when it told; when we heard
of it is kept beside it. An action that is refused is on record with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.policy import Policy
from models.audit import audit
from models.base import Base, choice
from models.orders.asking import book_follow_up
from models.orders.codes import opens
from models.orders.redoing import make_void, tell_score
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder, move
from models.suppliers.records import Worker
from models.suppliers.workers import is_trained

TOO_SHORT: Final = "system:minimum_time"
LONGEST_AGO: Final = timedelta(days=366)  # what lies further back is a phone's clock that was never set
LATE: Final = timedelta(minutes=2)  # told so much later than it happened, it was told afterwards
MOST_PHOTOS: Final = 12  # for one order


class ActionKind(StrEnum):
    START = "start"
    END = "end"
    NOTE = "note"


class Outcome(StrEnum):
    """`TAKEN`, or why it was not. `TOO_SHORT` is taken: the visit is void and has to be done again."""

    TAKEN = "taken"
    TOO_SHORT = "too_short"
    NOT_YOURS = "not_yours"
    WRONG_CODE = "wrong_code"
    NOT_APPOINTED = "not_appointed"
    NOT_STARTED = "not_started"
    NOT_TRAINED = "not_trained"
    ANOTHER_RUNS = "another_runs"
    BEFORE_LAST_END = "before_last_end"
    BEFORE_START = "before_start"


class VisitAction(Base):
    """`key` is the phone's; `phone_at` by the phone's clock, `at` put right, `received_at` ours. `typed`: the code was
    typed, not scanned. Position in degrees, `accuracy` in metres, where the phone gave one."""

    __tablename__ = "visit_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"), index=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("supplier_workers.id", ondelete="RESTRICT"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[ActionKind] = mapped_column(choice(ActionKind))
    outcome: Mapped[Outcome] = mapped_column(choice(Outcome))
    phone_at: Mapped[datetime]
    at: Mapped[datetime]
    received_at: Mapped[datetime]
    typed: Mapped[bool] = mapped_column(default=False)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy: Mapped[float | None]
    note: Mapped[str] = mapped_column(default="")


class VisitPhoto(Base):
    """`sha256` names the file (`home/scans.py`)."""

    __tablename__ = "visit_photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"), index=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("supplier_workers.id", ondelete="RESTRICT"), index=True)
    key: Mapped[str] = mapped_column(unique=True)
    sha256: Mapped[str]
    media_type: Mapped[str]
    taken_at: Mapped[datetime]
    received_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Position:
    latitude: float
    longitude: float
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """As the phone tells it; `phone_at` and `sent_at` by its clock."""

    key: str
    kind: ActionKind
    phone_at: datetime
    sent_at: datetime
    code: str = ""
    typed: bool = False
    position: Position | None = None
    note: str = ""


def happened_at(phone_at: datetime, sent_at: datetime, received_at: datetime) -> datetime:
    """When it happened: as long before it reached us as the phone says that it happened before it was sent."""
    return received_at - min(max(sent_at - phone_at, timedelta(0)), LONGEST_AGO)


async def take(
    session: AsyncSession, worker: Worker, number: int, action: Action, *, now: datetime, policy: Policy
) -> Outcome:
    """Put the action on record and do what follows from it. `worker` is locked (`links.worker_of`)."""
    known = await session.scalar(select(VisitAction).where(VisitAction.key == action.key))
    if known is not None:
        return known.outcome if known.worker_id == worker.id else Outcome.NOT_YOURS
    # Somebody who moves the order at this moment is waited for: the phone would have to tell it all again.
    order = await session.get(WorkOrder, number, populate_existing=True, with_for_update={"key_share": True})
    if order is None or order.worker_id != worker.id:
        return Outcome.NOT_YOURS
    at = happened_at(action.phone_at, action.sent_at, now)
    outcome = await _judge(session, worker, order, action, at)
    row = _row(order, worker, action, at, now)
    row.outcome = outcome
    session.add(row)
    if outcome is Outcome.TAKEN:
        row.outcome = await _apply(session, worker, order, action, at, now, policy)
    else:
        audit(session, f"worker:{worker.id}", "visit.refused", f"order:{order.id}", elder=order.elder_id, why=outcome)
    await session.flush()
    return row.outcome


def _row(order: WorkOrder, worker: Worker, action: Action, at: datetime, now: datetime) -> VisitAction:
    position = action.position
    return VisitAction(
        order_id=order.id,
        worker_id=worker.id,
        key=action.key,
        kind=action.kind,
        phone_at=action.phone_at,
        at=at,
        received_at=now,
        typed=action.typed,
        latitude=None if position is None else position.latitude,
        longitude=None if position is None else position.longitude,
        accuracy=None if position is None else position.accuracy,
        note=action.note.strip(),
    )


async def _judge(session: AsyncSession, worker: Worker, order: WorkOrder, action: Action, at: datetime) -> Outcome:
    match action.kind:
        case ActionKind.NOTE:
            return Outcome.TAKEN
        case ActionKind.START if order.state is not OrderState.APPOINTED:
            return Outcome.NOT_APPOINTED
        case ActionKind.END if order.state is not OrderState.STARTED:
            return Outcome.NOT_STARTED
    if not await opens(session, action.code, order.elder_id):
        return Outcome.WRONG_CODE
    if action.kind is ActionKind.START and order.offered_at is not None and at < order.offered_at:
        return Outcome.NOT_APPOINTED  # by a clock that was wrong, or was set back
    if action.kind is ActionKind.START and not is_trained(worker, at.astimezone().date()):
        return Outcome.NOT_TRAINED  # it was taken back, or has run out, since the visit was agreed (T8)
    if action.kind is ActionKind.END:
        return Outcome.BEFORE_START if order.started_at is not None and at < order.started_at else Outcome.TAKEN
    of_worker = WorkOrder.worker_id == worker.id
    if await session.scalar(select(WorkOrder.id).where(of_worker, WorkOrder.state == OrderState.STARTED).limit(1)):
        return Outcome.ANOTHER_RUNS
    last_end = await session.scalar(select(func.max(WorkOrder.finished_at)).where(of_worker))
    return Outcome.BEFORE_LAST_END if last_end is not None and at < last_end else Outcome.TAKEN


async def _apply(
    session: AsyncSession,
    worker: Worker,
    order: WorkOrder,
    action: Action,
    at: datetime,
    now: datetime,
    policy: Policy,
) -> Outcome:
    by, late = f"worker:{worker.id}", now - at > LATE
    match action.kind:
        case ActionKind.START:
            move(session, order, OrderState.STARTED, by=by, at=at, told_late=late, typed=action.typed)
            order.started_at = at
        case ActionKind.END:
            return await end_visit(
                session, order, at, by=by, now=now, policy=policy, told_late=late, typed=action.typed
            )
        case ActionKind.NOTE:
            audit(session, by, "visit.note", f"order:{order.id}", elder=order.elder_id)
    return Outcome.TAKEN


async def end_visit(
    session: AsyncSession,
    order: WorkOrder,
    at: datetime,
    *,
    by: str,
    now: datetime,
    policy: Policy,
    why: str = "",
    **data: object,
) -> Outcome:
    """The visit ended at this moment: long enough, or void and to be done again (T1, T3).

    Raises:
        IllegalStep: it has not started.
    """
    begun = order.started_at or at
    minutes = int((at - begun).total_seconds() // 60)
    if minutes < order.minimum_minutes:
        order.minutes, order.finished_at = minutes, at
        data |= {"at": at, "minutes": minutes, "ended_by": by}
        await make_void(session, order, by=TOO_SHORT, why=why, now=now, policy=policy, **data)
        return Outcome.TOO_SHORT
    move(session, order, OrderState.FINISHED, by=by, why=why, at=at, minutes=minutes, **data)
    order.minutes, order.finished_at = minutes, at
    await tell_score(session, order, at=at, policy=policy)
    await book_follow_up(session, order, at=at, policy=policy)
    return Outcome.TAKEN


async def add_photo(session: AsyncSession, worker: Worker, number: int, photo: VisitPhoto) -> bool:
    """Put a photo beside the order; False: it is not this worker's, or has enough of them. The same key once more
    changes nothing."""
    order = await session.get(WorkOrder, number)
    if order is None or order.worker_id != worker.id:
        return False
    if await session.scalar(select(VisitPhoto.id).where(VisitPhoto.key == photo.key)):
        return True
    count = await session.scalar(select(func.count(VisitPhoto.id)).where(VisitPhoto.order_id == number)) or 0
    if count >= MOST_PHOTOS:
        return False
    photo.order_id, photo.worker_id = number, worker.id
    session.add(photo)
    audit(session, f"worker:{worker.id}", "visit.photo", f"order:{number}", elder=order.elder_id)
    await session.flush()
    return True
