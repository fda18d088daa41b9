"""Repairs of terminals (X8): what was wrong, who did what about it, what it cost; and how long the warranty runs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, local_today, utc_now
from models.elder_forms import LONGEST, FieldProblem
from models.elders import Terminal
from models.register import FormRefused
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

WARRANTY_YEARS: Final = 2  # X8
MOST_COST: Final = 10_000_000  # fen: what costs more is a typing mistake


class TerminalRepair(Versioned, Base):
    """`line` stays readable when the terminal has left the file. `cost` in fen, for whoever pays; `done_on` None: it is
    still owed."""

    __tablename__ = "terminal_repairs"

    id: Mapped[int] = mapped_column(primary_key=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    terminal_id: Mapped[int | None] = mapped_column(ForeignKey("terminals.id", ondelete="SET NULL"), index=True)
    line: Mapped[str]
    fault: Mapped[str]
    reported_at: Mapped[datetime] = mapped_column(default=utc_now)
    reported_by: Mapped[str]
    under_warranty: Mapped[bool]
    done_on: Mapped[date | None] = mapped_column(index=True)
    repairer: Mapped[str] = mapped_column(default="")
    remedy: Mapped[str] = mapped_column(default="")
    cost: Mapped[int] = mapped_column(default=0)
    done_by: Mapped[str] = mapped_column(default="")


def warranty_until(installed_on: date | None) -> date | None:
    """The last day of the warranty; None when nobody wrote down when the terminal was installed."""
    if installed_on is None:
        return None
    try:
        return installed_on.replace(year=installed_on.year + WARRANTY_YEARS)
    except ValueError:  # the 29th of February
        return installed_on.replace(year=installed_on.year + WARRANTY_YEARS, day=28)


async def report(session: AsyncSession, terminal_id: int, fault: str, *, by: str) -> TerminalRepair:
    """A terminal does not work.

    Raises:
        NoSuchRecord: there is no such terminal.
        FormRefused: nobody said what is wrong.
    """
    terminal = await session.get(Terminal, terminal_id)
    if terminal is None:
        raise NoSuchRecord
    now, until = utc_now(), warranty_until(terminal.installed_on)
    repair = TerminalRepair(
        elder_id=terminal.elder_id,
        terminal_id=terminal.id,
        line=terminal.line,
        fault=_text("fault", fault),
        reported_at=now,
        reported_by=by,
        under_warranty=until is not None and now.astimezone().date() <= until,
    )
    session.add(repair)
    await session.flush()
    audit(session, by, "terminal.fault", f"repair:{repair.id}", elder=terminal.elder_id)
    return repair


async def finish(
    session: AsyncSession,
    repair_id: int,
    *,
    version: int,
    done_on: date,
    repairer: str,
    remedy: str,
    cost: int,
    by: str,
) -> TerminalRepair:
    """It works again; said once more, it corrects what was said before.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: a field is wrong.
    """
    async with changing(session, await session.get(TerminalRepair, repair_id), version=version) as repair:
        today = local_today()
        if not repair.reported_at.astimezone().date() <= done_on <= today:
            raise FormRefused.of("done_on", "修好日期应在报修之后、今天之前", "a day between the report and today")
        if not 0 <= cost <= MOST_COST:
            raise FormRefused.of("cost", "费用应在0至100000元之间", "between 0 and 100 000 yuan")
        repair.done_on, repair.cost, repair.done_by = done_on, cost, by
        repair.repairer, repair.remedy = _text("repairer", repairer), _text("remedy", remedy)
        audit(session, by, "terminal.repaired", f"repair:{repair.id}", elder=repair.elder_id, cost=cost)
    return repair


async def open_repairs_of(session: AsyncSession, terminal_id: int) -> int:
    """How many are still owed."""
    owed = select(TerminalRepair.id).where(TerminalRepair.terminal_id == terminal_id, TerminalRepair.done_on.is_(None))
    return len((await session.scalars(owed)).all())


def _text(field: str, given: str) -> str:
    text = plain(given).strip()
    if not text:
        raise FormRefused((FieldProblem(field, "请填写", "this is needed"),))
    if len(text) > LONGEST:
        raise FormRefused((FieldProblem(field, f"不得超过{LONGEST}字", f"{LONGEST} characters at most"),))
    return text
