"""Whom a complaint is about: whether there is anybody such, and what a supplier's score hears of it (H9).

A complaint counts against a supplier from the moment when somebody says that it is the one who is meant, and no longer
when it turns out to be another; both in the transaction in which it is said.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.complaints import AboutKind, Complaint
from models.orders.work_orders import WorkOrder, find_order
from models.people import User
from models.refusing import refuse
from models.scope import Scope
from models.seats import Seat
from models.suppliers.outcomes import complained, complaint_dropped
from models.suppliers.records import Supplier
from models.versions import NoSuchRecord


@dataclass(frozen=True, slots=True)
class Target:
    """`id` as in `AboutKind`, empty where nobody knows or it needs none."""

    kind: AboutKind
    id: str = ""


async def order_named(session: AsyncSession, number: int, *, elder: int | None, scope: Scope) -> WorkOrder:
    """The order that a complaint names. Raises FormRefused: there is none, it is out of `scope`, or another elder's."""
    try:
        order = await find_order(session, number, scope=scope)
    except NoSuchRecord:
        order = None
    if order is None or (elder is not None and order.elder_id != elder):
        refuse("order", "没有这张工单，或不是该老人的工单", "there is no such order, or it is another elder's")
    return order


async def known(session: AsyncSession, target: Target, *, order: WorkOrder | None, scope: Scope) -> Target:
    """The same, checked. Of an order it is the supplier who is meant, unless somebody said who else. A supplier without
    a number is one that nobody could name yet.

    Raises:
        FormRefused: there is nobody such; suppliers are looked for in `scope`, and on the order.
    """
    reference = target.id
    firm = None if order is None or order.supplier_id is None else str(order.supplier_id)
    match target.kind:
        case AboutKind.USER:
            if await session.get(User, _number(reference)) is None:
                refuse("about_id", "没有这个人员", "there is no such user")
        case AboutKind.SEAT:
            if await session.get(Seat, reference) is None:
                refuse("about_id", "没有这个坐席", "there is no such seat")
        case AboutKind.SUPPLIER:
            reference = reference or firm or ""
            if reference and reference != firm and not await _in_sight(session, reference, scope):
                refuse("about_id", "没有这个服务商", "there is no such supplier")
        case AboutKind.UNKNOWN if firm is not None:
            return Target(AboutKind.SUPPLIER, firm)
        case AboutKind.UNKNOWN | AboutKind.OTHER:
            reference = ""
    return Target(target.kind, reference)


async def aim(session: AsyncSession, complaint: Complaint, target: Target, *, policy: Policy) -> None:
    """From now on it is about this target, which was checked. The supplier of before hears of it no longer, the one of
    now does, and may be suspended for it."""
    before = Target(complaint.about_kind, complaint.about_id)
    complaint.about_kind, complaint.about_id = target.kind, target.id
    if target != before:
        await complaint_dropped(session, complaint.id, stands=await _another(session, complaint, before))
    await count(session, complaint, policy=policy)


async def count(session: AsyncSession, complaint: Complaint, *, policy: Policy) -> None:
    """The score of the supplier that it is about hears of it, with the order when it is one of that supplier's."""
    supplier = _number(complaint.about_id) if complaint.about_kind is AboutKind.SUPPLIER else 0
    if not supplier:
        return
    order = None if complaint.order_id is None else await session.get(WorkOrder, complaint.order_id)
    number = order.id if order is not None and order.supplier_id == supplier else None
    await complained(session, supplier, complaint.id, policy=policy, order=number)


async def _another(session: AsyncSession, complaint: Complaint, target: Target) -> int | None:
    """The number of another complaint about the same order that is about this target."""
    if complaint.order_id is None:
        return None
    same = Complaint.order_id == complaint.order_id, Complaint.id != complaint.id
    meant = Complaint.about_kind == target.kind, Complaint.about_id == target.id
    found: int | None = await session.scalar(select(Complaint.id).where(*same, *meant).order_by(Complaint.id).limit(1))
    return found


async def _in_sight(session: AsyncSession, reference: str, scope: Scope) -> bool:
    found = select(Supplier.id).where(Supplier.id == _number(reference), scope.of_suppliers())
    return await session.scalar(found) is not None


def _number(reference: str) -> int:
    """0, which nobody has, for what cannot be a number."""
    return int(reference) if reference.isascii() and reference.isdecimal() and len(reference) < 10 else 0
