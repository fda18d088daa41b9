"""Suppliers that may be asked: with papers, an agreement, a worker, a service and a place."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Aid
from models.base import local_today
from models.org import OrgUnit
from models.services.records import Service
from models.suppliers.admission import register
from models.suppliers.records import Condition, SupplierStatus
from models.suppliers.standing import change_status
from models.suppliers.supplier_forms import PaperForm, SupplierForm
from models.suppliers.workers import WorkerForm, add_worker

BY, AREA = "user:1", "021"


async def cleaning(session: AsyncSession) -> Service:
    """The service of the catalogue, which a database that was emptied has lost."""
    found = await session.scalar(select(Service).where(Service.code == "cleaning"))
    if found is None:
        found = Service(code="cleaning", aid=Aid.CLEANING, name_zh="居室保洁", name_en="cleaning", price_limit=3_000)
        session.add(found)
        await session.flush()
    return found


async def admit(session: AsyncSession, name: str, place: OrgUnit, *, phone: str, price: int) -> int:
    """A firm that cleans there; of those that are alike, the cheaper one is asked first (H10)."""
    today = local_today()
    since, until = today - timedelta(days=100), today + timedelta(days=300)
    service = await cleaning(session)
    form = SupplierForm(
        name=name,
        licence=f"99DEMO{phone}",
        phone=phone,
        sms_number="",
        agreement_from=since,
        agreement_until=until,
        papers={one: PaperForm("DEMO", "演示机关", since, until) for one in Condition},
        prices={service.id: price},
        areas=frozenset({place.id}),
    )
    firm = await register(session, form, by=BY, area_code=AREA)
    await add_worker(session, firm.id, WorkerForm("演示·钱工", phone, trained_on=since), by=BY, area_code=AREA)
    probation = SupplierStatus.PROBATION
    await change_status(session, firm.id, probation, reason="", version=firm.version, by=BY, today=today)
    return firm.id
