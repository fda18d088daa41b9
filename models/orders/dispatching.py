"""From the draft to the appointment (S3.2, S3.3, H7, T4): sent to a supplier, taken or not, the elder rung, day and
worker agreed. Each function is one step; `version` is the one of the order that the step was decided on.

Every function raises IllegalStep (`states.py`) when the order is not where the step begins, VersionConflict when
somebody else was faster, and FormRefused when something that was given is wrong.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from models.elders import GONE, Elder
from models.orders.links import make_link
from models.orders.messages import NO_SITE, OrderText, send
from models.orders.order_calls import book_call
from models.orders.redoing import make_void
from models.orders.states import WITH_SUPPLIER, OrderState, check_step
from models.orders.visits import Outcome, end_visit
from models.orders.work_orders import WorkOrder, move
from models.org import OrgUnit
from models.refusing import refuse
from models.services.records import Service
from models.suppliers.records import WORKING, Supplier, SupplierService, Worker
from models.suppliers.workers import is_trained
from models.text import plain
from models.versions import changing

FURTHEST: Final = timedelta(days=180)  # an appointment that lies further away is a typing mistake
BACKWARDS: Final = timedelta(hours=1)  # the worker is at the door already: the appointment is written down afterwards


async def offer(
    session: AsyncSession,
    order: WorkOrder,
    supplier: int,
    *,
    price: int | None = None,
    reason: str,
    by: str,
    version: int,
    now: datetime,
    policy: Policy,
) -> None:
    """Send it to this supplier; `reason`: why to this one, as it was shown. `price` in fen, None: the supplier's own;
    never above the service's limit (T1). From now on the clock for ringing the elder runs (H7). An urgent order is
    offered by telephone as well."""
    check_step(order.state, OrderState.OFFERED)
    file = None if order.elder_id is None else await session.get(Elder, order.elder_id)
    if file is None:
        refuse("elder", "来电人尚无档案，请先建档", "the caller has no file yet")
    if file.status in GONE:
        refuse("elder", "该老人已迁出或去世", "this person has moved away or died")
    service = None if order.service_id is None else await session.get(Service, order.service_id)
    if service is None:
        refuse("service", "请先选择服务项目", "choose the service first")
    firm = await session.get(Supplier, supplier)
    own = await session.get(SupplierService, (supplier, service.id))
    if firm is None or firm.status not in WORKING or own is None:
        refuse("supplier", "该服务商现不能承接此项服务", "this supplier cannot take this service now")
    agreed = own.price if price is None else price
    if not 0 <= agreed <= service.price_limit:
        most = service.price_limit / 100
        refuse("price", f"超过限价，最高{most:.2f}元", f"above the limit of {most:.2f} yuan")
    async with changing(session, order, version=version):
        move(session, order, OrderState.OFFERED, by=by, why=reason, supplier=supplier, price=agreed)
        order.supplier_id, order.price, order.offer_reason = supplier, agreed, reason
        order.minimum_minutes = service.minimum_minutes
        order.offered_at, order.call_due_at, order.elder_called_at = (
            now,
            now + timedelta(minutes=policy.order_call),
            None,
        )
        order.worker_id, order.appointed_for = None, None
        minutes = int(policy.order_call)
        told: dict[str, Any] = {"service": service.name_zh, "place": await _place(session, file), "minutes": minutes}
        send(session, order, OrderText.ORDER_OFFERED, name=firm.name, number=firm.sms_number, now=now, **told)
        if order.urgent:
            book_call(session, order, firm, now=now)


async def accept(session: AsyncSession, order: WorkOrder, *, by: str, version: int, why: str = "") -> None:
    """Who was suspended since it was asked takes nothing new (H9); it is withdrawn, and somebody else is asked."""
    check_step(order.state, OrderState.ACCEPTED)
    firm = None if order.supplier_id is None else await session.get(Supplier, order.supplier_id)
    if firm is None or firm.status not in WORKING:
        refuse("supplier", "该服务商已暂停服务，不能接新单", "this supplier is suspended: it takes nothing new")
    async with changing(session, order, version=version):
        move(session, order, OrderState.ACCEPTED, by=by, why=why, supplier=order.supplier_id)


async def decline(session: AsyncSession, order: WorkOrder, *, by: str, version: int, why: str, now: datetime) -> None:
    """The supplier does not take it, or gives it back; it is not theirs any more."""
    check_step(order.state, OrderState.DECLINED)
    reason = needed(why)
    async with changing(session, order, version=version):
        await _tell_worker_called_off(session, order, now)
        move(session, order, OrderState.DECLINED, by=by, why=reason, supplier=order.supplier_id)
        _without_supplier(order)


async def withdraw(session: AsyncSession, order: WorkOrder, *, by: str, version: int, why: str, now: datetime) -> None:
    """We take it back from a supplier who has not answered."""
    check_step(order.state, OrderState.DRAFT)
    reason = needed(why)
    async with changing(session, order, version=version):
        await _tell_taken_back(session, order, now)
        move(session, order, OrderState.DRAFT, by=by, why=reason, supplier=order.supplier_id)
        _without_supplier(order)


async def elder_called(
    session: AsyncSession, order: WorkOrder, *, by: str, version: int, now: datetime, why: str = ""
) -> None:
    """The supplier has rung the elder; whether in time is on record (H7)."""
    async with changing(session, order, version=version):
        late = order.call_due_at is not None and now > order.call_due_at
        move(session, order, OrderState.ELDER_CALLED, by=by, why=why, supplier=order.supplier_id, late=late)
        order.elder_called_at = now


async def appoint(
    session: AsyncSession,
    order: WorkOrder,
    worker: int,
    at: datetime,
    *,
    by: str,
    version: int,
    now: datetime,
    page: str | None,
) -> None:
    """Day, hour and worker are agreed with the elder. The worker gets the link to their page by SMS; `page` is its
    address, what opens it is added here; None: nobody knows it, and no message goes out. Who was to go before, and is
    not any more, is told."""
    check_step(order.state, OrderState.APPOINTED)
    goes = await session.get(Worker, worker)
    if goes is None or goes.supplier_id != order.supplier_id or not goes.active:
        refuse("worker", "请选择本单位在岗的服务人员", "choose a worker of this supplier")
    if not now - BACKWARDS <= at <= now + FURTHEST:
        refuse("at", "预约时间应在今后半年内", "a time within the next half year")
    if not is_trained(goes, at.astimezone().date()):
        refuse("worker", "该人员届时无有效培训，不得上岗", "no valid training on that day: may not work")
    service = None if order.service_id is None else await session.get(Service, order.service_id)
    async with changing(session, order, version=version):
        if order.worker_id != worker:
            await _tell_worker_called_off(session, order, now)
        move(session, order, OrderState.APPOINTED, by=by, worker=worker, at=at)
        order.worker_id, order.appointed_for = worker, at
        told = {"service": service.name_zh if service else "", "day": _day(at)}
        if page is None:
            told["hindrance"] = NO_SITE
        else:
            told["link"] = f"{page}#{await make_link(session, worker, visit_at=at, by=by, now=now)}"
        send(session, order, OrderText.VISIT_PLANNED, name=goes.name, number=goes.phone, now=now, **told)


async def end_by_hand(
    session: AsyncSession,
    order: WorkOrder,
    at: datetime,
    *,
    by: str,
    version: int,
    why: str,
    now: datetime,
    policy: Policy,
) -> Outcome:
    """The worker could not scan at the end: somebody vouches for when it was."""
    check_step(order.state, OrderState.FINISHED)
    reason = needed(why)
    if order.started_at is None or not order.started_at <= at <= now:
        refuse("at", "结束时间应在开始之后、现在之前", "a time after the start and before now")
    async with changing(session, order, version=version):
        return await end_visit(session, order, at, by=by, now=now, policy=policy, why=reason)


async def void_by_hand(
    session: AsyncSession, order: WorkOrder, *, by: str, version: int, why: str, now: datetime, policy: Policy
) -> WorkOrder:
    """Looked into, and found that it does not count (T7); the order that makes it good."""
    check_step(order.state, OrderState.VOID)
    reason = needed(why)
    async with changing(session, order, version=version):
        return await make_void(session, order, by=by, why=reason, now=now, policy=policy)


async def cancel(session: AsyncSession, order: WorkOrder, *, by: str, version: int, why: str, now: datetime) -> None:
    check_step(order.state, OrderState.CANCELLED)
    reason = needed(why)
    async with changing(session, order, version=version):
        if order.state in WITH_SUPPLIER:
            await _tell_taken_back(session, order, now)
            await _tell_worker_called_off(session, order, now)
        move(session, order, OrderState.CANCELLED, by=by, why=reason)


def needed(why: str) -> str:
    """A reason in words. Raises FormRefused: there is none, or it is too long."""
    reason = plain(why).strip()
    if not 2 <= len(reason) <= 500:
        refuse("why", "请说明原因，2至500字", "say why, in 2 to 500 characters")
    return reason


def _without_supplier(order: WorkOrder) -> None:
    order.supplier_id = order.worker_id = order.price = order.call_due_at = order.appointed_for = None
    order.offered_at = order.elder_called_at = None
    order.offer_reason = ""


async def _tell_taken_back(session: AsyncSession, order: WorkOrder, now: datetime) -> None:
    firm = None if order.supplier_id is None else await session.get(Supplier, order.supplier_id)
    service = None if order.service_id is None else await session.get(Service, order.service_id)
    if firm is not None:
        told = {"service": service.name_zh if service else ""}
        send(session, order, OrderText.ORDER_TAKEN_BACK, name=firm.name, number=firm.sms_number, now=now, **told)


async def _tell_worker_called_off(session: AsyncSession, order: WorkOrder, now: datetime) -> None:
    """Whoever was to go there, if anybody was."""
    goes = None if order.worker_id is None else await session.get(Worker, order.worker_id)
    if goes is None or order.state is not OrderState.APPOINTED or order.appointed_for is None:
        return
    service = None if order.service_id is None else await session.get(Service, order.service_id)
    told = {"service": service.name_zh if service else "", "day": _day(order.appointed_for)}
    send(session, order, OrderText.VISIT_CALLED_OFF, name=goes.name, number=goes.phone, now=now, **told)


def _day(at: datetime) -> str:
    return f"{at.astimezone():%m-%d %H:%M}"


async def _place(session: AsyncSession, file: Elder) -> str:
    """The community, so that a supplier can judge the way; the address is for who has taken the order."""
    unit = None if file.org_unit_id is None else await session.get(OrgUnit, file.org_unit_id)
    return unit.name if unit is not None else ""
