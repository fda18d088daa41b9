"""An invented day on record, so that lists, figures and charts have something to show. Fictitious people only."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.case import Case, ElderFile
from ivr.vocabulary import Aid, CaseKind, FollowUpKind, Outcome, Topic
from models.base import utc_now
from models.complaints import Complaint
from models.database import Database
from models.elders import Elder
from models.exception_reports import ExceptionReport
from models.follow_ups import FollowUp
from models.journal import write
from models.orders.work_orders import WorkOrder
from models.queries.register import file_of
from models.terminal_tests import record_test
from tests.web import stories
from web.wallboard import day_around

WISHES = (
    (Aid.MEALS, "每天送午餐，低盐，不要辣"),
    (Aid.CLEANING, "下周擦窗户，老人不能登高"),
    (Aid.BATHING, "每周助浴一次，需要女服务员"),
    (Aid.MEDICAL, "陪同去医院复查心脏"),
)
COMPLAINTS = (("演示保洁公司", "约好上午来，下午才到，也没有打电话"), ("送餐", "连续两天饭菜是凉的"))
LATE = {2: 12.6, 12: 31.0, 99: 196.0}  # seconds until an answer, where everybody was busy
ENDS = (Outcome.RESCUED, Outcome.FALSE_ALARM, Outcome.HELPED_AT_HOME, Outcome.CONSULTATION)


async def record(db: Database, *, seed: int = 3) -> None:
    """Alarms from midnight until now, and what came of them; one of yesterday nobody answered for minutes."""
    chance = random.Random(seed)
    async with db.read() as session:
        ids = list(await session.scalars(select(Elder.id).order_by(Elder.id).limit(60)))
        files = [file for elder in ids if (file := await file_of(session, elder)) is not None]
    now = utc_now()
    async with db.write() as session:
        for number, at in enumerate(_moments(day_around(now)[0], now, chance)):
            file = files[chance.randrange(1, len(files))]
            case = _case(number, file, at, chance)
            await write(session, stories.entries(case), area_code="021")
            await _afterwards(session, case, file, number)
        await _exception(session, _case(99, files[7], now - timedelta(hours=26), chance))
        for line in range(2, 30):
            at = now - timedelta(days=chance.randrange(200))
            await record_test(session, f"1000{line:04d}", area_code="021", at=at)


def _moments(begins: datetime, now: datetime, chance: random.Random) -> list[datetime]:
    """About three alarms an hour, more in the morning; the last are some minutes old."""
    seconds = max((now - begins).total_seconds() - 900, 60)
    count = max(24, int(seconds / 1200))
    return sorted(begins + timedelta(seconds=chance.uniform(0, seconds)) for _ in range(count))


def _case(number: int, file: ElderFile, at: datetime, chance: random.Random) -> Case:
    after = LATE.get(number) or chance.uniform(2.5, 9.5)
    name = f"demo-{number:03d}"
    kind = CaseKind.ORDINARY if number % 5 == 4 else CaseKind.SOS
    ringing = stories.ringing(name, file=file)
    legs = (replace(ringing.legs[0], number=file.home_phone), *ringing.legs[1:])
    case = replace(ringing, caller=file.home_phone, legs=legs, kind=kind, opened_at=at, channel=name, tapes=())
    case = replace(stories.closed(stories.talking(case)), topic=chance.choice(tuple(Topic)), note="演示")
    answered, ended = at + timedelta(seconds=after), at + timedelta(seconds=after + chance.uniform(60, 600))
    legs = tuple(replace(leg, dialled_at=at, answered_at=answered, ended_at=ended) for leg in case.legs)
    return replace(case, legs=legs, answered_at=answered, closed_at=ended, outcome=chance.choice(ENDS))


async def _afterwards(session: AsyncSession, case: Case, file: ElderFile, number: int) -> None:
    """Follow-ups, orders and complaints, one of each every few cases."""
    at = case.opened_at or utc_now()
    drafted = {"case_id": case.id, "case_seq": 1, "elder_id": file.id, "drafted_at": at, "drafted_by": "user:3"}
    if number % 4 == 0:
        due = at + timedelta(days=2) if number % 8 else utc_now() - timedelta(hours=3)
        kind = FollowUpKind.EMERGENCY
        session.add(FollowUp(case_id=case.id, elder_id=file.id, kind=kind, booked_at=at, due_at=due))
    if number % 5 == 1:
        aid, wish = WISHES[number // 5 % len(WISHES)]
        session.add(WorkOrder(aid=aid, wish=wish, **drafted))
    if number % 9 == 2:
        about, words = COMPLAINTS[number // 9 % len(COMPLAINTS)]
        session.add(Complaint(about=about, words=words, **drafted))


async def _exception(session: AsyncSession, case: Case) -> None:
    at = case.opened_at or utc_now()
    await write(session, stories.entries(case), area_code="021")
    session.add(ExceptionReport(case_id=case.id, waiting_since=at, opened_at=at + timedelta(seconds=180)))
