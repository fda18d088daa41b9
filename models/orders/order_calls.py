"""The telephone calls in which urgent orders are offered to suppliers: one row for each offer, so that
two never ring for the same, and what became of it. What a key does to the order is in `by_telephone.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, cast

from sqlalchemy import CursorResult, ForeignKey, Index, UniqueConstraint, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.numbers import may_be_rung
from models.base import Base, choice
from models.elders import Elder
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.org import OrgUnit
from models.services.records import Service
from models.suppliers.records import Supplier


class OrderCallState(StrEnum):
    """`due` waits, `calling` is some controller's; all others are results. `settled`: the order had been taken, given
    back or withdrawn meanwhile; `no_number`: the supplier's file has none that may be rung."""

    DUE = "due"
    CALLING = "calling"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NO_ANSWER = "no_answer"
    SETTLED = "settled"
    NO_NUMBER = "no_number"


UNDER_WAY: Final = frozenset({OrderCallState.DUE, OrderCallState.CALLING})


class OrderCall(Base):
    """`offered_at` tells which offer of the order it belongs to; `name` and `number`: the supplier's at that time.
    `tries` of dialling so far; `caller`: the controller that has it now; `key`: what was pressed."""

    __tablename__ = "order_calls"
    __table_args__ = (UniqueConstraint("order_id", "offered_at"), Index(None, "state", "due_at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("work_orders.id", ondelete="CASCADE"))
    offered_at: Mapped[datetime]
    supplier_id: Mapped[int] = mapped_column(ForeignKey("suppliers.id", ondelete="RESTRICT"), index=True)
    name: Mapped[str]
    number: Mapped[str]
    state: Mapped[OrderCallState] = mapped_column(choice(OrderCallState))
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    caller: Mapped[str] = mapped_column(default="")
    dialled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    key: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class ClaimedOffer:
    """A call that is the claimer's now; `place` and the service are all that is said of it before it is taken (S14)."""

    id: int
    number: str
    tries: int
    service_zh: str
    service_en: str
    place: str


def book_call(session: AsyncSession, order: WorkOrder, firm: Supplier, *, now: datetime) -> None:
    """The supplier to whom the order was sent just now is to be rung as well."""
    can = may_be_rung(firm.phone)
    session.add(
        OrderCall(
            order_id=order.id,
            offered_at=now,
            supplier_id=firm.id,
            name=firm.name,
            number=firm.phone,
            state=OrderCallState.DUE if can else OrderCallState.NO_NUMBER,
            due_at=now,
            ended_at=None if can else now,
        )
    )


def is_open(order: WorkOrder | None, call: OrderCall) -> bool:
    """The order still waits for the answer to the very offer that this call is about."""
    if order is None or order.state is not OrderState.OFFERED:
        return False
    return order.supplier_id == call.supplier_id and order.offered_at == call.offered_at


async def is_due(session: AsyncSession, now: datetime) -> bool:
    return await session.scalar(select(OrderCall.id).where(*_due(now)).limit(1)) is not None


async def claim(session: AsyncSession, *, now: datetime, caller: str) -> ClaimedOffer | None:
    """The call that has been due for longest, now this caller's; those that nobody waits for any more are closed on the
    way."""
    waiting = (
        select(OrderCall, WorkOrder, Service.name_zh, Service.name_en, OrgUnit.name)
        .join(WorkOrder, WorkOrder.id == OrderCall.order_id)
        .outerjoin(Service, Service.id == WorkOrder.service_id)
        .outerjoin(Elder, Elder.id == WorkOrder.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(*_due(now))
        .order_by(OrderCall.due_at, OrderCall.id)
        .limit(10)
        .with_for_update(skip_locked=True, of=OrderCall)
    )
    for call, order, zh, en, place in (await session.execute(waiting)).all():
        if not is_open(order, call):
            call.state, call.ended_at = OrderCallState.SETTLED, now
            continue
        call.state, call.caller = OrderCallState.CALLING, caller
        await session.flush()
        return ClaimedOffer(call.id, call.number, call.tries, zh or "", en or "", place or "")
    await session.flush()
    return None


async def dialled(session: AsyncSession, call: int, *, caller: str, at: datetime) -> bool:
    """The supplier's telephone is going to ring now; written before it does. False: it is no longer this caller's."""
    mine = (OrderCall.id == call, OrderCall.state == OrderCallState.CALLING, OrderCall.caller == caller)
    return await _count(session, update(OrderCall).where(*mine).values(dialled_at=at, tries=OrderCall.tries + 1)) == 1


async def put_off(session: AsyncSession, call: int, *, caller: str, now: datetime) -> None:
    """To be made again as soon as there is a line; a try that an alarm broke off does not count."""
    row = await mine(session, call, caller=caller)
    if row is not None:
        row.tries -= 1 if row.dialled_at is not None else 0
        row.state, row.caller, row.dialled_at, row.due_at = OrderCallState.DUE, "", None, now
        await session.flush()


async def take_from_others(session: AsyncSession, *, caller: str, now: datetime) -> int:
    """What controllers that are no more have not come to an end with is rung again; how many. Nothing that was pressed
    is lost with them: it is on record together with what it did."""
    theirs = (OrderCall.state == OrderCallState.CALLING, OrderCall.caller != caller)
    again = {"state": OrderCallState.DUE, "caller": "", "dialled_at": None, "due_at": now}
    return await _count(session, update(OrderCall).where(*theirs).values(**again))


async def mine(session: AsyncSession, call: int, *, caller: str) -> OrderCall | None:
    """The row, kept from everybody else; None when it is not this caller's."""
    found: OrderCall | None = await session.scalar(
        select(OrderCall)
        .where(OrderCall.id == call, OrderCall.state == OrderCallState.CALLING, OrderCall.caller == caller)
        .with_for_update()
    )
    return found


def _due(now: datetime) -> tuple[Any, ...]:
    return OrderCall.state == OrderCallState.DUE, OrderCall.due_at <= now


async def _count(session: AsyncSession, statement: Any) -> int:
    result = await session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], result).rowcount
