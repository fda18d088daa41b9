"""The tree of places as an administrator changes it: each change is on the audit log. A place to which somebody or
something still belongs is not removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from models.audit import audit
from models.elder_forms import FieldProblem
from models.elders import Elder
from models.masking import number as masked_number
from models.org import OrgKind, OrgUnit, add_unit, list_units, set_manager_phone
from models.people import User
from models.refusing import refuse
from models.register import FormRefused
from models.seats import Seat
from models.settlement.records import SettlementLine
from models.text import plain
from models.versions import NoSuchRecord, VersionConflict, fingerprint

MOST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """`parent`: the id of the place above; `manager_phone` of a community only."""

    name: str
    kind: OrgKind
    parent: int | None = None
    manager_phone: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the order of the tree; `depth` from 0; `elders`, `seats`, `users`: how many belong to it."""

    id: int
    parent: int | None
    kind: OrgKind
    name: str
    manager_phone: str
    depth: int
    version: int
    children: int
    elders: int
    seats: int
    users: int

    @property
    def in_use(self) -> bool:
        return bool(self.children or self.elders or self.seats or self.users)


def version_of(unit: OrgUnit) -> int:
    """The version that a change is made from."""
    return fingerprint(unit.name, unit.kind, unit.parent_id, unit.manager_phone)


async def places(session: AsyncSession) -> list[Place]:
    """The whole tree, each place before those below it."""
    units = await list_units(session)
    elders, seats, users = [
        await _counted(session, table) for table in (Elder.org_unit_id, Seat.org_unit_id, User.org_unit_id)
    ]
    below: dict[int | None, list[OrgUnit]] = {}
    for unit in units:
        below.setdefault(unit.parent_id, []).append(unit)

    def walk(parent: int | None, depth: int) -> list[Place]:
        found = []
        for unit in below.get(parent, []):
            found.append(
                Place(
                    id=unit.id,
                    parent=unit.parent_id,
                    kind=unit.kind,
                    name=unit.name,
                    manager_phone=unit.manager_phone,
                    depth=depth,
                    version=version_of(unit),
                    children=len(below.get(unit.id, [])),
                    elders=elders.get(unit.id, 0),
                    seats=seats.get(unit.id, 0),
                    users=users.get(unit.id, 0),
                )
            )
            found += walk(unit.id, depth + 1)
        return found

    return walk(None, 0)


async def open_place(session: AsyncSession, form: PlaceForm, *, by: str, area_code: str) -> OrgUnit:
    """A new place. Raises FormRefused."""
    await _check(session, form, None)
    unit = await add_unit(session, form.kind, form.name, parent=form.parent)
    await _set_phone(session, unit, form.manager_phone, area_code)
    audit(session, by, "place.create", f"place:{unit.id}", after=_shown(unit))
    return unit


async def change_place(
    session: AsyncSession, number: int, form: PlaceForm, *, version: int, by: str, area_code: str
) -> OrgUnit:
    """Another name, another place above, another mobile; the kind stays.

    Raises:
        NoSuchRecord: there is no such place.
        VersionConflict: somebody else changed it meanwhile.
        FormRefused: something in the form is wrong.
    """
    unit = await _unit(session, number, version)
    await _check(session, form, unit)
    before = _shown(unit)
    unit.name, unit.parent_id = plain(form.name).strip(), form.parent
    await _set_phone(session, unit, form.manager_phone, area_code)
    if _shown(unit) != before:
        audit(session, by, "place.change", f"place:{unit.id}", before=before, after=_shown(unit))
    return unit


async def remove_place(session: AsyncSession, number: int, *, version: int, by: str) -> None:
    """Raises NoSuchRecord, VersionConflict, FormRefused: it is in use."""
    unit = await _unit(session, number, version)
    place = next(one for one in await places(session) if one.id == number)
    if place.in_use:
        below, elders, seats, users = place.children, place.elders, place.seats, place.users
        refuse(
            "name",
            f"仍在使用：下级 {below}、老人 {elders}、坐席 {seats}、用户 {users}",
            f"still in use: {below} places below, {elders} elders, {seats} seats, {users} users",
        )
    settled = select(SettlementLine.id).where(SettlementLine.org_unit_id == number)
    if await session.scalar(settled.limit(1)) is not None:
        refuse("name", "该机构有结算记录，不能删除", "statements name this place: it stays")
    audit(session, by, "place.remove", f"place:{number}", before=_shown(unit))
    await session.delete(unit)


async def _unit(session: AsyncSession, number: int, version: int) -> OrgUnit:
    unit = await session.get(OrgUnit, number, with_for_update=True)
    if unit is None:
        raise NoSuchRecord
    if version != version_of(unit):
        raise VersionConflict(version_of(unit))
    return unit


async def _check(session: AsyncSession, form: PlaceForm, unit: OrgUnit | None) -> None:
    name = plain(form.name).strip()
    if not name or len(name) > MOST_NAME:
        refuse("name", f"请填写名称，最多{MOST_NAME}个字", f"a name of {MOST_NAME} characters at most is needed")
    units = {one.id: one for one in await list_units(session)}
    order = list(OrgKind)
    if form.parent is not None:
        above = units.get(form.parent)
        if above is None:
            refuse("parent", "没有这个上级机构", "there is no such place above")
        # Kinds go down along the tree, so a place can never come to stand below itself.
        if order.index(form.kind) <= order.index(above.kind):
            refuse("parent", "上级机构的级别应更高", "the place above must be of a higher kind")
    if any(one.name == name and one.parent_id == form.parent and one is not unit for one in units.values()):
        refuse("name", f"“{name}”已存在", f"{name!r} exists already")


async def _set_phone(session: AsyncSession, unit: OrgUnit, number: str, area_code: str) -> None:
    if unit.kind is not OrgKind.COMMUNITY and not number.strip():
        return
    try:
        await set_manager_phone(session, unit.id, number, area_code=area_code)
    except ValueError as problem:
        raise FormRefused((FieldProblem.of("manager_phone", problem),)) from None


async def _counted(session: AsyncSession, column: InstrumentedAttribute[int | None]) -> dict[int, int]:
    rows = await session.execute(select(column, func.count()).where(column.is_not(None)).group_by(column))
    return {unit: count for unit, count in rows if unit is not None}


def _shown(unit: OrgUnit) -> dict[str, object]:
    phone = masked_number(unit.manager_phone)
    return {"name": unit.name, "parent": unit.parent_id, "kind": str(unit.kind), "manager_phone": phone}
