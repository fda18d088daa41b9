"""The steps of a care call where SQL is particular: two who claim at once, two files that become one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from models.care.calls import CareCall, CareState, Outcome, close_late, dialled, end, take_from
from models.care.filling import claim, fill
from models.care.planning import CareKind, Hours, moment
from models.care.plans import PlanForm, create_plan
from models.care.wishes import CareWishes
from models.database import Database
from models.elders import Elder
from models.merging import merge
from models.queries.care_calls import list_unreached
from models.scope import EVERYWHERE

TODAY = date.today()  # noqa: DTZ011 - the local day, as the planner has it
TOMORROW = TODAY + timedelta(days=1)


async def _planned(db: Database) -> None:
    """Three elders who agree, and a call for each tomorrow at nine."""
    async with db.write() as session:
        session.add_all(Elder(id=number, name="演示·甲", home_phone="10000001") for number in (1, 2, 3))
        await session.flush()
        session.add_all(CareWishes(elder_id=number, consent_on=TODAY, consent_by="演示") for number in (1, 2, 3))
        await create_plan(session, PlanForm(CareKind.REGULAR, "每日问候", TODAY, ("09:00",)), by="test")
    assert await fill(db, now=moment(TOMORROW, 60), hours=Hours()) >= 3


async def _tomorrow(db: Database) -> list[CareCall]:
    async with db.read() as session:
        rows = select(CareCall).where(CareCall.day == TOMORROW).order_by(CareCall.elder_id)
        return list(await session.scalars(rows))


@pytest.mark.clause("S5")
async def test_two_claim_at_once_and_two_files_become_one(db: Database) -> None:
    """Two claim at the same time; one dies; what is left is closed."""
    await _planned(db)
    now = moment(TOMORROW, 541)
    async with db.write() as first:
        (one,) = await claim(first, now=now, limit=1, caller="first")
        if not db.is_sqlite:  # there the second waits for the first
            async with db.write() as second:
                (other,) = await claim(second, now=now, limit=1, caller="second")
                assert other.id != one.id
    async with db.write() as session:
        assert await dialled(session, one.id, caller="first", at=now)
        assert await end(session, one.id, Outcome(CareState.REACHED, answer="key_1"), caller="first", at=now)
        assert await take_from(session, "second", at=now) == (0 if db.is_sqlite else 1, 0)
    assert await close_late(db, at=moment(TOMORROW, 1300), halted=False) == 2
    rows = await _tomorrow(db)
    assert [row.state for row in rows] == [CareState.REACHED, CareState.MISSED, CareState.MISSED]
    async with db.write() as session:
        await merge(session, 1, 2, take=frozenset(), versions=(1, 1), by="user:1", area_code="021")
    assert [row.elder_id for row in await _tomorrow(db)] == [1, 3]


@pytest.mark.clause("S5", "X2")
async def test_whom_none_has_reached_for_longest_comes_first_with_what_was_tried_since(db: Database) -> None:
    await _planned(db)
    over = {
        1: ((CareState.REACHED, 5), (CareState.NOT_REACHED, 9), (CareState.ASKED_FOR_HELP, 3), (CareState.MISSED, 4)),
        2: (
            (CareState.ASKED_FOR_HELP, 8),
            (CareState.NOT_REACHED, 2),
            (CareState.NOT_REACHED, 1),
            (CareState.MISSED, 1),
        ),
        3: ((CareState.NOT_REACHED, 30), (CareState.MISSED, 2), (CareState.MISSED, 1), (CareState.CANCELLED, 1)),
    }
    async with db.write() as session:
        for elder, ended in over.items():
            for slot, (state, days_ago) in enumerate(ended):
                day = TODAY - timedelta(days=days_ago)
                at = {name: moment(day, 600) for name in ("due_at", "latest_at", "ended_at")}
                call = {"elder_id": elder, "day": day, "slot": slot, "kind": CareKind.REGULAR, "state": state}
                session.add(CareCall(**call, **at))
    async with db.read() as session:
        page = await list_unreached(session, scope=EVERYWHERE, limit=2)
        rest = await list_unreached(session, scope=EVERYWHERE, limit=2, after=2)
    never, longest = page.items
    assert (never.elder, never.last, never.tried, never.missed) == (3, None, 1, 2)
    last = moment(TODAY - timedelta(days=8), 600)
    assert (longest.elder, longest.last, longest.tried, longest.missed) == (2, last, 2, 1)
    (latest,) = rest.items
    last = moment(TODAY - timedelta(days=3), 600)
    assert (latest.elder, latest.last, latest.tried, latest.missed, rest.next) == (1, last, 0, 0, None)
