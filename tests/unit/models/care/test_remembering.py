"""The planner looks again only at what has changed since its last round."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from models.care import filling, remembering
from models.care.calls import CareCall
from models.care.planning import CareKind, Hours, moment
from models.care.plans import PlanForm, change_plan, create_plan
from models.care.remembering import Remembered, fill_changed
from models.care.wishes import CareWishes, WishesForm, set_wishes
from models.database import Database
from models.elders import Elder, ElderStatus

pytestmark = pytest.mark.clause("S5")
TODAY = date.today()  # noqa: DTZ011 - the local day, as the planner has it
TOMORROW = TODAY + timedelta(days=1)
NOBODY: frozenset[int] = frozenset()


@pytest_asyncio.fixture
async def db(sqlite_url: str) -> AsyncIterator[Database]:
    """Three elders with a call a day."""
    opened = Database(sqlite_url)
    async with opened.write() as session:
        for number in (1, 2, 3):
            session.add(Elder(id=number, name="演示·甲", home_phone=f"1000000{number}"))
            await session.flush()
            session.add(CareWishes(elder_id=number, consent_on=TODAY, consent_by="演示"))
        await create_plan(session, PlanForm(CareKind.REGULAR, "每日问候", TODAY, ("09:00",)), by="test")
    yield opened
    await opened.close()


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[Collection[int] | None]:
    """Whom each round has looked at; None: everybody."""
    looked: list[Collection[int] | None] = []

    async def fill(*args: Any, only: Collection[int] | None = None, **more: Any) -> int:
        looked.append(only)
        return await filling.fill(*args, only=only, **more)

    monkeypatch.setattr(remembering, "fill", fill)
    return looked


async def test_a_round_looks_at_what_is_new(db: Database, rounds: list[Collection[int] | None]) -> None:
    known, at = Remembered(), moment(TODAY, 60)

    async def look(minutes: int = 5) -> Collection[int] | None:
        """Whom the next round looks at."""
        nonlocal at
        at, before = at + timedelta(minutes=minutes), len(rounds)
        await fill_changed(db, known, now=at, hours=Hours())
        return rounds[-1] if len(rounds) > before else NOBODY

    assert await look() is None
    assert await _tomorrow(db) == {1: 1, 2: 1, 3: 1}
    assert await look() == NOBODY

    own = PlanForm(CareKind.REGULAR, "问候", TODAY, ("10:00",), elder_id=2)
    async with db.write() as session:
        plan = (await create_plan(session, own, by="test")).id
    assert await look() == {2}
    async with db.write() as session:
        await change_plan(session, plan, replace(own, times=("11:00", "16:00")), version=1, by="test")
    assert await look() == {2}
    assert await _tomorrow(db) == {1: 1, 2: 3, 3: 1}

    same = WishesForm(consent_on=TODAY, consent_by="演示")
    async with db.write() as session:
        await set_wishes(session, await session.get_one(Elder, 3), same, version=1, by="test")
    assert await _tomorrow(db) == {1: 1, 2: 3}
    assert await look() == {3}, "said once more, and forgotten with it"
    assert await _tomorrow(db) == {1: 1, 2: 3, 3: 1}
    async with db.write() as session:
        (await session.get_one(Elder, 1)).status = ElderStatus.MOVED
    assert await look() == NOBODY, "nobody to be called"
    async with db.write() as session:
        (await session.get_one(Elder, 1)).status = ElderStatus.ACTIVE
    assert await look() == {1}

    async with db.write() as session:
        await create_plan(session, PlanForm(CareKind.REGULAR, "晚间", TODAY, ("18:00",)), by="test")
    assert await look() is None, "it is for everybody"
    assert await look(6 * 60) is None, "once in a while"
    assert await look() == NOBODY
    assert await look(24 * 60 - 30) is None, "another day"


async def _tomorrow(db: Database) -> dict[int, int]:
    """How many calls each has."""
    async with db.read() as session:
        count = select(CareCall.elder_id, func.count()).where(CareCall.day == TOMORROW).group_by(CareCall.elder_id)
        return dict((await session.execute(count)).all())


async def test_a_round_that_failed_is_made_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    known, at = Remembered(), moment(TODAY, 60)

    async def fails(*_: Any, **__: Any) -> int:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(remembering, "fill", fails)
        with pytest.raises(OSError):
            await fill_changed(db, known, now=at, hours=Hours())
    assert await fill_changed(db, known, now=at, hours=Hours()) >= 3
