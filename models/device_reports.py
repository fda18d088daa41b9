"""Reports of devices as they came in: kept before anything else is done, each once, until the controller has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.case import DeviceReport, Position
from ivr.vocabulary import DeviceKind
from models.base import Base, utc_now
from models.elders import Terminal
from models.phone_numbers import canonical
from models.text import plain

_IS_TEXT: Final = "message IS NOT NULL"
TERMINAL_TEST: Final = "test"  # what a terminal says that is being tested (S8)


class DeviceReportRow(Base):
    """`at` is the device's own time: with `device` it tells one report from the next. `said` is the kind in the
    device's own word; `handed_at` is empty until the controller has it, `case_id` where it belongs to a case.
    `message`: the id of the text message that it came in, of the gateway `by`; of such a one also whose telephone, or
    whose contact's, it came from, and who has seen it (`seen_by` an actor)."""

    __tablename__ = "device_reports"
    __table_args__ = (
        UniqueConstraint("device", "at"),
        UniqueConstraint("by", "message"),
        Index(None, "handed_at", "id"),
        Index("ix_device_reports_texts", "received_at", sqlite_where=text(_IS_TEXT), postgresql_where=text(_IS_TEXT)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    device: Mapped[str]
    at: Mapped[datetime]
    said: Mapped[str]
    position: Mapped[dict[str, Any] | None]
    words: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any] | None]
    by: Mapped[str]
    message: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    handed_at: Mapped[datetime | None]
    case_id: Mapped[str] = mapped_column(default="")
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="SET NULL"), index=True)
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str] = mapped_column(default="", server_default="")

    @property
    def report(self) -> DeviceReport:
        """As the procedure reads it: a kind that nobody knows is an alarm (K7)."""
        position = None if self.position is None else Position(**self.position)
        return DeviceReport(self.device, kind_of(self.said), self.at, position, self.words)


def kind_of(said: str) -> DeviceKind:
    try:
        return DeviceKind(said.strip().lower())
    except ValueError:
        return DeviceKind.UNKNOWN


async def keep(
    session: AsyncSession, report: DeviceReport, *, said: str, data: dict[str, Any] | None, by: str
) -> tuple[DeviceReportRow, bool]:
    """The report on record, and whether it is new. Where the device is, is written into the file (X3, H14)."""
    same = select(DeviceReportRow).where(
        DeviceReportRow.device == plain(report.device), DeviceReportRow.at == report.at
    )
    known = await session.scalar(same)
    if known is not None:
        return known, False
    row = DeviceReportRow(
        device=report.device,
        at=report.at,
        said=said,
        position=_position(report.position),
        words=report.words,
        data=data,
        by=by,
    )
    session.add(row)
    await session.flush()
    return row, True


async def place(session: AsyncSession, report: DeviceReport, *, area_code: str) -> None:
    """Where the device is, on the file of its terminal; an older position that comes late changes nothing."""
    if report.position is None:
        return
    newer = or_(Terminal.position_at.is_(None), Terminal.position_at < report.at)
    found = update(Terminal).where(is_device(report.device, area_code), newer)
    await session.execute(found.values(position=_position(report.position), position_at=report.at))


def is_device(device: str, area_code: str) -> Any:
    """The terminal of this serial number, else of this line."""
    line = canonical(device, area_code)
    by_serial = func.lower(Terminal.serial) == device.strip().lower()
    return or_(by_serial, Terminal.line_canonical == line) if line else by_serial


async def not_handed(session: AsyncSession, *, limit: int = 50) -> Sequence[DeviceReportRow]:
    """What the controller has not taken yet, oldest first."""
    waiting = select(DeviceReportRow).where(DeviceReportRow.handed_at.is_(None))
    return (await session.scalars(waiting.order_by(DeviceReportRow.id).limit(limit))).all()


async def handed(session: AsyncSession, row: int, case: str) -> None:
    """The controller has it."""
    taken = update(DeviceReportRow).where(DeviceReportRow.id == row)
    await session.execute(taken.values(handed_at=utc_now(), case_id=case))


def _position(position: Position | None) -> dict[str, Any] | None:
    if position is None:
        return None
    return {
        "latitude": position.latitude,
        "longitude": position.longitude,
        "accuracy": position.accuracy,
        "words": position.words,
    }
