"""How long photos of visits are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from models.audit import AuditEntry
from models.complaints import Complaint, ComplaintState
from models.orders.photo_keeping import KeepPhotos, prune
from models.orders.visits import VisitPhoto
from tests.unit.models.orders import World

_keys = count(1)
KEEP = KeepPhotos(days=100, complaint_years=2)


async def _photo(world: World, order: int, file: str, at: datetime) -> None:
    async with world.db.write() as session:
        worker = world.workers[world.firms[0]][0]
        photo = VisitPhoto(order_id=order, worker_id=worker, key=f"key-{next(_keys)}", sha256=file)
        photo.media_type, photo.taken_at, photo.received_at = "image/jpeg", at, at
        session.add(photo)


@pytest.mark.clause("S14")
async def test_photos_go_in_time_unless_somebody_has_complained(world: World) -> None:
    quiet, complained = await world.appointed(0), await world.appointed(1, worker=1)
    long_ago, lately = world.now - timedelta(days=101), world.now - timedelta(days=99)
    for order, file, at in (
        (quiet, "old", long_ago),
        (quiet, "old", long_ago),
        (quiet, "both", long_ago),
        (quiet, "both", lately),
        (quiet, "elsewhere", long_ago),
        (complained, "complained", long_ago),
    ):
        await _photo(world, order, file, at)
    async with world.db.write() as session:
        complaint = Complaint(order_id=complained, about="", words="太慢", drafted_at=world.now, drafted_by="user:1")
        session.add(complaint)
    disk = {"old", "both", "complained"}
    asked: list[str] = []

    def delete(file: str) -> bool:
        asked.append(file)
        there = file in disk
        disk.discard(file)
        return there

    assert await prune(world.db, KEEP, at=world.now, delete=delete) == 3
    assert (sorted(asked), disk) == (["elsewhere", "old"], {"both", "complained"})
    assert await _left(world) == ["both", "complained", "elsewhere"]

    much_later = world.now + timedelta(days=3 * 366)
    assert await prune(world.db, KEEP, at=much_later, delete=delete) == 1  # and the open complaint holds the other
    async with world.db.write() as session:
        (await session.get_one(Complaint, complaint.id)).state = ComplaintState.CLOSED
    assert await prune(world.db, KEEP, at=world.now + timedelta(days=300), delete=delete) == 0
    assert await prune(world.db, KEEP, at=much_later, delete=delete) == 1
    assert (await _left(world), disk) == (["elsewhere"], set())
    async with world.db.read() as session:
        actions = list(await session.scalars(select(AuditEntry.action)))
    assert actions.count("visit.photo_remove") == 5


async def _left(world: World) -> list[str]:
    async with world.db.read() as session:
        return sorted(await session.scalars(select(VisitPhoto.sha256)))
