"""How long photos of visits are kept: they show homes from inside. So many days; those of an order that somebody has
complained about as long as the complaint is open, and until it has been on file for as many years as complaints are
(H8). The file goes first, and only who deleted it removes the row: it may lie on another machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from home.settings import Settings
from models.audit import audit
from models.complaints import OPEN, Complaint
from models.database import Database
from models.orders.visits import VisitPhoto
from models.orders.work_orders import WorkOrder

ACTOR: Final = "system:photo_keeping"
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class KeepPhotos:
    days: int
    complaint_years: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.keep_visit_photos_days, settings.keep_complaint_years)

    def over_age(self, at: datetime) -> tuple[ColumnElement[bool], ...]:
        """Of `VisitPhoto`: whose time is over and that nothing holds."""
        of_order = Complaint.order_id == VisitPhoto.order_id
        complained = exists().where(of_order)
        is_open = exists().where(of_order, Complaint.state.in_(sorted(OPEN)))
        first_kept = datetime(at.astimezone().year - self.complaint_years, 1, 1).astimezone()
        return (
            VisitPhoto.received_at < at - timedelta(days=self.days),
            ~is_open,
            ~complained | (VisitPhoto.received_at < first_kept),
        )


async def prune(database: Database, keep: KeepPhotos, *, at: datetime, delete: Callable[[str], bool]) -> int:
    """Remove what is over age; how many. `delete` takes the SHA-256 of a file away and says whether it was there; it is
    called in a thread, and only once no younger photo is the same file."""
    after, removed = 0, 0
    while True:
        async with database.read() as session:
            due = select(VisitPhoto).where(*keep.over_age(at), VisitPhoto.id > after)
            rows = (await session.scalars(due.order_by(VisitPhoto.id).limit(BATCH))).all()
            shared = await _shared(session, rows)
        gone = shared | {one for one in {row.sha256 for row in rows} - shared if await asyncio.to_thread(delete, one)}
        away = [row.id for row in rows if row.sha256 in gone]
        if away:
            async with database.write() as session:
                for number in away:
                    await _forget(session, number)
        removed += len(away)
        if len(rows) < BATCH:
            return removed
        after = rows[-1].id


async def _shared(session: AsyncSession, rows: Sequence[VisitPhoto]) -> set[str]:
    """The files that photos which are not among these have as well."""
    numbers, files = [row.id for row in rows], [row.sha256 for row in rows]
    others = select(VisitPhoto.sha256).where(VisitPhoto.sha256.in_(files), VisitPhoto.id.not_in(numbers))
    return set(await session.scalars(others))


async def _forget(session: AsyncSession, photo: int) -> None:
    row = await session.get(VisitPhoto, photo)
    if row is None:
        return  # another process was quicker
    elder = await session.scalar(select(WorkOrder.elder_id).where(WorkOrder.id == row.order_id))
    audit(session, ACTOR, "visit.photo_remove", f"order:{row.order_id}", elder=elder)
    await session.delete(row)
