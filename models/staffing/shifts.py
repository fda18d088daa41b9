"""Planned shifts: on which day of the week, from when to when, how many seats, and whose when that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, utc_now
from models.elder_forms import FieldProblem
from models.queries.paging import Page, read_page_from
from models.register import FormRefused
from models.text import plain
from models.versions import Versioned, changing

DAYS: Final = 7
QUARTERS: Final = 96  # of a day
MOST_SEATS: Final = 200
LONGEST: Final = 100


class PlannedShift(Versioned, Base):
    """`weekday` 0 is Monday; `begins` and `ends` in minutes from midnight, a shift that ends earlier than it begins, or
    at the same minute, goes on until the next day. `who`: names or a group, may be empty."""

    __tablename__ = "planned_shifts"

    id: Mapped[int] = mapped_column(primary_key=True)
    weekday: Mapped[int] = mapped_column(index=True)
    begins: Mapped[int]
    ends: Mapped[int]
    seats: Mapped[int]
    who: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    changed_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class ShiftForm:
    weekday: int
    begins: int
    ends: int
    seats: int
    who: str = ""


async def add(session: AsyncSession, form: ShiftForm, *, weekdays: Iterable[int], by: str) -> list[PlannedShift]:
    """The same shift on each of these days. Raises FormRefused."""
    days = sorted(set(weekdays))
    check(form)
    if not days or not all(0 <= day < DAYS for day in days):
        raise FormRefused.of("weekday", "请选择星期", "choose the days")
    rows = [PlannedShift(weekday=day, changed_by=by) for day in days]
    for row in rows:
        _put(row, form, by=by)
    session.add_all(rows)
    await session.flush()
    for row in rows:
        audit(session, by, "planned_shift.add", f"planned_shift:{row.id}", after=_told(row))
    return rows


async def change(session: AsyncSession, shift: int, form: ShiftForm, *, version: int, by: str) -> PlannedShift:
    """Raises NoSuchRecord, VersionConflict as in `versions.changing`; FormRefused."""
    async with changing(session, await session.get(PlannedShift, shift), version=version) as row:
        check(form)
        before = _told(row)
        _put(row, form, by=by)
        row.weekday = form.weekday
        audit(session, by, "planned_shift.change", f"planned_shift:{shift}", before=before, after=_told(row))
    return row


async def remove(session: AsyncSession, shift: int, *, version: int, by: str) -> None:
    """Raises NoSuchRecord, VersionConflict as in `versions.changing`."""
    async with changing(session, await session.get(PlannedShift, shift), version=version) as row:
        audit(session, by, "planned_shift.remove", f"planned_shift:{shift}", before=_told(row))
        await session.delete(row)


async def shifts(session: AsyncSession) -> list[PlannedShift]:
    """In the order of the week."""
    return list(await session.scalars(_shifts()))


async def list_shifts(session: AsyncSession, *, limit: int = 50, after: int | None = None) -> Page[PlannedShift]:
    """The same page by page; the cursor is a number of rows."""
    return await read_page_from(session, _shifts(), lambda row: row, skip=after or 0, limit=limit)


def _shifts() -> Select[PlannedShift]:
    return select(PlannedShift).order_by(PlannedShift.weekday, PlannedShift.begins, PlannedShift.id)


def planned(rows: Iterable[PlannedShift | ShiftForm]) -> list[list[int]]:
    """Seats by day of the week and quarter of an hour. A quarter counts when the shift covers all of it."""
    seats = [[0] * QUARTERS for _ in range(DAYS)]
    for row in rows:
        length = (row.ends - row.begins) % (24 * 60) or 24 * 60
        first, last = -(-row.begins // 15), (row.begins + length) // 15
        for quarter in range(first, last):
            seats[(row.weekday + quarter // QUARTERS) % DAYS][quarter % QUARTERS] += row.seats
    return seats


def check(form: ShiftForm) -> None:
    """Raises FormRefused."""
    problems = []
    if not 0 <= form.weekday < DAYS:
        problems.append(FieldProblem("weekday", "请选择星期", "choose the day"))
    problems += [
        FieldProblem(name, "时间应为 时:分", "write times as HH:MM")
        for name, minutes in (("begins", form.begins), ("ends", form.ends))
        if not 0 <= minutes < 24 * 60
    ]
    if not 1 <= form.seats <= MOST_SEATS:
        problems.append(FieldProblem("seats", f"坐席数应为1至{MOST_SEATS}", f"from 1 to {MOST_SEATS} seats"))
    if len(plain(form.who).strip()) > LONGEST:
        problems.append(FieldProblem("who", f"不得超过{LONGEST}字", f"{LONGEST} characters at most"))
    if problems:
        raise FormRefused(tuple(problems))


def _put(row: PlannedShift, form: ShiftForm, *, by: str) -> None:
    row.begins, row.ends, row.seats, row.who = form.begins, form.ends, form.seats, plain(form.who).strip()
    row.changed_at, row.changed_by = utc_now(), by


def _told(row: PlannedShift) -> dict[str, int]:
    return {"weekday": row.weekday, "begins": row.begins, "ends": row.ends, "seats": row.seats}
