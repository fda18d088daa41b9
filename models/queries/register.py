"""Who is calling: from a number to the file that agents see (S7). On the way of a live call: one query or two."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, case, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from ivr.case import ContactCard, ElderFile
from ivr.vocabulary import Relation
from models.addresses import full_address
from models.elders import GONE, Contact, ContactPhone, Elder, Terminal
from models.org import OrgKind, OrgUnit
from models.phone_numbers import canonical, national

_LEVELS = 4
_Asked = Mapping[str, Sequence[int]]
_HOUSEHOLD = 8  # more people behind one number are no household


async def find_file(session: AsyncSession, caller: str, area_code: str) -> ElderFile | None:
    """The first of `find_files`; None when nobody is known by this number."""
    return next(iter(await find_files(session, caller, area_code)), None)


async def find_files(session: AsyncSession, caller: str, area_code: str) -> list[ElderFile]:
    """The files of the elders with this terminal line or home phone: the terminal's first, confirmed ones before
    provisional ones. A provisional file stands for a number only while nobody else does, and so does that of an elder
    who moved away or died: somebody calls from there, and the agent sees at once whose line it was.
    """
    number = canonical(caller, area_code)
    if not number:
        return []
    rows = (await session.execute(_known_by(), {"number": number})).all()
    elders = dict.fromkeys(
        row.id
        for row in rows
        if row.gone == rows[0].gone and (not row.provisional or row.provisional == rows[0].provisional)
    )
    return await files_of(session, list(elders))


async def find_files_of_device(session: AsyncSession, device: str, area_code: str) -> list[ElderFile]:
    """The files of those to whom a device of this serial number belongs, else of those with this number."""
    serial = device.strip().lower()
    found = (
        select(Elder.id, _GONE.label("gone"))
        .join(Terminal, Terminal.elder_id == Elder.id)
        .where(func.lower(Terminal.serial) == serial)
        .order_by("gone", Terminal.id)
        .limit(_HOUSEHOLD)
    )
    rows = (await session.execute(found)).all() if serial else []
    elders = dict.fromkeys(row.id for row in rows if row.gone == rows[0].gone)
    return await files_of(session, list(elders)) or await find_files(session, device, area_code)


async def file_of(session: AsyncSession, elder_id: int) -> ElderFile | None:
    """This elder's file; None when there is no such elder."""
    return next(iter(await files_of(session, [elder_id])), None)


async def files_of(session: AsyncSession, elders: Sequence[int]) -> list[ElderFile]:
    """The files of those of them that there are, in this order: three queries for all."""
    if not elders:
        return []
    asked = {"elders": elders}
    terminals, cards = await _terminals(session, asked), await _cards(session, asked)
    found = {
        row[0].id: _file(row[0], row[1], row[2:], terminals[row[0].id], cards[row[0].id])
        for row in await session.execute(_elders_and_units(), asked)
    }
    return [found[elder] for elder in elders if elder in found]


def _file(
    elder: Elder,
    home: OrgUnit | None,
    above: Sequence[str | None],
    terminals: Sequence[tuple[str, str]],
    contacts: Iterable[ContactCard],
) -> ElderFile:
    """`home`: the unit that they live in; `above`: the names of those above it, the smallest first."""
    units = [name for name in reversed(above) if name]
    if home is not None:
        units.append(home.name)
    community = home if home is not None and home.kind is OrgKind.COMMUNITY else None
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
        illnesses=elder.illnesses,
        medicines=elder.medicines,
        allergies=elder.allergies,
        blood_type=elder.blood_type,
        mobility=elder.mobility,
        hearing=elder.hearing,
        aids=elder.aids,
        doctor=elder.doctor,
        notes=elder.notes,
        status=str(elder.status),
        status_since=elder.status_since,
        status_until=elder.status_until,
        service_class=elder.service_class,
        community_id=community.id if community is not None else None,
        community_phone=community.manager_phone if community is not None else "",
        org_unit_id=elder.org_unit_id,
        language=elder.language,
        agreement_signed=elder.agreement_signed_on is not None,
        provisional=elder.provisional,
        lines=tuple(national(line) for line, _ in terminals),
        devices=tuple(serial for _, serial in terminals if serial),
        contacts=tuple(contacts),
    )


# --- statements are made once: each call asks them --------------------------------------------------------------------

_GONE: ColumnElement[int] = case((Elder.status.in_(GONE), 1), else_=0)
_ELDERS: BindParameter[int] = bindparam("elders", expanding=True)


@cache
def _known_by() -> Select[int, bool, int]:
    """Who is known by `number`, whether only provisionally, and whether (1) they are gone from there."""
    number: BindParameter[str] = bindparam("number")
    by_line = (
        select(Elder.id, literal(1).label("rank"), Elder.provisional, _GONE.label("gone"))
        .join(Terminal, Terminal.elder_id == Elder.id)
        .where(Terminal.line_canonical == number)
    )
    by_home = select(Elder.id, literal(2).label("rank"), Elder.provisional, _GONE.label("gone")).where(
        Elder.home_phone_canonical == number
    )
    found = union_all(by_line, by_home).subquery()
    by_merit = select(found.c.id, found.c.provisional, found.c.gone).order_by(
        found.c.gone, found.c.rank, found.c.provisional, found.c.id
    )
    return by_merit.limit(_HOUSEHOLD)


@cache
def _elders_and_units() -> Select[Elder, OrgUnit | None, *tuple[str | None, ...]]:
    """Each elder, the unit that they live in, and the names of those above it, the smallest first."""
    levels = [aliased(OrgUnit) for _ in range(_LEVELS)]
    query = select(Elder, levels[0], *(level.name for level in levels[1:]))
    below: ColumnElement[int | None] = Elder.org_unit_id  # type: ignore[assignment]
    for level in levels:
        query = query.outerjoin(level, level.id == below)
        below = level.parent_id  # type: ignore[assignment]
    return query.where(Elder.id.in_(_ELDERS))


@cache
def _terminals_of() -> Select[int, str, str]:
    query = select(Terminal.elder_id, Terminal.line_canonical, Terminal.serial)
    return query.where(Terminal.elder_id.in_(_ELDERS)).order_by(Terminal.id)


@cache
def _contacts_of() -> Select[int, int, str, str, Relation, str | None]:
    """A row for each phone of each contact, or one without phone."""
    return (
        select(Contact.elder_id, Contact.id, Contact.name, Contact.relation, Contact.kind, ContactPhone.number)
        .outerjoin(ContactPhone, ContactPhone.contact_id == Contact.id)
        .where(Contact.elder_id.in_(_ELDERS))
        .order_by(Contact.position, Contact.id, ContactPhone.position, ContactPhone.id)
    )


async def _terminals(session: AsyncSession, asked: _Asked) -> dict[int, list[tuple[str, str]]]:
    """Line and serial number of each, by elder."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for elder, line, serial in await session.execute(_terminals_of(), asked):
        found[elder].append((line, serial))
    return found


async def _cards(session: AsyncSession, asked: _Asked) -> dict[int, list[ContactCard]]:
    """The contacts in the order in which they are called, by elder."""
    found: dict[int, list[ContactCard]] = defaultdict(list)
    for (elder, number, name, relation, kind), rows in groupby(
        await session.execute(_contacts_of(), asked), key=itemgetter(slice(5))
    ):
        phones = tuple(row.number for row in rows if row.number)
        found[elder].append(ContactCard(id=number, name=name, relation=relation or str(kind), phones=phones, kind=kind))
    return found
