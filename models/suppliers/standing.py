"""What may become of a supplier: admitted for a year on probation, confirmed, suspended, taken back, blacklisted for
good (H9, H10). Which status may follow which stands at the top."""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.refusing import refuse
from models.suppliers.admission import missing, papers_of
from models.suppliers.records import Supplier, SupplierStatus, SupplierStatusChange
from models.suppliers.supplier_forms import LONGEST
from models.suppliers.suspension import may_come_back
from models.text import plain
from models.versions import changing

SUCCESSORS: Final[dict[SupplierStatus, frozenset[SupplierStatus]]] = {
    SupplierStatus.APPLYING: frozenset({SupplierStatus.PROBATION, SupplierStatus.BLACKLISTED}),
    SupplierStatus.PROBATION: frozenset({SupplierStatus.ACTIVE, SupplierStatus.SUSPENDED, SupplierStatus.BLACKLISTED}),
    SupplierStatus.ACTIVE: frozenset({SupplierStatus.SUSPENDED, SupplierStatus.BLACKLISTED}),
    SupplierStatus.SUSPENDED: frozenset({SupplierStatus.PROBATION, SupplierStatus.BLACKLISTED}),
    SupplierStatus.BLACKLISTED: frozenset(),
}
NEEDS_REASON: Final = frozenset({SupplierStatus.SUSPENDED, SupplierStatus.BLACKLISTED})


def a_year_after(day: date) -> date:
    """The last day of the probation that begins on this day (H10)."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, day=28)


async def change_status(
    session: AsyncSession, supplier_id: int, new: SupplierStatus, *, reason: str, version: int, by: str, today: date
) -> Supplier:
    """By a person, who says why.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: this status cannot follow, or not yet.
    """
    reason = plain(reason).strip()
    async with changing(session, await session.get(Supplier, supplier_id), version=version) as supplier:
        if new not in SUCCESSORS[supplier.status]:
            refuse("status", "当前状态不能这样变更", "this cannot follow the present status")
        if new in NEEDS_REASON and not reason:
            refuse("reason", "请填写原因", "the reason is needed")
        if len(reason) > LONGEST:
            refuse("reason", f"不得超过{LONGEST}字", f"{LONGEST} characters at most")
        if new is SupplierStatus.PROBATION:
            await _check_admission(session, supplier, today)
            supplier.on_probation_until = a_year_after(today)
        if new is SupplierStatus.ACTIVE and (until := supplier.on_probation_until) is not None and today <= until:
            refuse("status", f"考察期至{until}，尚未结束", f"on probation until {until}")
        put_status(session, supplier, new, reason, by)
    return supplier


def put_status(session: AsyncSession, supplier: Supplier, new: SupplierStatus, reason: str, by: str) -> None:
    """Written down, with the reason; whether it may follow is the caller's to know."""
    now, old = utc_now(), supplier.status
    supplier.status, supplier.status_since, supplier.status_reason = new, now, reason
    session.add(SupplierStatusChange(supplier_id=supplier.id, at=now, by=by, old=old, new=new, reason=reason))
    audit(session, by, "supplier.status", f"supplier:{supplier.id}", before=old, after=new, reason=reason)


async def history_of(session: AsyncSession, supplier_id: int) -> list[SupplierStatusChange]:
    """Every change of status, the oldest first."""
    found = select(SupplierStatusChange).where(SupplierStatusChange.supplier_id == supplier_id)
    return list(await session.scalars(found.order_by(SupplierStatusChange.at, SupplierStatusChange.id)))


async def _check_admission(session: AsyncSession, supplier: Supplier, today: date) -> None:
    """Raises FormRefused: the file does not bear it, or the second chance is used up (H10)."""
    lacking = missing(await papers_of(session, supplier.id), today)
    if lacking:
        refuse(
            "status",
            f"六项准入条件中有{len(lacking)}项缺少材料或已过期",
            f"{len(lacking)} of the six conditions lack a paper, or it has run out",
        )
    begins, ends = supplier.agreement_from, supplier.agreement_until
    if begins is None or ends is None or not begins <= today <= ends:
        refuse("status", "协议未生效或已到期", "no agreement is in force")
    if supplier.status is SupplierStatus.SUSPENDED:
        history = [(one.old, one.new) for one in await history_of(session, supplier.id)]
        if not may_come_back(history):
            refuse(
                "status",
                "考察期内再次暂停，只能列入黑名单(H10)",
                "suspended again while on probation: only the blacklist is left (H10)",
            )
