"""Who is complained about is not told by whom, on their own desk either (H8)."""

from __future__ import annotations

import pytest

from models.base import utc_now
from models.complaint_rules import Person
from models.complaints import AboutKind, Complaint, ComplaintState
from models.elders import Elder
from models.masking import HIDDEN
from models.office_hours import OfficeHours
from models.people import User
from models.queries.desk_day import complaints_of, drafts_of
from tests.unit.models.orders import World

OFFICE = OfficeHours(9, 17)


@pytest.mark.clause("H8")
async def test_whoever_is_meant_is_not_told_who_complains(world: World) -> None:
    async with world.db.write() as session:
        user = User(username="somebody", password_hash="-", name="演示", roles=["agent"])
        elder = Elder(name="演示·甲", home_phone="10000001")
        session.add_all([user, elder])
        await session.flush()
        about = {"about": "", "words": "太慢", "about_kind": AboutKind.SEAT, "about_id": "801", "elder_id": elder.id}
        by = {"drafted_at": utc_now(), "drafted_by": f"user:{user.id}"}
        session.add(Complaint(**about, **by))
        session.add(Complaint(**about, **by, state=ComplaintState.ASSIGNED, assigned_to=user.id))
    meant, other = (Person(user.id, seat, frozenset({"agent"})) for seat in ("801", "802"))
    async with world.db.read() as session:
        for person, name, file in ((meant, HIDDEN, None), (other, "演示·甲", elder.id)):
            assert [one.elder_name for one in await complaints_of(session, person, office=OFFICE)] == [name]
            assert [(one.elder_name, one.elder) for one in await drafts_of(session, person)] == [(name, file)]
