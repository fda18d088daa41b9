"""The stop button: no care call begins while it is pressed. Pressed by people, kept with its history and on the audit
log; asked again each time that calls are handed out, so that it holds at once for every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.live_settings import LiveSetting, put

NAME: Final = "care.halted"


@dataclass(frozen=True, slots=True)
class Halt:
    """`version`: the one that a change is made from; `at` None: nobody ever pressed it."""

    halted: bool
    version: int
    at: datetime | None
    by: str
    note: str


async def halt_now(session: AsyncSession) -> Halt:
    newest = select(LiveSetting).where(LiveSetting.name == NAME).order_by(LiveSetting.number.desc()).limit(1)
    row = await session.scalar(newest)
    if row is None:
        return Halt(False, 0, None, "", "")
    return Halt(bool(row.value), row.number, row.at, row.by, row.note)


async def is_halted(session: AsyncSession) -> bool:
    return (await halt_now(session)).halted


async def set_halted(session: AsyncSession, halted: bool, *, version: int, by: str, note: str = "") -> None:
    """Raises VersionConflict: somebody else pressed it meanwhile."""
    before = (await halt_now(session)).halted
    await put(session, NAME, halted, version=version, by=by, note=note, shown={"before": before, "after": halted})
