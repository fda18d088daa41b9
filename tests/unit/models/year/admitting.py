"""What a leader decides about firms: confirmed after a year, taken back after a suspension, or the blacklist (H10)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from sqlalchemy import select

from models.register import FormRefused
from models.suppliers.records import Supplier, SupplierStatus
from models.suppliers.standing import change_status

from .clock import moment
from .life import LEADER, Life
from .log import What


async def confirm(life: Life, firm: int) -> None:
    """The year on probation is over, unless a suspension has begun another one."""
    row = await life.session.get_one(Supplier, firm)
    over = row.on_probation_until is not None and row.on_probation_until < life.today
    if row.status is SupplierStatus.PROBATION and over:
        await _put(life, row, SupplierStatus.ACTIVE)
        life.say(What.CONFIRMED, supplier=firm)


async def look_at_suspended(life: Life, known: set[int]) -> None:
    """Each day: for who is suspended, the day is set on which it is decided what becomes of it."""
    life.at(moment(life.today + timedelta(days=1), 18), partial(look_at_suspended, life, known))
    rows = select(Supplier.id).where(Supplier.status == SupplierStatus.SUSPENDED)
    for firm in (await life.session.scalars(rows)).all():
        if firm not in known:
            known.add(firm)
            day = life.today + timedelta(days=life.chance.randint(10, 30))
            life.at(moment(day, 10), partial(decide, life, firm, known))


async def decide(life: Life, firm: int, known: set[int]) -> None:
    known.discard(firm)
    row = await life.session.get_one(Supplier, firm)
    try:
        await _put(life, row, SupplierStatus.PROBATION)
        life.say(What.TAKEN_BACK, supplier=firm)
    except FormRefused:
        life.say(What.NOT_TAKEN_BACK, supplier=firm)
        await _put(life, row, SupplierStatus.BLACKLISTED)
        life.say(What.BLACKLISTED, supplier=firm)


async def _put(life: Life, row: Supplier, new: SupplierStatus) -> None:
    await change_status(life.session, row.id, new, reason="演示", version=row.version, by=LEADER, today=life.today)
