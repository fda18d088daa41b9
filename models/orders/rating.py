"""After the visit: what the elder says of it (H4), a look at it by us, and its place in a statement (Y2, Y5)."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Rating
from models.audit import audit
from models.base import utc_now
from models.orders.dispatching import needed
from models.orders.states import DONE, IllegalStep, OrderState
from models.orders.work_orders import WorkOrder, move
from models.suppliers.outcomes import order_rated


async def rate(session: AsyncSession, order: WorkOrder, grade: Rating, by: str, *, policy: Policy) -> None:
    """What the elder says, once the visit is over; said again, the last word counts. Whoever hears it calls this: an
    agent, a page, an automatic call.

    Raises:
        IllegalStep: there was no visit that counts.
    """
    if order.state not in DONE:
        raise IllegalStep(order.state, OrderState.CHECKED)
    if order.state is OrderState.FINISHED:
        move(session, order, OrderState.CHECKED, by=by, grade=grade)
    else:
        audit(session, by, "order.rated", f"order:{order.id}", elder=order.elder_id, grade=grade)
    order.grade, order.graded_at, order.graded_by = grade, utc_now(), by
    await session.flush()
    if order.supplier_id is not None:
        await order_rated(session, order.id, grade, policy=policy)


async def check(session: AsyncSession, order: WorkOrder, *, by: str, why: str) -> None:
    """The elder could not be asked; somebody has looked at scans, photos and note instead.

    Raises:
        IllegalStep: there was no visit, or it was looked at.
        FormRefused: nothing was said about it.
    """
    move(session, order, OrderState.CHECKED, by=by, why=needed(why))
    await session.flush()


async def settle(session: AsyncSession, order: WorkOrder, *, by: str, month: str) -> None:
    """It stands in the statements of a month that is locked.

    Raises:
        IllegalStep: it was not checked, or is settled.
    """
    move(session, order, OrderState.SETTLED, by=by, month=month)
    await session.flush()
