"""Who is calling: from a number to the file that agents see (S7). On the way of a live call: one query or two."""

from __future__ import annotations

from functools import cache

from sqlalchemy import ColumnElement, Select, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ivr.case import ContactCard, ElderFile
from models.addresses import full_address
from models.elders import SERVED, Contact, ContactPhone, Elder, Terminal
from models.org import OrgKind, OrgUnit
from models.phone_numbers import canonical, national

_LEVELS = 4
_HOUSEHOLD = 8  # more people behind one number are no household


async def find_file(session: AsyncSession, caller: str, area_code: str) -> ElderFile | None:
    """The first of `find_files`; None when nobody is known by this number."""
    return next(iter(await find_files(session, caller, area_code)), None)


async def find_files(session: AsyncSession, caller: str, area_code: str) -> list[ElderFile]:
    """The files of the elders with this terminal line or home phone: the terminal's first, confirmed ones before
    provisional ones. Elders who moved away or died do not count; a provisional file stands for a number only while
    nobody else does.
    """
    number = canonical(caller, area_code)
    if not number:
        return []
    by_line = (
        select(Elder.id, literal(1).label("rank"), Elder.provisional)
        .join(Terminal, Terminal.elder_id == Elder.id)
        .where(Terminal.line_canonical == number, Elder.status.in_(SERVED))
    )
    by_home = select(Elder.id, literal(2).label("rank"), Elder.provisional).where(
        Elder.home_phone_canonical == number, Elder.status.in_(SERVED)
    )
    found = union_all(by_line, by_home).subquery()
    by_merit = select(found.c.id, found.c.provisional).order_by(found.c.rank, found.c.provisional, found.c.id)
    rows = (await session.execute(by_merit.limit(_HOUSEHOLD))).all()
    elders = dict.fromkeys(
        elder for elder, provisional in rows if not provisional or provisional == rows[0].provisional
    )
    files = [await _file(session, Elder.id == elder) for elder in elders]
    return [file for file in files if file is not None]


async def find_files_of_device(session: AsyncSession, device: str, area_code: str) -> list[ElderFile]:
    """The files of those to whom a device of this serial number belongs, else of those with this number."""
    serial = device.strip().lower()
    found = (
        select(Terminal.elder_id)
        .join(Elder, Elder.id == Terminal.elder_id)
        .where(func.lower(Terminal.serial) == serial, Elder.status.in_(SERVED))
        .order_by(Terminal.id)
        .limit(_HOUSEHOLD)
    )
    elders = dict.fromkeys(await session.scalars(found)) if serial else {}
    files = [await _file(session, Elder.id == elder) for elder in elders]
    return [file for file in files if file is not None] or await find_files(session, device, area_code)


async def file_of(session: AsyncSession, elder_id: int) -> ElderFile | None:
    """This elder's file; None when there is no such elder."""
    return await _file(session, Elder.id == elder_id)


async def _file(session: AsyncSession, which: ColumnElement[bool]) -> ElderFile | None:
    row = (await session.execute(_elder_and_units().where(which))).first()
    if row is None:
        return None
    elder: Elder = row[0]
    home: OrgUnit | None = row[1]
    units: list[str] = [name for name in reversed(row[2:]) if name]
    if home is not None:
        units.append(home.name)
    community = home if home is not None and home.kind is OrgKind.COMMUNITY else None
    terminals = await _terminals(session, elder.id)
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
        community_id=community.id if community is not None else None,
        community_phone=community.manager_phone if community is not None else "",
        language=elder.language,
        agreement_signed=elder.agreement_signed_on is not None,
        provisional=elder.provisional,
        lines=tuple(national(line) for line, _ in terminals),
        devices=tuple(serial for _, serial in terminals if serial),
        contacts=await _cards(session, elder.id),
    )


@cache
def _elder_and_units() -> Select[Elder, OrgUnit | None, *tuple[str | None, ...]]:
    """The elder, the unit that they live in, and the names of those above it, the smallest first. Made once: each call
    asks it."""
    levels = [aliased(OrgUnit) for _ in range(_LEVELS)]
    query = select(Elder, levels[0], *(level.name for level in levels[1:]))
    below: ColumnElement[int | None] = Elder.org_unit_id  # type: ignore[assignment]
    for level in levels:
        query = query.outerjoin(level, level.id == below)
        below = level.parent_id  # type: ignore[assignment]
    return query


async def _terminals(session: AsyncSession, elder_id: int) -> list[tuple[str, str]]:
    """Line and serial number of each."""
    terminals = select(Terminal.line_canonical, Terminal.serial).where(Terminal.elder_id == elder_id)
    return [(line, serial) for line, serial in await session.execute(terminals.order_by(Terminal.id))]


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
