"""Terminals are tested regularly by station staff (S8): every test, and which terminals are due for one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now
from models.device_reports import is_device
from models.elders import SERVED, Elder, Terminal
from models.org import OrgUnit
from models.phone_numbers import canonical, national


class TerminalTest(Base):
    """One test: the line that was heard, whose terminal it is (None: nobody's on file), who says so (`line`: it called
    the test line itself)."""

    __tablename__ = "terminal_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminals.id", ondelete="SET NULL"), index=True)
    line: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    by: Mapped[str]


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


async def record_test(session: AsyncSession, device: str, *, area_code: str, at: datetime, by: str = "line") -> bool:
    """Write down that the terminal with this line or serial number was heard; False when nobody has it."""
    terminal = await session.scalar(select(Terminal).where(is_device(device, area_code)).order_by(Terminal.id).limit(1))
    if terminal is not None and (terminal.last_tested_at is None or terminal.last_tested_at < at):
        terminal.last_tested_at = at
    line = terminal.line if terminal is not None else national(canonical(device, area_code)) or device
    session.add(TerminalTest(terminal_id=terminal.id if terminal is not None else None, line=line, at=at, by=by))
    return terminal is not None


async def list_terminals(
    session: AsyncSession, *, before: datetime, overdue: bool, limit: int = 50, after: int = 0
) -> list[DueTerminal]:
    """Terminals of elders whom we serve, the longest untested first; overdue are those not heard since `before`. One
    that was installed later than that is not due yet."""
    due = or_(Terminal.last_tested_at.is_(None), Terminal.last_tested_at < before)
    young = Terminal.installed_on.is_not(None) & (Terminal.installed_on >= before.date())
    is_due = due & ~(young & Terminal.last_tested_at.is_(None))
    query = (
        select(Terminal, Elder.name, OrgUnit.name, is_due)
        .join(Elder, Elder.id == Terminal.elder_id)
        .outerjoin(OrgUnit, OrgUnit.id == Elder.org_unit_id)
        .where(Elder.status.in_(SERVED))
        .order_by(Terminal.last_tested_at.is_not(None), Terminal.last_tested_at, Terminal.id)
    )
    rows = await session.execute((query.where(is_due) if overdue else query).offset(after).limit(limit))
    return [
        DueTerminal(
            id=terminal.id,
            line=terminal.line,
            model=terminal.model,
            serial=terminal.serial,
            elder=terminal.elder_id,
            elder_name=name,
            community=community or "",
            tested_at=terminal.last_tested_at,
            overdue=bool(late),
        )
        for terminal, name, community, late in rows
    ]
