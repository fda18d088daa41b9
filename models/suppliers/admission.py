"""Admission files (S11) as they are written: a supplier, the papers of the six conditions, prices and places; and which
conditions are met. The form: `supplier_forms.py`; what may become of a supplier afterwards: `standing.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import flag_modified

from models.audit import audit
from models.base import utc_now
from models.register import FormRefused
from models.suppliers.records import Condition, Supplier, SupplierArea, SupplierPaper, SupplierService, SupplierStatus
from models.suppliers.supplier_forms import PaperForm, SupplierForm, check, licence_key
from models.text import plain
from models.versions import changing


def missing(valid_until: Mapping[Condition, date | None], today: date) -> tuple[Condition, ...]:
    """The conditions that are not met today. `valid_until` has those with a paper; None: without end."""
    return tuple(
        one
        for one in Condition
        if one not in valid_until or ((until := valid_until[one]) is not None and until < today)
    )


def running_out(
    valid_until: Mapping[Condition, date | None], today: date, within: timedelta
) -> tuple[tuple[Condition, date], ...]:
    """Papers that have run out or will soon, the most urgent first."""
    soon = [(one, until) for one, until in valid_until.items() if until is not None and until <= today + within]
    return tuple(sorted(soon, key=lambda entry: entry[1]))


async def register(session: AsyncSession, form: SupplierForm, *, by: str, area_code: str) -> Supplier:
    """A new supplier, which applies.

    Raises:
        FormRefused: something is wrong; the licence is another supplier's, or on the blacklist (H10).
    """
    checked = await check(session, form, None, area_code)
    supplier = Supplier(licence_key=licence_key(form.licence), **checked)
    session.add(supplier)
    await session.flush()
    await _parts(session, supplier.id, form, by)
    audit(session, by, "supplier.create", f"supplier:{supplier.id}", licence=supplier.licence, name=supplier.name)
    return supplier


async def change(
    session: AsyncSession, supplier_id: int, form: SupplierForm, *, version: int, by: str, area_code: str
) -> Supplier:
    """Make the file say what the form says.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: something is wrong; who has been admitted keeps the licence, who is on the blacklist everything.
    """
    async with changing(session, await session.get(Supplier, supplier_id), version=version) as supplier:
        if supplier.status is SupplierStatus.BLACKLISTED:
            raise FormRefused.of("name", "已列入黑名单，不得修改", "on the blacklist: nothing is changed any more")
        checked = await check(session, form, supplier, area_code)
        before = {name: getattr(supplier, name) for name in checked}
        changed = [name for name, value in checked.items() if before[name] != value]
        for name in changed:
            setattr(supplier, name, checked[name])
        supplier.licence_key = licence_key(supplier.licence)
        flag_modified(supplier, "name")  # a change of its parts alone is one of the file as well
        changed += await _parts(session, supplier.id, form, by)
        audit(session, by, "supplier.change", f"supplier:{supplier.id}", fields=changed)
    return supplier


async def papers_of(session: AsyncSession, supplier_id: int) -> dict[Condition, date | None]:
    """Conditions with a paper, and until when it counts."""
    found = select(SupplierPaper).where(SupplierPaper.supplier_id == supplier_id, SupplierPaper.issued_on.is_not(None))
    return {paper.condition: paper.valid_until for paper in await session.scalars(found)}


async def _parts(session: AsyncSession, supplier: int, form: SupplierForm, by: str) -> list[str]:
    """Papers, prices and places as the form has them; the names of those that have changed."""
    papers = {one.condition: one for one in await session.scalars(_of(SupplierPaper, supplier))}
    changed = [
        f"papers.{condition}"
        for condition in Condition
        if _put_paper(session, papers.get(condition), supplier, condition, form, by)
    ]
    prices = {one.service_id: one for one in await session.scalars(_of(SupplierService, supplier))}
    if {service: one.price for service, one in prices.items()} != dict(form.prices):
        changed.append("prices")
    for service, fen in form.prices.items():
        if service in prices:
            prices[service].price = fen
        else:
            session.add(SupplierService(supplier_id=supplier, service_id=service, price=fen))
    areas = {one.org_unit_id: one for one in await session.scalars(_of(SupplierArea, supplier))}
    if set(areas) != form.areas:
        changed.append("areas")
    session.add_all(SupplierArea(supplier_id=supplier, org_unit_id=one) for one in form.areas - set(areas))
    for row in (
        *(one for service, one in prices.items() if service not in form.prices),
        *(one for unit, one in areas.items() if unit not in form.areas),
    ):
        await session.delete(row)
    await session.flush()
    return changed


async def form_of(session: AsyncSession, supplier: Supplier) -> SupplierForm:
    """The file as a form would say it."""
    papers = {
        one.condition: PaperForm(one.number, one.issuer, one.issued_on, one.valid_until)
        for one in await session.scalars(_of(SupplierPaper, supplier.id))
    }
    return SupplierForm(
        name=supplier.name,
        licence=supplier.licence,
        phone=supplier.phone,
        sms_number=supplier.sms_number,
        contact_name=supplier.contact_name,
        address=supplier.address,
        capital=supplier.capital,
        agreement_from=supplier.agreement_from,
        agreement_until=supplier.agreement_until,
        notes=supplier.notes,
        papers=papers,
        prices={one.service_id: one.price for one in await session.scalars(_of(SupplierService, supplier.id))},
        areas=frozenset(one.org_unit_id for one in await session.scalars(_of(SupplierArea, supplier.id))),
    )


def _put_paper(
    session: AsyncSession,
    present: SupplierPaper | None,
    supplier: int,
    condition: Condition,
    form: SupplierForm,
    by: str,
) -> bool:
    """Whether the paper of this condition has changed: whoever saves it has looked at it."""
    said = form.papers.get(condition, PaperForm())
    until = form.agreement_until if condition is Condition.AGREEMENT and said.issued_on else said.valid_until
    wanted = (plain(said.number).strip(), plain(said.issuer).strip(), said.issued_on, until)
    there = (
        (present.number, present.issuer, present.issued_on, present.valid_until) if present else ("", "", None, None)
    )
    if wanted == there:
        return False
    if present is None:
        present = SupplierPaper(supplier_id=supplier, condition=condition)
        session.add(present)
    present.number, present.issuer, present.issued_on, present.valid_until = wanted
    present.checked_at, present.checked_by = utc_now(), by
    return True


Part = TypeVar("Part", SupplierPaper, SupplierService, SupplierArea)


def _of(part: type[Part], supplier: int) -> Select[Part]:
    return select(part).where(part.supplier_id == supplier)
