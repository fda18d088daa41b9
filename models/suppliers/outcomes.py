"""What becomes of orders, written down for the score: whoever ends, voids or rates an order or takes a complaint
about a supplier says it here, in the same transaction. Each time the rule of suspension is applied at once (H9).

    order_ended(session, supplier, order, service=..., at=..., punctual=..., void=..., worker=..., policy=...)
    order_rated(session, order, rating, policy=...)
    complained(session, supplier, complaint, order=..., policy=...)   ·   complaint_dropped(session, complaint)

An order's number may be said again: the row of the order is brought up to date.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Rating
from models.base import utc_now
from models.suppliers.facts import facts_of
from models.suppliers.records import WORKING, Supplier, SupplierOutcome, SupplierStatus, SupplierStatusChange
from models.suppliers.score import SupplierFacts
from models.suppliers.standing import put_status
from models.suppliers.suspension import Limits, reason_to_suspend
from models.versions import NoSuchRecord

ACTOR: Final = "system:suspension"


async def order_ended(
    session: AsyncSession,
    supplier: int,
    order: int,
    *,
    policy: Policy,
    service: int,
    at: datetime | None = None,
    punctual: bool | None = None,
    void: bool = False,
    worker: int | None = None,
) -> bool:
    """The order is over, or is void (T3). True: the supplier was suspended for it. Raises NoSuchRecord."""
    firm = await _locked(session, supplier)
    row = await _its_own(session, order, supplier) or SupplierOutcome(order_id=order, supplier_id=supplier)
    row.service_id, row.worker_id = service, worker
    row.at, row.punctual, row.void = at or utc_now(), punctual, void
    session.add(row)
    return await _stop_if_needed(session, firm, policy)


async def order_rated(session: AsyncSession, order: int, rating: Rating, *, policy: Policy) -> bool:
    """What the elder says of an order that is over (H4); the last word counts. Raises NoSuchRecord: it is not over."""
    row = await _of_order(session, order)
    if row is None:
        raise NoSuchRecord
    firm = await _locked(session, row.supplier_id)
    row.rating = rating
    return await _stop_if_needed(session, firm, policy)


async def complained(
    session: AsyncSession, supplier: int, complaint: int, *, policy: Policy, order: int | None = None
) -> bool:
    """A complaint about a supplier, or about one of its orders: several about one order count once. True: the supplier
    was suspended for it. Raises NoSuchRecord."""
    firm = await _locked(session, supplier)
    row = await _of_complaint(session, complaint)
    if row is None and order is not None:
        row = await _its_own(session, order, supplier)
    if row is None:
        row = SupplierOutcome(supplier_id=supplier, order_id=order, at=utc_now())
        session.add(row)
    row.complained = True
    row.complaint_id = row.complaint_id or complaint
    return await _stop_if_needed(session, firm, policy)


async def complaint_dropped(session: AsyncSession, complaint: int, *, stands: int | None = None) -> None:
    """It was not about this supplier, or there was nothing in it: it no longer counts. Who was suspended for it is
    taken back by a person. `stands`: another complaint about the same order, for which the order counts as before."""
    row = await _of_complaint(session, complaint)
    if row is None:
        return
    if stands is not None and await _of_complaint(session, stands) is None:
        row.complaint_id = stands
    elif row.order_id is None or row.service_id is None:  # nothing but the complaint is known of it
        await session.delete(row)
    else:
        row.complained, row.complaint_id = False, None
    await session.flush()


async def facts_since_admission(session: AsyncSession, supplier: int, policy: Policy) -> SupplierFacts:
    """What the suspension goes by: since the supplier was admitted or taken back, at most `Policy.score_window`."""
    change = SupplierStatusChange
    begun = await session.scalar(
        select(func.max(change.at)).where(change.supplier_id == supplier, change.new == SupplierStatus.PROBATION)
    )
    since = utc_now() - timedelta(days=policy.score_window)
    found = await facts_of(session, since=max(since, begun) if begun else since, suppliers=[supplier])
    return found.get(supplier, SupplierFacts())


async def _stop_if_needed(session: AsyncSession, firm: Supplier, policy: Policy) -> bool:
    await session.flush()
    if firm.status not in WORKING:
        return False
    reason = reason_to_suspend(await facts_since_admission(session, firm.id, policy), Limits.of(policy))
    if not reason:
        return False
    put_status(session, firm, SupplierStatus.SUSPENDED, reason, ACTOR)
    await session.flush()
    return True


async def _locked(session: AsyncSession, supplier: int) -> Supplier:
    """So that two who write at once see each other's rows."""
    firm = await session.get(Supplier, supplier, with_for_update=True)
    if firm is None:
        raise NoSuchRecord
    return firm


async def _of_order(session: AsyncSession, order: int) -> SupplierOutcome | None:
    found: SupplierOutcome | None = await session.scalar(
        select(SupplierOutcome).where(SupplierOutcome.order_id == order)
    )
    return found


async def _its_own(session: AsyncSession, order: int, supplier: int) -> SupplierOutcome | None:
    """The row of the order, if it is this supplier's. What was complained about while another had the order stays with
    that one, as a complaint that is about none of its orders."""
    row = await _of_order(session, order)
    if row is None or row.supplier_id == supplier:
        return row
    row.order_id = None
    await session.flush()
    return None


async def _of_complaint(session: AsyncSession, complaint: int) -> SupplierOutcome | None:
    found: SupplierOutcome | None = await session.scalar(
        select(SupplierOutcome).where(SupplierOutcome.complaint_id == complaint)
    )
    return found
