"""Which accounts belong to a supplier: they see its record, its workers and its orders, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.people import User, UserRole
from models.refusing import refuse
from models.suppliers.records import Supplier, SupplierAccount
from models.versions import NoSuchRecord


async def accounts_of(session: AsyncSession, supplier_id: int) -> Sequence[User]:
    """By user name."""
    wanted = select(User).join(SupplierAccount, SupplierAccount.user_id == User.id)
    return (
        await session.scalars(wanted.where(SupplierAccount.supplier_id == supplier_id).order_by(User.username))
    ).all()


async def link_account(session: AsyncSession, supplier_id: int, username: str, *, by: str) -> None:
    """From now on this account is the supplier's; it was nobody's or another's before.

    Raises:
        NoSuchRecord: there is no such supplier.
        FormRefused: there is no such account, or it is no supplier's.
    """
    if await session.get(Supplier, supplier_id) is None:
        raise NoSuchRecord
    user = await session.scalar(select(User).where(User.username == username.strip().lower()))
    if user is None or UserRole.SUPPLIER not in user.roles:
        refuse("username", "没有此用户，或其角色不是服务商", "no such account, or not one with the duty of a supplier")
    await session.merge(SupplierAccount(user_id=user.id, supplier_id=supplier_id))
    audit(session, by, "supplier.account", f"supplier:{supplier_id}", after=f"user:{user.id}")


async def unlink_account(session: AsyncSession, supplier_id: int, user_id: int, *, by: str) -> None:
    """The account sees nothing any more. Raises NoSuchRecord: it is not this supplier's."""
    row = await session.get(SupplierAccount, user_id)
    if row is None or row.supplier_id != supplier_id:
        raise NoSuchRecord
    await session.delete(row)
    audit(session, by, "supplier.account", f"supplier:{supplier_id}", before=f"user:{user_id}")
