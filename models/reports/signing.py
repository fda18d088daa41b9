"""Signing a report off: what it said then is kept, whatever is written into the records afterwards."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.org import OrgKind
from models.queries.reports import Figures, PlacePart, Report
from models.refusing import refuse
from models.reports.periods import parse
from models.reports.records import SignedReport
from models.scope import Scope
from models.versions import NoSuchRecord

LONGEST: Final = 500  # characters of a remark


async def sign(session: AsyncSession, report: Report, *, by: str, remark: str = "") -> SignedReport:
    """Keep this report as it stands.

    Raises:
        FormRefused: its period is not over, or the remark is too long.
    """
    if not report.is_over:
        refuse("period", "期间尚未结束, 不能签存", "the period is not over yet")
    if len(remark) > LONGEST:
        refuse("remark", f"不超过{LONGEST}字", f"at most {LONGEST} characters")
    parts = [
        {"unit": part.unit, "kind": part.kind, "name": part.name, "figures": _told(part.figures)}
        for part in report.parts
    ]
    row = SignedReport(
        unit=report.unit,
        unit_name=report.unit_name,
        period=report.period.text,
        first=report.period.first,
        last=report.period.last,
        at=report.at,
        by=by,
        remark=remark.strip(),
        content={"figures": _told(report.figures), "parts": parts},
    )
    session.add(row)
    await session.flush()
    audit(session, by, "report.sign", f"signed_report:{row.id}", unit=report.unit, period=report.period.text)
    return row


async def signed(session: AsyncSession, number: int, *, scope: Scope) -> SignedReport:
    """Raises NoSuchRecord: there is none, or its place is out of scope."""
    row = await session.get(SignedReport, number)
    if row is None or not scope.covers(row.unit):
        raise NoSuchRecord
    return row


async def signed_of(session: AsyncSession, unit: int | None, *, limit: int = 10) -> list[SignedReport]:
    """Those of this place, the latest first. Whether the place may be seen is asked before."""
    of_unit = SignedReport.unit.is_(None) if unit is None else SignedReport.unit == unit
    return list(
        await session.scalars(select(SignedReport).where(of_unit).order_by(SignedReport.id.desc()).limit(limit))
    )


def as_signed(row: SignedReport) -> Report:
    """The report as it was; day by day it was not kept. Figures that came later are 0 in it."""
    parts = tuple(
        PlacePart(part["unit"], OrgKind(part["kind"]) if part["kind"] else None, part["name"], Figures(part["figures"]))
        for part in row.content["parts"]
    )
    figures, period = Figures(row.content["figures"]), parse(row.period)
    return Report(row.unit, row.unit_name, period, row.at, True, figures, parts, days=(), counted_days=0)


def _told(figures: Figures) -> dict[str, int]:
    return {name: number for name, number in figures.numbers.items() if number}
