"""A migrated database with two streets, some elders and the means to have suppliers and orders in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest_asyncio
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid
from models.base import utc_now
from models.complaints import Complaint
from models.database import Database
from models.elders import Elder
from models.orders.work_orders import WorkOrder
from models.org import OrgKind, OrgUnit, get_or_create
from models.services.records import Service
from models.suppliers.admission import register
from models.suppliers.records import Condition, Supplier, SupplierStatus
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import WorkerForm, add_worker

TODAY = utc_now().astimezone().date()
LONG_AGO, NEXT_YEAR = TODAY - timedelta(days=100), TODAY + timedelta(days=300)
BY, AREA = "user:1", "021"


@pytest_asyncio.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    opened = Database(sqlite_url)
    async with opened.write() as session:
        district = await get_or_create(session, OrgKind.DISTRICT, "示范区")
        for street in ("一街道", "二街道"):
            above = await get_or_create(session, OrgKind.STREET, f"演示{street}", parent=district.id)
            await get_or_create(session, OrgKind.COMMUNITY, f"演示{street}社区", parent=above.id)
    yield opened
    await opened.close()


async def unit(session: AsyncSession, name: str) -> int:
    return (await session.scalars(select(OrgUnit.id).where(OrgUnit.name == name))).one()


async def service(session: AsyncSession, code: str = "cleaning") -> int:
    return (await session.scalars(select(Service.id).where(Service.code == code))).one()


def papers(until: date | None = NEXT_YEAR) -> dict[Condition, PaperForm]:
    return {one: PaperForm(f"DEMO-{one}", "演示机关", LONG_AGO, until) for one in Condition}


async def form(session: AsyncSession, licence: str = "99DEMO00000001", *, place: str = "示范区") -> SupplierForm:
    return SupplierForm(
        name="演示·好帮手",
        licence=licence,
        phone="12000000101",
        agreement_from=LONG_AGO,
        agreement_until=NEXT_YEAR,
        papers=papers(),
        prices={await service(session): 2_400},
        areas=frozenset({await unit(session, place)}),
    )


async def admitted(session: AsyncSession, licence: str = "99DEMO00000001", *, place: str = "示范区") -> Supplier:
    """A supplier on probation with one trained worker."""
    supplier = await register(session, await form(session, licence, place=place), by=BY, area_code=AREA)
    await add_worker(
        session, supplier.id, WorkerForm("演示·工", "12000000102", trained_on=LONG_AGO), by=BY, area_code=AREA
    )
    await change_status(
        session, supplier.id, SupplierStatus.PROBATION, reason="", version=supplier.version, by=BY, today=TODAY
    )
    return supplier


async def elder(session: AsyncSession, *, place: str = "演示一街道社区", service_class: int = 1) -> int:
    born = Elder(
        name="演示·甲",
        org_unit_id=await unit(session, place),
        service_class=service_class,
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    session.add(born)
    await session.flush()
    return born.id


async def order(session: AsyncSession, elder_id: int | None = None) -> int:
    row = WorkOrder(elder_id=elder_id, aid=Aid.CLEANING, wish="打扫", drafted_at=utc_now(), drafted_by=BY)
    session.add(row)
    await session.flush()
    return row.id


async def complaint(session: AsyncSession) -> int:
    row = Complaint(about="演示", words="没来", drafted_at=utc_now(), drafted_by=BY)
    session.add(row)
    await session.flush()
    return row.id
