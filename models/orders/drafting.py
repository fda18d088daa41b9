"""Taking down what an elder needs (S3.1): drafts from a page; those of calls are the journal's. The service it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import GONE
from models.masking import is_masked, numbers_in
from models.orders.states import TO_BE_SENT, OrderState
from models.orders.work_orders import WorkOrder, record
from models.refusing import refuse
from models.register import find_elder
from models.scope import Scope
from models.services.records import Service, ServiceClassRule
from models.text import plain
from models.versions import changing

LONGEST_WISH: Final = 2_000


async def draft(
    session: AsyncSession, elder: int, service: int, wish: str, *, urgent: bool, by: str, now: datetime, scope: Scope
) -> WorkOrder:
    """A new draft for this elder.

    Raises:
        NoSuchElder: there is none in `scope`.
        FormRefused: the service is none, or not for this elder; no wish was said.
    """
    file = await find_elder(session, elder, scope=scope)
    if file.status in GONE:
        refuse("elder", "该老人已迁出或去世", "this person has moved away or died")
    found = await service_for(session, service, file.service_class)
    order = WorkOrder(
        elder_id=elder,
        drafted_at=now,
        drafted_by=by,
        aid=found.aid,
        wish=_wish(wish),
        urgent=urgent,
        service_id=found.id,
    )
    session.add(order)
    await session.flush()
    record(session, order, OrderState.DRAFT, before=None, by=by, service=found.id)
    return order


async def choose(
    session: AsyncSession,
    order: WorkOrder,
    service: int,
    *,
    wish: str,
    urgent: bool,
    version: int,
    by: str,
    scope: Scope,
) -> None:
    """Say which service of the catalogue it is, before anybody is asked.

    Raises:
        FormRefused: somebody was asked already; as in `draft`.
        VersionConflict: as in `versions.changing`.
    """
    if order.state not in TO_BE_SENT:
        refuse("service", "已派单，不能更改服务", "it was sent already: the service stays")
    if order.elder_id is None:
        refuse("elder", "来电人尚无档案，请先建档", "the caller has no file yet")
    file = await find_elder(session, order.elder_id, scope=scope)
    found = await service_for(session, service, file.service_class)
    # A page shows the wish with its numbers masked: sent back as it was shown, it stays as it is.
    shown = plain(numbers_in(order.wish)).strip()
    said = order.wish if plain(wish).strip() == shown else _wish(wish)
    async with changing(session, order, version=version):
        order.service_id, order.aid, order.wish, order.urgent = found.id, found.aid, said, urgent
        record(session, order, order.state, before=order.state, by=by, service=found.id)


async def service_for(session: AsyncSession, number: int, service_class: int) -> Service:
    """A service that elders of this class may order (S6). Raises FormRefused."""
    service = await session.get(Service, number)
    if service is None or not service.active:
        refuse("service", "请选择服务项目", "choose a service")
    rule = await session.scalar(
        select(ServiceClassRule.offered).where(
            ServiceClassRule.service_id == number, ServiceClassRule.service_class == service_class
        )
    )
    if rule is False:
        refuse("service", "该项目不面向此类老人", "this service is not for people of this class")
    return service


def _wish(text: str) -> str:
    wish = plain(text).strip()
    if not wish:
        refuse("wish", "请填写服务需求", "say what is wanted")
    if is_masked(wish):
        refuse("wish", "内容已被遮盖(***)", "this is masked (***)")
    if len(wish) > LONGEST_WISH:
        refuse("wish", f"不得超过{LONGEST_WISH}字", f"{LONGEST_WISH} characters at most")
    return wish
