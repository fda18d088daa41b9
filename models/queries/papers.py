"""Papers as lists: of one file, those that run out, files that lack one (S1.10, S6, S7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.elders import SERVED, Elder, ElderStatus
from models.org import OrgUnit
from models.papers import CLASS_PAPERS, OF_CLASS, SIGNED, Paper, PaperKind
from models.queries.elders import on_file
from models.queries.paging import Page, read_page
from models.scope import Scope

Lack = Literal["agreement", "notice", "class_paper", "expiring"]
LACKS: Final[tuple[Lack, ...]] = get_args(Lack)


@dataclass(frozen=True, slots=True)
class PaperView:
    """`url` leads to the scan, empty when there is none; `expired` as of today."""

    id: int
    version: int
    kind: PaperKind
    number: str
    issuer: str
    issued_on: date
    valid_until: date | None
    expired: bool
    url: str
    scan_type: str
    scan_size: int
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class LackingElder:
    """A file that lacks a paper, or (`kind`, `valid_until`) whose paper runs out or has run out."""

    id: int
    name: str
    community: str
    service_class: int
    status: ElderStatus
    kind: PaperKind | None
    valid_until: date | None


async def papers_of(session: AsyncSession, elder: int, today: date) -> tuple[PaperView, ...]:
    """The papers of this file, the newest first."""
    query = select(Paper).where(Paper.elder_id == elder).order_by(Paper.issued_on.desc(), Paper.id.desc())
    return tuple(paper_view(row, today) for row in await session.scalars(query))


def paper_view(row: Paper, today: date) -> PaperView:
    return PaperView(
        id=row.id,
        version=row.version,
        kind=row.kind,
        number=row.number,
        issuer=row.issuer,
        issued_on=row.issued_on,
        valid_until=row.valid_until,
        expired=row.valid_until is not None and row.valid_until < today,
        url=f"/elders/{row.elder_id}/papers/{row.id}/scan" if row.scan else "",
        scan_type=row.scan_type,
        scan_size=row.scan_size,
        added_at=row.added_at,
        added_by=row.added_by,
    )


async def list_lacking(
    session: AsyncSession,
    lack: Lack,
    *,
    scope: Scope,
    today: date,
    until: date,
    org_unit: int | None = None,
    limit: int = 50,
    after: int = 0,
) -> Page[LackingElder]:
    """Elders whom we serve and whose file lacks this, by id. `expiring`: what a file rests on runs out by `until` and
    nothing of its kind lasts longer. The cursor is the id of the last elder."""
    paper = aliased(Paper)
    last = _last_expiring(until) if lack == "expiring" else None
    query = (
        select(Elder, OrgUnit.name, paper)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .outerjoin(paper, false() if last is None else paper.id == last)
        .where(
            Elder.status.in_(SERVED), Elder.provisional.is_(False), Elder.id > after, *on_file(scope, org_unit=org_unit)
        )
        .order_by(Elder.id)
    )
    query = query.where(_lacks(lack, today) if last is None else paper.id.is_not(None))
    return await read_page(session, query, _line, limit=limit, cursor=lambda line: line.id)


def _lacks(lack: Lack, today: date) -> ColumnElement[bool]:
    if lack == "agreement":
        return Elder.agreement_signed_on.is_(None)
    if lack == "notice":
        return Elder.notice_signed_on.is_(None)
    valid = or_(Paper.valid_until.is_(None), Paper.valid_until >= today)
    return or_(
        *(
            and_(
                Elder.service_class == number,
                ~exists().where(Paper.elder_id == Elder.id, Paper.kind.in_(kinds), valid),
            )
            for number, kinds in OF_CLASS.items()
        )
    )


def _last_expiring(until: date) -> ColumnElement[int | None]:
    """The paper of an elder that runs out first, of those after which nothing of their kind comes."""
    one, later = aliased(Paper), aliased(Paper)
    longer = exists().where(
        later.elder_id == one.elder_id,
        later.kind == one.kind,
        or_(later.valid_until.is_(None), later.valid_until > until),
    )
    kinds = (*CLASS_PAPERS, *SIGNED)
    found = select(func.min(one.id)).where(
        one.elder_id == Elder.id, one.kind.in_(kinds), one.valid_until <= until, ~longer
    )
    return found.correlate(Elder).scalar_subquery()


def _line(elder: Elder, community: str | None, paper: Paper | None) -> LackingElder:
    return LackingElder(
        id=elder.id,
        name=elder.name,
        community=community or "",
        service_class=elder.service_class,
        status=elder.status,
        kind=None if paper is None else paper.kind,
        valid_until=None if paper is None else paper.valid_until,
    )
