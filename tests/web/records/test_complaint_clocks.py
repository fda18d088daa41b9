"""What the list finds to be late in SQL is what each complaint's clocks say (H8), on both databases."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from models.base import utc_now
from models.complaints import Complaint, ComplaintState
from models.database import Database
from models.office_hours import OfficeHours
from models.queries.complaints import list_complaints
from models.scope import EVERYWHERE


@pytest.mark.clause("H8")
async def test_the_list_of_what_is_late_has_all_of_it_and_nothing_else(db: Database) -> None:
    chance, now = random.Random(7), utc_now()
    async with db.write() as session:
        for number in range(300):
            at = now - timedelta(minutes=chance.randrange(10 * 24 * 60))
            contacted = at + timedelta(hours=1) if chance.random() < 0.5 else None
            state = chance.choice(list(ComplaintState))
            row = {"about": "", "words": str(number), "drafted_at": at, "drafted_by": "user:1", "state": state}
            session.add(Complaint(**row, contacted_at=contacted))
    for office in (OfficeHours(9, 17), OfficeHours(0, 24), OfficeHours(8.5, 12)):
        async with db.read() as session:
            every = await list_complaints(session, scope=EVERYWHERE, office=office, limit=500)
            late = await list_complaints(session, scope=EVERYWHERE, office=office, late=True, limit=500)
        assert [one.id for one in late.items] == [one.id for one in every.items if one.late]
        assert 0 < len(late.items) < len(every.items)
