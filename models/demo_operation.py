"""Examples of what is done around the calls, for the demo district: a call that was reviewed, one that is to be, a
calibration, shifts, plans of which one is overdue, a drill report. Plainly invented, and made once.

The two calls are of more than a month ago, closed and without sound: nothing that rings or waits knows of them.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseKind, CaseState, LegKind, LegState, Outcome, Place, Role, Topic
from models.base import local_today, utc_now
from models.cases import CaseLegRow, CaseRow, RecordingRow
from models.elders import Elder
from models.months import month_of
from models.people import User
from models.quality import calibrations, reviews
from models.quality.candidates import candidates_of
from models.quality.draws import draw
from models.quality.score_sheets import SheetKind, items_of, newest
from models.readiness import drill_reports, plans
from models.readiness.drill_files import DrillRun, DrillStep
from models.scope import EVERYWHERE
from models.staffing import shifts

BY: Final = "demo"
SEED: Final = 1
CALLS: Final = (("demo-review-1", True, 184.0), ("demo-review-2", False, 96.0))  # id, emergency, seconds
_DAYS_BEFORE: Final = 35


async def add(session: AsyncSession, *, agent: str, lead: str) -> None:
    """With the calls of this agent and the reviews of this lead, by their user names; nothing when it was added
    before."""
    if await session.get(CaseRow, CALLS[0][0]) is not None:
        return
    people = dict((await session.execute(select(User.username, User.id))).all())
    seat = await session.scalar(select(User.seat).where(User.username == agent))
    elder = await session.scalar(select(Elder).order_by(Elder.id.desc()).limit(1))
    at = (utc_now() - timedelta(days=_DAYS_BEFORE)).replace(hour=2, minute=0, second=0, microsecond=0)
    for number, (case, emergency, seconds) in enumerate(CALLS):
        await _call(
            session, case, elder, seat or "", at + timedelta(hours=number), emergency=emergency, seconds=seconds
        )
    await _quality(session, month_of(at), people[agent], people[lead])
    for tape in await session.scalars(
        select(RecordingRow).where(RecordingRow.case_id.in_([call[0] for call in CALLS]))
    ):
        tape.removed_at = utc_now()  # there never was a sound: no check is to miss it
    await _shifts(session)
    await _readiness(session, people[lead])


async def _call(
    session: AsyncSession, case: str, elder: Elder | None, seat: str, at: datetime, *, emergency: bool, seconds: float
) -> None:
    answered, ended = at + timedelta(seconds=4), at + timedelta(seconds=4 + seconds)
    session.add(
        CaseRow(
            id=case,
            last_seq=1,
            kind=CaseKind.SOS if emergency else CaseKind.ORDINARY,
            state=CaseState.CLOSED,
            caller=elder.home_phone if elder else "",
            dialled="",
            channel=case,
            elder_id=elder.id if elder else None,
            opened_at=at,
            answered_at=answered,
            emergency_at=answered + timedelta(seconds=30) if emergency else None,
            arrived_at=None,
            closed_at=ended,
            abandoned=False,
            topic=Topic.EMERGENCY if emergency else Topic.CONSULTATION,
            outcome=Outcome.RESCUED if emergency else Outcome.CONSULTATION,
            note="演示",
        )
    )
    await session.flush()
    session.add(
        CaseLegRow(
            case_id=case,
            id="a-1",
            last_seq=1,
            position=0,
            kind=LegKind.SEAT,
            role=Role.A,
            mode=None,
            number=seat,
            name="",
            contact=None,
            phone_index=0,
            state=LegState.ENDED,
            place=Place.NOWHERE,
            result=None,
            dialled_at=at,
            answered_at=answered,
            ended_at=ended,
            cause=16,
        )
    )
    session.add(
        RecordingRow(
            id=f"{case}-tape",
            case_id=case,
            last_seq=1,
            path=f"{at:%Y/%m/%d}/{case}.wav",
            place="",
            people=["a-1"],
            started_at=at,
            seconds=seconds,
            problem="",
        )
    )
    await session.flush()


async def _quality(session: AsyncSession, month: str, agent: int, lead: int) -> None:
    """The emergency is scored and answered, and several look at it; the other call waits."""
    calls, unclear = await candidates_of(session, month, scope=EVERYWHERE)
    found = await draw(session, month, calls, unclear=unclear, by=BY, seed=SEED)
    drawn = await session.scalars(
        select(reviews.QualityReview).where(
            reviews.QualityReview.draw_id == found.draw.id, reviews.QualityReview.emergency
        )
    )
    review = drawn.one()
    sheet = await newest(session, SheetKind.EMERGENCY)
    points: dict[str, int | None] = {item.key: max(0, item.points - 2) for item in items_of(sheet) if not item.fatal}
    scored = await reviews.finish(
        session,
        review.id,
        version=review.version,
        sheet=sheet.id,
        points=points,
        missed=(),
        comment="演示：应急启动及时，进门方式可以说得更清楚。",
        user=lead,
    )
    await reviews.answer(session, scored.id, "演示：下次先核对门禁。", version=scored.version, user=agent)
    calibration = await calibrations.begin(session, scored.id, user=lead)
    await calibrations.join(session, calibration, user=lead)


async def _shifts(session: AsyncSession) -> None:
    every_day = range(shifts.DAYS)
    for begins, ends, seats, who in ((8, 16, 4, "演示早班"), (16, 0, 3, "演示中班"), (0, 8, 2, "演示夜班")):
        form = shifts.ShiftForm(0, begins * 60, ends * 60, seats, who)
        await shifts.add(session, form, weekdays=every_day, by=BY)


async def _readiness(session: AsyncSession, owner: int) -> None:
    today = local_today()
    power = plans.PlanForm(
        title="演示：停电与网络中断",
        owner=owner,
        valid_from=date(2026, 1, 5),
        review_due=today + timedelta(days=200),
        text="一、值班员确认停电范围，报告班长。\n二、改用值班电话接警，班长通知维护人员。\n"
        "三、恢复后逐一回拨未接通的老人。",
    )
    flood = plans.PlanForm(
        title="演示：台风与暴雨",
        owner=owner,
        valid_from=date(2026, 1, 5),
        review_due=max(today - timedelta(days=12), date(2026, 1, 6)),
        text="一、预警发布后增排夜班坐席。\n二、优先联系独居和低洼地区老人。",
    )
    plan = await plans.add(session, power, None, by=BY)
    await plans.add(session, flood, None, by=BY)
    began = utc_now() - timedelta(days=9)
    run = DrillRun(
        kind="sos",
        name="sos",
        began_at=began,
        ended_at=began + timedelta(seconds=58),
        passed=True,
        steps=(
            DrillStep(zh="平台接通来电", en="the call is answered", good=True, at=began, value="0.4 s"),
            DrillStep(zh="坐席接听", en="an agent answers", good=True, at=began + timedelta(seconds=3), value="2.9 s"),
            DrillStep(zh="同时呼叫全部联系人", en="all contacts are rung", good=True, at=began + timedelta(seconds=21)),
        ),
    )
    report = await drill_reports.take_in(session, run, source="0" * 64, file="demo.json", by=BY)
    assert report is not None  # it is made once
    await drill_reports.complete(
        session,
        report.id,
        version=report.version,
        plan=plan.id,
        findings="演示：各步骤均按时完成。",
        signers=("演示班长", "演示坐席甲"),
        by=BY,
    )
