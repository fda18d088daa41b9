"""Terminals as a list: when each was tested last, and which are due (S8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import GONE, SERVED, Elder, Terminal
from models.org import OrgUnit
from models.queries.paging import Page, read_page_from
from models.repairs import warranty_until
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class DueTerminal:
    """A terminal in use. `tested_at` is None when it was never heard; `overdue` by the district's rule."""

    id: int
    line: str
    model: str
    serial: str
    elder: int
    elder_name: str
    community: str
    tested_at: datetime | None
    overdue: bool
    warranty_until: date | None = None


async def list_terminals(
    session: AsyncSession,
    *,
    scope: Scope,
    before: datetime,
    overdue: bool,
    left_behind: bool = False,
    limit: int = 50,
    after: int | None = None,
) -> Page[DueTerminal]:
    """Terminals of elders whom we serve (`left_behind`: of those who moved away or died, to be fetched from where they
    lived), the longest untested first; overdue are those not heard since `before`. One
    that was installed later than that is not due yet. The cursor is a number of rows."""
    due = or_(Terminal.last_tested_at.is_(None), Terminal.last_tested_at < before)
    young = Terminal.installed_on.is_not(None) & (Terminal.installed_on >= before.date())
    is_due = due & ~(young & Terminal.last_tested_at.is_(None))
    query = (
        select(Terminal, Elder.name, OrgUnit.name, is_due)
        .join(Elder, Elder.id == Terminal.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(Elder.status.in_(GONE if left_behind else SERVED), scope.of_elders())
        .order_by(Terminal.last_tested_at.is_not(None), Terminal.last_tested_at, Terminal.id)
    )
    return await read_page_from(session, query.where(is_due) if overdue else query, _view, skip=after or 0, limit=limit)


def _view(terminal: Terminal, elder_name: str, community: str | None, overdue: bool) -> DueTerminal:
    return DueTerminal(
        id=terminal.id,
        line=terminal.line,
        model=terminal.model,
        serial=terminal.serial,
        elder=terminal.elder_id,
        elder_name=elder_name,
        community=community or "",
        tested_at=terminal.last_tested_at,
        overdue=bool(overdue),
        warranty_until=warranty_until(terminal.installed_on),
    )
