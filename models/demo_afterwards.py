"""What comes after the calls of the demo district: complaints at different steps, one of them late, follow-ups that
are owed, what elders want or refuse, terminals that were repaired or are to be. As plainly invented as the district."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind, Rating
from models.base import local_today, utc_now
from models.complaint_handling import NewComplaint, person_of, register, take_step
from models.complaints import AboutKind, Complaint, Step
from models.elders import Elder, Terminal
from models.follow_ups import FollowUp, FollowUpTry, TryResult
from models.orders.states import OrderState
from models.orders.work_orders import WorkOrder
from models.people import User
from models.repairs import finish, report
from models.services.records import Service
from models.wishes import NewWish, WishKind, note_wish, strike_out

BY: Final = "demo"
WISHES: Final = ("想学用手机拍照，有没有人来教", "希望有人陪着去公园走走")
FAULTS: Final = ("按键无反应", "通话有杂音，听不清", "指示灯不亮，无法呼出")


async def make(session: AsyncSession) -> None:
    """Once: where there are complaints already, nothing is added."""
    if await session.scalar(select(Complaint.id).limit(1)) is not None:
        return
    elders = list(await session.scalars(select(Elder.id).order_by(Elder.id).limit(4)))
    users = {user.username: user.id for user in await session.scalars(select(User))}
    if len(elders) < 4 or not {"supervisor", "agent802"} <= users.keys():
        return
    done = await session.scalar(select(WorkOrder.id).where(WorkOrder.state == OrderState.FINISHED).limit(1))
    new = NewComplaint(
        "约好上午来，下午才到，也没有打电话",
        elder=elders[1] if done is None else None,
        order=done,
        about_kind=AboutKind.SUPPLIER,
    )
    await register(session, new, by=BY, policy=Policy())
    new = NewComplaint(
        "接电话时语气生硬，没有听完就挂断",
        elder=elders[2],
        complainant="演示·家属",
        caller="12000000009",
        about_kind=AboutKind.USER,
        about_id=str(users["agent802"]),
    )
    late = await register(session, new, by=BY, policy=Policy())
    late.drafted_at = late.opened_at = utc_now() - timedelta(days=6)
    await session.flush()
    supervisor = await person_of(session, users["supervisor"])
    if supervisor is not None:
        await take_step(session, late.id, Step.ASSIGNED, version=late.version, by=supervisor, to=supervisor.id)
        note = "已调取录音，通话中确有打断老人"
        await take_step(session, late.id, Step.INVESTIGATED, version=late.version, by=supervisor, note=note)
    await _follow_ups(session, elders)
    await _wishes(session, elders)
    await _repairs(session)


async def _follow_ups(session: AsyncSession, elders: list[int]) -> None:
    now = utc_now()
    owed = FollowUp(kind=FollowUpKind.CARE, elder_id=elders[2], due_at=now + timedelta(days=1))
    overdue = FollowUp(
        kind=FollowUpKind.CARE,
        elder_id=elders[3],
        due_at=now - timedelta(hours=5),
        booked_at=now - timedelta(days=2),
        tries=1,
    )
    dissatisfied = FollowUp(
        kind=FollowUpKind.CONSULTATION,
        elder_id=elders[1],
        due_at=now + timedelta(hours=20),
        said=Rating.DISSATISFIED,
        said_at=now - timedelta(hours=2),
    )
    session.add_all([owed, overdue, dissatisfied])
    await session.flush()
    at = now - timedelta(hours=26)
    session.add(FollowUpTry(follow_up_id=overdue.id, at=at, by=BY, result=TryResult.NO_ANSWER))


async def _wishes(session: AsyncSession, elders: list[int]) -> None:
    """Two wishes; a refusal, and another that turned out to be none."""
    for elder, words in zip(elders, WISHES, strict=False):
        await note_wish(session, NewWish(WishKind.NEW_WISH, elder, words), by=BY)
    service = await session.scalar(select(Service.id).order_by(Service.position, Service.id).limit(1))
    for elder, words in ((elders[2], "不习惯生人进门"), (elders[3], "这个月不要了")):
        refused = await note_wish(session, NewWish(WishKind.REFUSAL, elder, words, service=service), by=BY)
    await strike_out(session, refused.id, "老人只是改期", by=BY)


async def _repairs(session: AsyncSession) -> None:
    """The last of these works again, and was no fault of the maker's."""
    terminals = await session.scalars(select(Terminal.id).order_by(Terminal.id).offset(10).limit(len(FAULTS)))
    made = [await report(session, one, fault, by=BY) for one, fault in zip(terminals, FAULTS, strict=False)]
    if made:
        last = made[-1]
        await finish(
            session,
            last.id,
            version=last.version,
            done_on=local_today(),
            repairer="演示维修员",
            remedy="更换电源适配器",
            cost=3_500,
            by=BY,
        )
