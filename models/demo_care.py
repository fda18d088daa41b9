"""Made-up care calls for the demo district: who agrees, what is planned, and what became of the calls of two weeks.
Nobody was ever rung for them."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.base import local_today
from models.care.bulletins import BulletinForm, issue
from models.care.calendar import BirthdayBy, Festival, SolarTerm
from models.care.calls import CareCall, CareState
from models.care.planning import CareKind, CareReason, Weather, moment
from models.care.plans import CarePlan, PlanForm, create_plan
from models.care.texting import WELL, CareTextRow, tell_family
from models.care.wishes import CareWishes
from models.elders import Contact, Elder
from models.messages import MessageStatus

_BY: Final = "demo"
_PAST: Final = 14  # days with calls
_EVERY: Final = 3  # elders of whom one agrees
_RESULTS: Final = (
    *[(CareState.REACHED, None, "key_1")] * 14,
    *[(CareState.REACHED, None, "speech")] * 3,
    *[(CareState.NOT_REACHED, None, "")] * 3,
    (CareState.ASKED_FOR_HELP, None, "key_2"),
    (CareState.MISSED, CareReason.TOO_LATE, ""),
)


async def make_care(session: AsyncSession, *, seed: int = 1) -> None:
    """Once: when there is a plan already, everything stays as it is."""
    if await session.scalar(select(CarePlan.id).limit(1)) is not None:
        return
    chance, today = random.Random(seed), local_today()
    elders = (await session.scalars(select(Elder.id).where(Elder.provisional.is_(False)).order_by(Elder.id))).all()
    agreeing = list(elders[::_EVERY])
    if len(agreeing) < 2:
        return
    session.add_all(_wishes(elder, today, chance) for elder in agreeing)
    weekly = PlanForm(
        CareKind.REGULAR,
        "每周问候",
        today,
        ("09:30",),
        on_days=("2", "5"),
        text="您好，最近身体还好吗？",
    )
    plan = await create_plan(session, weekly, by=_BY)
    for form in _forms(today, agreeing):
        await create_plan(session, form, by=_BY)
    cold = BulletinForm(Weather.COLD, today, today + timedelta(days=2), "演示：寒潮将至，请添衣保暖，减少外出。")
    await issue(session, cold, by=_BY)
    session.add_all(CareCall(**row) for row in _past(plan, agreeing, today, chance))
    await _family(session, agreeing[0], plan.id, today)


async def _family(session: AsyncSession, elder: int, plan: int, today: date) -> None:
    """The first elder's contacts hear of answered calls: yesterday's was one."""
    wishes = await session.get_one(CareWishes, elder)
    contacts = await session.scalars(select(Contact.id).where(Contact.elder_id == elder).order_by(Contact.position))
    wishes.family_on, wishes.told = today - timedelta(days=30), list(contacts)
    at = moment(today - timedelta(days=1), 545)
    call = CareCall(plan_id=plan, elder_id=elder, day=at.date(), slot=9, kind=CareKind.REGULAR, state=CareState.REACHED)
    call.due_at, call.latest_at, call.ended_at, call.answer, call.tries = at, moment(at.date(), 810), at, WELL, 1
    session.add(call)
    await session.flush()
    await tell_family(session, call, at=at)
    sent = {"status": MessageStatus.SENT, "sent_at": at, "reference": "demo"}
    waiting = CareTextRow.call_id == call.id, CareTextRow.status == MessageStatus.WAITING
    await session.execute(update(CareTextRow).where(*waiting).values(**sent))


def _wishes(elder: int, today: date, chance: random.Random) -> CareWishes:
    naps = chance.random() < 0.5
    return CareWishes(
        elder_id=elder,
        consent_on=today - timedelta(days=60),
        consent_by=chance.choice(("本人", "女儿", "儿子")),
        nap_from="12:30" if naps else "",
        nap_to="14:00" if naps else "",
        prefers_sms=chance.random() < 0.1,
        hard_of_hearing=chance.random() < 0.2,
        birthday_by=chance.choice(tuple(BirthdayBy)),
    )


def _forms(today: date, elders: list[int]) -> list[PlanForm]:
    return [
        PlanForm(CareKind.BIRTHDAY, "生日祝福", today, ("09:00",), text="祝您生日快乐，健康长寿！"),
        PlanForm(
            CareKind.FESTIVAL,
            "节日问候",
            today,
            ("10:00",),
            on_days=(
                Festival.SPRING,
                Festival.DRAGON_BOAT,
                Festival.MID_AUTUMN,
                Festival.DOUBLE_NINTH,
            ),
            text="祝您节日快乐！",
        ),
        PlanForm(
            CareKind.SOLAR_TERM,
            "冬令保暖",
            today,
            ("10:30",),
            on_days=(SolarTerm.START_OF_WINTER, SolarTerm.MINOR_SNOW, SolarTerm.MAJOR_SNOW, SolarTerm.WINTER_SOLSTICE),
            text="天气转冷，请注意保暖，用煤气时开窗通风。",
        ),
        PlanForm(CareKind.WEATHER, "天气提醒", today, ("08:30",), on_days=(Weather.HEAT, Weather.COLD)),
        PlanForm(
            CareKind.REGULAR,
            "每日报平安",
            today,
            ("09:00",),
            elder_id=elders[0],
            must_answer=True,
            text="今天好吗？",
        ),
        PlanForm(CareKind.MEDICINE, "降压药", today, ("08:00", "18:00"), elder_id=elders[1], text="该吃降压药了。"),
    ]


def _past(plan: CarePlan, elders: list[int], today: date, chance: random.Random) -> list[dict[str, Any]]:
    rows = []
    for back in range(1, _PAST + 1):
        day = today - timedelta(days=back)
        for elder in elders[chance.randrange(3) :: 3]:
            state, reason, answer = chance.choice(_RESULTS)
            at = moment(day, 570)
            ended = at + timedelta(minutes=chance.randint(1, 40))
            row = {"plan_id": plan.id, "elder_id": elder, "day": day, "slot": 0, "kind": plan.kind, "due_at": at}
            row |= {"latest_at": moment(day, 810), "state": state, "reason": reason, "answer": answer}
            rows.append({**row, "tries": 0 if state is CareState.MISSED else 1, "ended_at": ended})
    return rows
