"""A small world for the tests of orders: two firms, their workers, elders with a code at the door, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import Aid
from models.database import Database
from models.elders import Elder
from models.orders import dispatching
from models.orders.codes import code_of
from models.orders.drafting import draft
from models.orders.visits import Action, ActionKind, Outcome, take
from models.orders.work_orders import WorkOrder
from models.scope import EVERYWHERE
from models.services.records import Service
from models.suppliers.records import Supplier, SupplierService, SupplierStatus, Worker

BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
PAGE = "https://example.invalid/worker"
POLICY = Policy()
_keys = count(1)


@dataclass
class World:
    db: Database
    now: datetime = BEGIN
    elders: list[int] = field(default_factory=list)
    codes: dict[int, str] = field(default_factory=dict)
    firms: list[int] = field(default_factory=list)
    workers: dict[int, list[int]] = field(default_factory=dict)
    service: int = 0

    async def settle(self) -> None:
        """Cleaning at 30 yuan at most and 50 minutes at least; each firm takes 28 and has two trained workers."""
        async with self.db.write() as session:
            service = Service(
                code="cleaning-test", aid=Aid.CLEANING, name_zh="居室保洁", name_en="cleaning", price_limit=3000
            )
            firms = [
                Supplier(
                    name=f"演示服务商{number}",
                    licence=f"L{number}",
                    licence_key=f"L{number}",
                    status=SupplierStatus.ACTIVE,
                    phone=f"1000900{number}",
                    sms_number=f"1200009000{number}",
                )
                for number in (1, 2)
            ]
            elders = [Elder(name=f"演示·老人{number}", home_phone=f"1000000{number}") for number in (1, 2)]
            session.add_all([service, *firms, *elders])
            await session.flush()
            self.service = service.id
            for firm in firms:
                self.firms.append(firm.id)
                session.add(SupplierService(supplier_id=firm.id, service_id=service.id, price=2800))
                staff = [_worker(firm.id, number) for number in (1, 2)]
                session.add_all(staff)
                await session.flush()
                self.workers[firm.id] = [worker.id for worker in staff]
            for elder in elders:
                self.elders.append(elder.id)
                self.codes[elder.id] = await code_of(session, elder.id, by="test")

    @asynccontextmanager
    async def order(self, number: int) -> AsyncIterator[tuple[AsyncSession, WorkOrder]]:
        """The order inside a transaction that writes."""
        async with self.db.write() as session:
            yield session, await session.get_one(WorkOrder, number)

    async def drafted(self, elder: int = 0) -> int:
        async with self.db.write() as session:
            made = await draft(
                session,
                self.elders[elder],
                self.service,
                "擦窗",
                urgent=False,
                by="user:1",
                now=self.now,
                scope=EVERYWHERE,
            )
            return made.id

    async def appointed(self, elder: int = 0, *, firm: int = 0, worker: int = 0) -> int:
        """An order on its way to now, the hour that is agreed."""
        number, supplier = await self.drafted(elder), self.firms[firm]
        async with self.order(number) as (session, order):
            await dispatching.offer(
                session, order, supplier, reason="评分", by="user:1", version=1, now=self.now, policy=POLICY
            )
            await dispatching.accept(session, order, by="user:9", version=order.version)
            await dispatching.elder_called(session, order, by="user:9", version=order.version, now=self.now)
            await dispatching.appoint(
                session,
                order,
                self.workers[supplier][worker],
                self.now,
                by="user:9",
                version=order.version,
                now=self.now,
                page=PAGE,
            )
        return number

    async def scan(
        self,
        number: int,
        kind: ActionKind,
        *,
        worker: int | None = None,
        code: str | None = None,
        key: str = "",
        ago: timedelta = timedelta(0),
        fast: timedelta = timedelta(0),
        policy: Policy = POLICY,
    ) -> Outcome:
        """What a phone whose clock is so much `fast` tells now of something so long `ago`."""
        async with self.order(number) as (session, order):
            goes = await session.get_one(Worker, worker or order.worker_id or 0)
            sent = self.now + fast
            action = Action(
                key=key or f"key-{next(_keys)}",
                kind=kind,
                phone_at=sent - ago,
                sent_at=sent,
                code=self.codes.get(order.elder_id or 0, "") if code is None else code,
            )
            return await take(session, goes, number, action, now=self.now, policy=policy)

    async def state(self, number: int) -> str:
        async with self.db.read() as session:
            return str((await session.get_one(WorkOrder, number)).state)


def _worker(firm: int, number: int) -> Worker:
    return Worker(
        supplier_id=firm,
        name=f"演示·服务员{firm}{number}",
        phone=f"1200008{firm:02}{number:02}",
        badge_number=f"B{firm}-{number}",
        badge_token=f"token-{firm}-{number}",
        trained_on=date(2026, 1, 1),
    )
