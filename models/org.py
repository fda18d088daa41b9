"""The tree of places: city, district, street, community. Rights and reports follow it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Select, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.numbers import SERVICES
from models.base import Base, choice
from models.phone_numbers import dialable
from models.text import plain


class OrgKind(StrEnum):
    CITY = "city"
    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"


class OrgUnit(Base):
    """`manager_phone`: the mobile of a community's manager, rung when nobody is at its seat (H2)."""

    __tablename__ = "org_units"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="RESTRICT"))
    kind: Mapped[OrgKind] = mapped_column(choice(OrgKind))
    name: Mapped[str]
    manager_phone: Mapped[str] = mapped_column(default="")


class UnknownOrgUnit(Exception):
    """There is no such place in the tree; the text names it."""


async def get_or_create(session: AsyncSession, kind: OrgKind, name: str, *, parent: int | None = None) -> OrgUnit:
    """The unit of this name below `parent`, made when it is missing."""
    found = await find_unit(session, name, parent=parent)
    if found is None:
        found = OrgUnit(kind=kind, name=name, parent_id=parent)
        session.add(found)
        await session.flush()
    return found


async def find_unit(session: AsyncSession, name: str, *, parent: int | None) -> OrgUnit | None:
    """The unit of this name directly below `parent`; None when there is none."""
    return await session.scalar(select(OrgUnit).where(OrgUnit.name == name, _below(parent)))


async def list_units(session: AsyncSession) -> list[OrgUnit]:
    """The whole tree, parents before their children."""
    order = {kind: place for place, kind in enumerate(OrgKind)}
    units = (await session.scalars(select(OrgUnit).order_by(OrgUnit.id))).all()
    return sorted(units, key=lambda unit: (order[unit.kind], unit.id))


def subtree(unit: int) -> Select[int]:
    """The ids of this unit and of all below it."""
    return below(OrgUnit.id == unit)


def below(top: ColumnElement[bool]) -> Select[int]:
    """The ids of the units that meet this condition, and of all below them."""
    tree = select(OrgUnit.id).where(top).cte("tree", recursive=True)
    tree = tree.union_all(select(OrgUnit.id).join(tree, OrgUnit.parent_id == tree.c.id))
    return select(tree.c.id)


def above(units: Collection[int]) -> Select[int]:
    """The ids of the units that lie above any of these."""
    parent = select(OrgUnit.parent_id.label("id")).where(OrgUnit.id.in_(units), OrgUnit.parent_id.is_not(None))
    tree = parent.cte("above", recursive=True)
    higher = select(OrgUnit.parent_id).join(tree, OrgUnit.id == tree.c.id).where(OrgUnit.parent_id.is_not(None))
    return select(tree.union(higher).c.id)


async def way_to(session: AsyncSession, unit: int) -> str:
    """The names from the top down to this unit (`区 / 街道 / 社区`); empty when there is none."""
    names: list[str] = []
    above: int | None = unit
    while above is not None and len(names) < len(OrgKind):
        found = await session.get(OrgUnit, above)
        if found is None:
            break
        names.append(found.name)
        above = found.parent_id
    return " / ".join(reversed(names))


async def add_unit(session: AsyncSession, kind: OrgKind, name: str, *, parent: int | None) -> OrgUnit:
    """A new unit.

    Raises:
        UnknownOrgUnit: there is no unit `parent`.
        ValueError: the name is empty or taken, or the kind does not belong below the parent.
    """
    name = plain(name).strip()
    if not name:
        raise ValueError("名称不能为空 / a name is needed")
    above = None if parent is None else await session.get(OrgUnit, parent)
    if parent is not None and above is None:
        raise UnknownOrgUnit(f"没有编号为 {parent} 的机构 / there is no unit {parent}")
    order = list(OrgKind)
    if above is not None and order.index(kind) <= order.index(above.kind):
        raise ValueError(f"{kind} 不能设在 {above.kind} 之下 / a {kind} cannot be below a {above.kind}")
    if await session.scalar(select(OrgUnit.id).where(OrgUnit.name == name, _below(parent))) is not None:
        raise ValueError(f"“{name}”已存在 / {name!r} exists already")
    return await get_or_create(session, kind, name, parent=parent)


async def set_manager_phone(session: AsyncSession, unit: int, number: str, *, area_code: str) -> OrgUnit:
    """The mobile that is rung when nobody is at this community's seat (H2); empty: none.

    Raises:
        UnknownOrgUnit: there is no such unit.
        ValueError: it is no community, or the number cannot be rung.
    """
    found = await session.get(OrgUnit, unit)
    if found is None:
        raise UnknownOrgUnit(f"没有编号为 {unit} 的机构 / there is no unit {unit}")
    if found.kind is not OrgKind.COMMUNITY:
        raise ValueError(f"“{found.name}”不是社区，没有社区坐席 / {found.name!r} is no community")
    found.manager_phone = dialable(number, area_code) if number.strip() else ""
    if found.manager_phone in SERVICES:
        raise ValueError("110、119、120 不能作为负责人手机 / 110, 119 and 120 are nobody's mobile")
    return found


def _below(parent: int | None) -> ColumnElement[bool]:
    return OrgUnit.parent_id.is_(None) if parent is None else OrgUnit.parent_id == parent
