"""Suppliers of the demo district, as plainly invented as the rest of it: one that has proved itself, one on probation
whose papers run out soon, one that applies. With workers, one of them not trained yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.org import OrgKind, OrgUnit
from models.services.records import Service
from models.suppliers.accounts import link_account
from models.suppliers.admission import register
from models.suppliers.records import Condition, Supplier, SupplierStatus
from models.suppliers.standing import change_status, put_status
from models.suppliers.supplier_forms import PaperForm, SupplierForm, licence_key
from models.suppliers.workers import WorkerForm, add_worker

ACCOUNT: Final = "supplier"  # the log-in that belongs to the first of them
BY: Final = "demo"


@dataclass(frozen=True, slots=True)
class _Firm:
    """`services`: code to fen; `street`: serves only the first one; `left`: days until its papers run out."""

    name: str
    licence: str
    phone: str
    status: SupplierStatus
    services: dict[str, int]
    workers: tuple[tuple[str, bool], ...]
    street: bool = False
    left: int = 400


_FIRMS: Final = (
    _Firm(
        "演示·安心家政",
        "99DEMO00000000001A",
        "12000009001",
        SupplierStatus.ACTIVE,
        {"cleaning": 2_600, "bathing": 2_900, "medical": 2_800, "meals": 1_400, "housekeeping": 3_600},
        (("演示·钱工", True), ("演示·孙工", True), ("演示·李工", False)),
    ),
    _Firm(
        "演示·邻里帮",
        "99DEMO00000000002A",
        "12000009002",
        SupplierStatus.PROBATION,
        {"cleaning": 2_400, "walking": 2_500, "haircut": 1_800, "water_power": 4_500},
        (("演示·周工", True),),
        street=True,
        left=20,
    ),
    _Firm("演示·新来者", "99DEMO00000000003A", "12000009003", SupplierStatus.APPLYING, {"meals": 1_300}, ()),
)


async def make(session: AsyncSession, *, area_code: str) -> None:
    """Make those that are missing; the account, when there is one, belongs to the first."""
    first = None
    for number, firm in enumerate(_FIRMS, start=1):
        known = select(Supplier).where(Supplier.licence_key == licence_key(firm.licence))
        supplier = await session.scalar(known) or await _make(session, firm, number, area_code)
        first = first or supplier.id
    if first is not None:
        await link_account(session, first, ACCOUNT, by=BY)


async def _make(session: AsyncSession, firm: _Firm, number: int, area_code: str) -> Supplier:
    today = local_today()
    supplier = await register(session, await _form(session, firm, number, today), by=BY, area_code=area_code)
    for at, (name, trained) in enumerate(firm.workers, start=1):
        passed = today - timedelta(days=200) if trained else None
        until = today + timedelta(days=firm.left) if trained else None
        form = WorkerForm(
            name,
            f"1200000{9_100 + 10 * number + at}",
            training="上门服务规范" if trained else "",
            trained_on=passed,
            trained_until=until,
        )
        await add_worker(session, supplier.id, form, by=BY, area_code=area_code)
    if firm.status is not SupplierStatus.APPLYING:
        version, admitted = supplier.version, SupplierStatus.PROBATION
        await change_status(session, supplier.id, admitted, reason="材料齐全", version=version, by=BY, today=today)
    if firm.status is SupplierStatus.ACTIVE:  # whose year is over
        supplier.on_probation_until = today - timedelta(days=30)
        put_status(session, supplier, SupplierStatus.ACTIVE, "考察合格", BY)
    await session.flush()
    return supplier


async def _form(session: AsyncSession, firm: _Firm, number: int, today: date) -> SupplierForm:
    signed, ends = today - timedelta(days=300), today + timedelta(days=firm.left)
    codes = select(Service.code, Service.id).where(Service.code.in_(firm.services))
    services = {row.code: row.id for row in await session.execute(codes)}
    kind = OrgKind.STREET if firm.street else OrgKind.DISTRICT
    areas = (await session.scalars(select(OrgUnit.id).where(OrgUnit.kind == kind).order_by(OrgUnit.id).limit(1))).all()
    lacking = {Condition.TAX, Condition.STAFF} if firm.status is SupplierStatus.APPLYING else set()
    return SupplierForm(
        name=firm.name,
        licence=firm.licence,
        phone=firm.phone,
        sms_number=firm.phone,
        contact_name=f"演示·联系人{number}",
        address=f"示例路{number}号",
        capital=500_000,
        agreement_from=None if lacking else signed,
        agreement_until=None if lacking else ends,
        papers={
            one: PaperForm(f"DEMO-{number}-{at}", "演示机关", signed, ends)
            for at, one in enumerate(Condition, start=1)
            if one not in lacking and (one is not Condition.AGREEMENT or not lacking)
        },
        prices={services[code]: fen for code, fen in firm.services.items() if code in services},
        areas=frozenset(areas),
    )
