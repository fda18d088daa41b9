"""Repairs of terminals as a list (X8): those which are owed first, the longest waiting at the top."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.elders import Elder, Terminal
from models.org import OrgUnit
from models.queries.elders import on_file
from models.queries.paging import Page, Progress, read_page_from
from models.repairs import TerminalRepair
from models.scope import Scope


@dataclass(frozen=True, slots=True)
class RepairView:
    """`cost` in fen; `terminal` None: it has left the file since."""

    id: int
    version: int
    elder: int
    elder_name: str
    community: str
    terminal: int | None
    line: str
    model: str
    fault: str
    reported_at: datetime
    reported_by: str
    under_warranty: bool
    done_on: date | None
    repairer: str
    remedy: str
    cost: int


async def list_repairs(
    session: AsyncSession,
    *,
    scope: Scope,
    state: Progress | None = None,
    elder: int | None = None,
    org_unit: int | None = None,
    limit: int = 50,
    after: int | None = None,
) -> Page[RepairView]:
    """The cursor is a number of rows."""
    done = TerminalRepair.done_on.is_not(None)
    query = (
        _repairs()
        .where(*on_file(scope, org_unit=org_unit))
        .order_by(done, TerminalRepair.reported_at, TerminalRepair.id)
    )
    if state is not None:
        query = query.where(done if state == "done" else ~done)
    if elder is not None:
        query = query.where(TerminalRepair.elder_id == elder)
    return await read_page_from(session, query, _view, skip=after or 0, limit=limit)


async def repair_view(session: AsyncSession, repair: int) -> RepairView:
    """The repair of this id, which there must be."""
    return _view(*(await session.execute(_repairs().where(TerminalRepair.id == repair))).one())


def _repairs() -> Select[TerminalRepair, str, str | None, str | None]:
    return (
        select(TerminalRepair, Elder.name, OrgUnit.name, Terminal.model)
        .join(Elder, Elder.id == TerminalRepair.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .outerjoin(Terminal, Terminal.id == TerminalRepair.terminal_id)
    )


def _view(row: TerminalRepair, name: str, community: str | None, model: str | None) -> RepairView:
    return RepairView(
        id=row.id,
        version=row.version,
        elder=row.elder_id,
        elder_name=name,
        community=community or "",
        terminal=row.terminal_id,
        line=row.line,
        model=model or "",
        fault=row.fault,
        reported_at=row.reported_at,
        reported_by=row.reported_by,
        under_warranty=row.under_warranty,
        done_on=row.done_on,
        repairer=row.repairer,
        remedy=row.remedy,
        cost=row.cost,
    )
