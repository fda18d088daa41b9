"""Rights by row: which places an account may look at. Every query that tells of people takes a `Scope` and asks it in
SQL, before pages are cut; what lies outside is not there. Computed here alone, from roles and org unit of a user.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from models import roles as duties
from models.cases import CaseRow
from models.elders import Elder
from models.org import above, subtree
from models.suppliers.records import Supplier, SupplierAccount, SupplierArea


@dataclass(frozen=True, slots=True)
class Scope:
    """`units`: ids of places, or None for all places and for people of no place (provisional files). `elders` and
    `cases` are in hand now, on the account's own seat: they are seen wherever they are from. `supplier`: this is an
    account of that supplier, which sees its own record and nobody else's."""

    units: frozenset[int] | None = None
    elders: frozenset[int] = frozenset()
    cases: frozenset[str] = frozenset()
    supplier: int | None = None

    @property
    def everywhere(self) -> bool:
        return self.units is None

    def covers(self, unit: int | None) -> bool:
        """Whether people of this place may be seen; None: of no place."""
        return self.units is None or unit in self.units

    def of_elders(self) -> ColumnElement[bool]:
        """For a query with `Elder` in it; with an outer join what belongs to no elder is seen from everywhere only."""
        if self.units is None:
            return true()
        return or_(Elder.org_unit_id.in_(self.units), Elder.id.in_(self.elders))

    def of_cases(self) -> ColumnElement[bool]:
        """For a query with `CaseRow` and `Elder` in it."""
        return true() if self.units is None else or_(self.of_elders(), CaseRow.id.in_(self.cases))

    def of_suppliers(self) -> ColumnElement[bool]:
        """For a query with `Supplier` in it: those that serve one of these places."""
        if self.supplier is not None:
            return Supplier.id == self.supplier
        if self.units is None:
            return true()
        served = SupplierArea.org_unit_id.in_(self.units) | SupplierArea.org_unit_id.in_(above(self.units))
        return Supplier.id.in_(select(SupplierArea.supplier_id).where(served))


EVERYWHERE: Final = Scope()
NOWHERE: Final = Scope(units=frozenset())


async def scope_of(
    session: AsyncSession, roles: Collection[str], org_unit_id: int | None, *, user: int | None = None
) -> Scope:
    """Who has a unit sees it with all below it; who has none sees everything, unless it is a duty that needs a place or
    has no business with people. A supplier's `user` sees the record of that supplier."""
    if duties.UserRole.SUPPLIER in roles:
        account = await session.get(SupplierAccount, user) if user is not None else None
        return NOWHERE if account is None else replace(NOWHERE, supplier=account.supplier_id)
    if any(role in duties.EVERYWHERE for role in roles):
        return EVERYWHERE
    if org_unit_id is not None:
        return Scope(units=frozenset(await session.scalars(subtree(org_unit_id))))
    if any(role in duties.PLACED for role in roles) or all(role in duties.NOWHERE for role in roles):
        return NOWHERE
    return EVERYWHERE
