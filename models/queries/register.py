"""Who is calling: from a number to the file that agents see (S7). On the way of a live call: one query or two."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, Select, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ivr.case import ContactCard, ElderFile
from models.addresses import full_address
from models.elders import SERVED, Contact, ContactPhone, Elder, Terminal
from models.org import OrgUnit
from models.phone_numbers import canonical

_LEVELS = 4


async def find_file(session: AsyncSession, caller: str, area_code: str) -> ElderFile | None:
    """The file of the elder with this terminal line, else with this home phone; None when nobody is known by it.

    Elders who moved away or died do not count; a confirmed file goes before a provisional one.
    """
    number = canonical(caller, area_code)
    if not number:
        return None
    by_line = (
        select(Elder.id, literal(1).label("rank"), Elder.provisional)
        .join(Terminal, Terminal.elder_id == Elder.id)
        .where(Terminal.line_canonical == number, Elder.status.in_(SERVED))
    )
    by_home = select(Elder.id, literal(2).label("rank"), Elder.provisional).where(
        Elder.home_phone_canonical == number, Elder.status.in_(SERVED)
    )
    found = union_all(by_line, by_home).subquery()
    best = select(found.c.id).order_by(found.c.rank, found.c.provisional, found.c.id).limit(1)
    return await _file(session, Elder.id == best.scalar_subquery())


async def file_of(session: AsyncSession, elder_id: int) -> ElderFile | None:
    """This elder's file; None when there is no such elder."""
    return await _file(session, Elder.id == elder_id)


async def _file(session: AsyncSession, which: ColumnElement[bool]) -> ElderFile | None:
    row = (await session.execute(_elder_and_units().where(which))).first()
    if row is None:
        return None
    elder: Elder = row[0]
    units: list[str] = [name for name in reversed(row[1:]) if name]
    return ElderFile(
        id=elder.id,
        name=elder.name,
        sex=elder.sex,
        born=elder.born,
        home_phone=elder.home_phone,
        address=full_address(elder, units),
        community=units[-1] if units else "",
        landmark=elder.landmark,
        bus_stop=elder.bus_stop,
        way_in=elder.way_in,
        health=elder.health,
        notes=elder.notes,
        service_class=elder.service_class,
        language=elder.language,
        agreement_signed=elder.agreement_signed_on is not None,
        provisional=elder.provisional,
        contacts=await _cards(session, elder.id),
    )


@cache
def _elder_and_units() -> Select[Elder, *tuple[str | None, ...]]:
    """The elder and the names of the units that they live in, the smallest first. Made once: each call asks it."""
    levels = [aliased(OrgUnit) for _ in range(_LEVELS)]
    query = select(Elder, *(level.name for level in levels))
    below: ColumnElement[int | None] = Elder.org_unit_id  # type: ignore[assignment]
    for level in levels:
        query = query.outerjoin(level, level.id == below)
        below = level.parent_id  # type: ignore[assignment]
    return query


async def _cards(session: AsyncSession, elder_id: int) -> tuple[ContactCard, ...]:
    rows = await session.execute(
        select(Contact.id, Contact.name, Contact.relation, Contact.kind, ContactPhone.number)
        .outerjoin(ContactPhone, ContactPhone.contact_id == Contact.id)
        .where(Contact.elder_id == elder_id)
        .order_by(Contact.position, Contact.id, ContactPhone.position, ContactPhone.id)
    )
    cards: dict[int, ContactCard] = {}
    for number, name, relation, kind, phone in rows:
        known = cards.get(number)
        phones = (*(known.phones if known else ()), *([phone] if phone else []))
        cards[number] = ContactCard(id=number, name=name, relation=relation or str(kind), phones=phones, kind=kind)
    return tuple(cards.values())
