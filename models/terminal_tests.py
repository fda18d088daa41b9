"""Terminals are tested regularly by station staff (S8): every test, as it was written down."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now
from models.device_reports import is_device
from models.elders import Elder, Terminal
from models.phone_numbers import canonical, national
from models.scope import EVERYWHERE, Scope


class TerminalTest(Base):
    """One test: the line that was heard, whose terminal it is (None: nobody's on file), who says so (`line`: it called
    the test line itself)."""

    __tablename__ = "terminal_tests"

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminals.id", ondelete="SET NULL"), index=True)
    line: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    by: Mapped[str]


async def record_test(
    session: AsyncSession,
    device: str,
    *,
    area_code: str,
    at: datetime,
    by: str = "line",
    scope: Scope = EVERYWHERE,
) -> bool:
    """Write down that the terminal with this line or serial number was heard; False when nobody in `scope` has it."""
    theirs = select(Terminal).join(Elder, Elder.id == Terminal.elder_id).where(scope.of_elders())
    terminal = await session.scalar(theirs.where(is_device(device, area_code)).order_by(Terminal.id).limit(1))
    if terminal is not None and (terminal.last_tested_at is None or terminal.last_tested_at < at):
        terminal.last_tested_at = at
    line = terminal.line if terminal is not None else national(canonical(device, area_code)) or device
    session.add(TerminalTest(terminal_id=terminal.id if terminal is not None else None, line=line, at=at, by=by))
    return terminal is not None
