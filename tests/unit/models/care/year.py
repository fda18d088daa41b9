"""A year of care calls in virtual time: planned, handed out and made by two controllers that die at random moments,
with downtimes and a clock that is put back. By hand for many elders: `python -m tests.unit.models.care.year 10000`.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import database
from models.care.calendar import BirthdayBy, Festival, birthday_of, care_day
from models.care.calls import CareCall, CareState, Outcome, close_late, dialled, end, take_from
from models.care.filling import ClaimedCall, claim
from models.care.planning import CareKind, Hours, moment
from models.care.plans import CarePlan
from models.care.remembering import Remembered, fill_changed
from models.care.wishes import CareWishes
from models.database import Database
from models.elders import Elder

Key = tuple[int, int, date, int]
FIRST = date(2027, 1, 1)
HOURS = Hours()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Year:
    """`rang`: how often the telephone rang, by the call's id; `up`: days with a look before the evening."""

    db: Database
    chance: random.Random
    days: int
    rang: Counter[int] = field(default_factory=Counter)
    up: set[date] = field(default_factory=set)
    controllers: list[str] = field(default_factory=lambda: ["first", "second"])
    deaths: int = 0
    known: Remembered = field(default_factory=Remembered)

    async def settle(self, elders: int) -> None:
        async with self.db.write() as session:
            wishes = []
            for number in range(1, elders + 1):
                born = date(1930, 1, 1) + timedelta(days=self.chance.randrange(9_000))
                by = self.chance.choice(tuple(BirthdayBy))
                session.add(Elder(id=number, name="演示", born=born, home_phone="10000001"))
                wishes.append(CareWishes(elder_id=number, consent_on=FIRST, consent_by="演示", birthday_by=by))
            await session.flush()
            session.add_all(wishes)
            plans = [
                (CareKind.BIRTHDAY, [], {}),
                (CareKind.FESTIVAL, [Festival.SPRING, Festival.MID_AUTUMN], {}),
                *((CareKind.REGULAR, [], {"elder_id": one}) for one in range(1, elders // 50 + 2)),
                *((CareKind.REGULAR, ["2"], {"elder_id": one}) for one in range(1, elders // 10 + 2)),
            ]
            for number, (kind, days, more) in enumerate(plans, 1):
                row = CarePlan(
                    id=number, kind=kind, title="演示", times=["09:00"], on_days=days, starts_on=FIRST, **more
                )
                row.since = LONG_AGO
                session.add(row)

    async def live(self) -> None:
        day, end_of_year = FIRST, FIRST + timedelta(days=self.days)
        while day < end_of_year:
            if self.chance.random() < 0.02:
                day += timedelta(days=self.chance.choice((1, 2)))  # nobody is there
                continue
            late = self.chance.random() < 0.05  # only from the afternoon on
            times = [900, 1000] if late else [545, 1000]
            if self.chance.random() < 0.03:
                times = [545, 485, 600, 1000]  # the clock is put back by an hour
            for minute in times:
                await self.look(moment(day, minute))
            self.up.add(day)
            day += timedelta(days=1)
        await self.look(moment(end_of_year, 1))

    async def look(self, now: datetime) -> None:
        if now.astimezone().hour < 16 or self.chance.random() < 0.1:
            await fill_changed(self.db, self.known, now=now, hours=HOURS)
        await close_late(self.db, at=now, halted=False)
        async with self.db.write() as session:
            claimed = await claim(session, now=now, limit=1_000_000, caller=self.controllers[0])
        dies_at = self.chance.randrange(len(claimed) + 1) if claimed and self.chance.random() < 0.05 else None
        async with self.db.write() as session:
            for number, call in enumerate(claimed):
                if number == dies_at:
                    if self.chance.random() < 0.5:
                        await self._ring(session, call, now)  # and dies before it knows what became of it
                    break
                await self._ring(session, call, now)
                answered = Outcome(CareState.REACHED, answer="key_1")
                assert await end(session, call.id, answered, caller=self.controllers[0], at=now)
        if dies_at is not None and dies_at < len(claimed):
            self.deaths += 1
            dead = self.controllers[0]
            self.controllers.reverse()
            async with self.db.write() as session:
                await take_from(session, dead, at=now)
            await self.look(now)

    async def _ring(self, session: AsyncSession, call: ClaimedCall, now: datetime) -> None:
        assert await dialled(session, call.id, caller=self.controllers[0], at=now)
        self.rang[call.id] += 1

    async def expected(self) -> set[Key]:
        """Every call of the year, worked out once more and plainly."""
        async with self.db.read() as session:
            plans = list(await session.scalars(select(CarePlan)))
            query = select(Elder.id, Elder.born, CareWishes.birthday_by).join(CareWishes)
            people = list((await session.execute(query)).all())
        found: set[Key] = set()
        for day in (FIRST + timedelta(days=n) for n in range(self.days)):
            known = care_day(day)
            for plan in plans:
                if plan.kind is CareKind.BIRTHDAY:
                    whose = [one for one, born, by in people if birthday_of(born, by) in known.birthdays]
                elif plan.kind is CareKind.FESTIVAL:
                    whose = [one for one, _, _ in people] if set(plan.on_days) & set(known.festivals) else []
                else:
                    weekday = not plan.on_days or str(day.isoweekday()) in plan.on_days
                    whose = [plan.elder_id] if weekday and plan.elder_id is not None else []
                found.update((plan.id, elder, day, 0) for elder in whose)
        return found

    async def made(self) -> dict[Key, CareCall]:
        async with self.db.read() as session:
            rows = await session.scalars(select(CareCall).where(CareCall.day < FIRST + timedelta(days=self.days)))
            return {(row.plan_id or 0, row.elder_id, row.day, row.slot): row for row in rows}


async def lived(db: Database, *, elders: int, days: int = 365, seed: int = 1) -> Year:
    year = Year(db, random.Random(seed), days)
    await year.settle(elders)
    await year.live()
    return year


async def _by_hand(elders: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'year.db'}"
        await database.upgrade(url)
        db, began = Database(url), process_time()
        year = await lived(db, elders=elders)
        made = await year.made()
        assert made.keys() == await year.expected()
        assert set(year.rang.values()) == {1}
        states = Counter(str(row.state) for row in made.values())
        took = process_time() - began
        print(f"{elders} elders: {len(made)} calls, {year.deaths} deaths, {took:.0f} s of CPU, {states}")
        await db.close()


if __name__ == "__main__":
    asyncio.run(_by_hand(int(sys.argv[1])))
