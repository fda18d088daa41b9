"""What people do with a follow-up: take it or give it to somebody, write down what the call brought."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind, Rating
from models.audit import audit
from models.base import utc_now
from models.complaint_handling import asked_by_follow_up, check_asker, user_of
from models.complaints import Satisfaction
from models.elders import Elder
from models.follow_up_forms import checked
from models.follow_ups import Ended, FollowUp
from models.orders.rating import rate
from models.orders.states import DONE
from models.orders.work_orders import WorkOrder
from models.people import User
from models.refusing import refuse
from models.roles import UserRole
from models.scope import EVERYWHERE, Scope
from models.versions import NoSuchRecord, changing

BY_KEY: Final = "system:care_call"
CALLERS: Final = frozenset({UserRole.ADMIN, UserRole.LEAD, UserRole.AGENT, UserRole.PROFESSIONAL, UserRole.DISPATCHER})


async def find(session: AsyncSession, number: int, *, scope: Scope) -> FollowUp:
    """Raises NoSuchRecord: there is none, or out of `scope`."""
    query = select(FollowUp).outerjoin(Elder, Elder.id == FollowUp.elder_id)
    row = await session.scalar(query.where(FollowUp.id == number, scope.of_elders()))
    if row is None:
        raise NoSuchRecord
    return row


async def assign(
    session: AsyncSession, follow_up: int, *, version: int, to: int | None, by: str, scope: Scope = EVERYWHERE
) -> FollowUp:
    """Give it to somebody, or (None) back to the queue. Who may give it to others is the caller's to know.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: nobody such makes follow-up calls, or it is done, or they are complained about.
    """
    user = None if to is None else await session.get(User, to)
    if to is not None and (user is None or not user.active or CALLERS.isdisjoint(user.roles)):
        refuse("agent", "该人员不做回访", "this person makes no follow-up calls")
    async with changing(session, await find(session, follow_up, scope=scope), version=version) as row:
        if row.done_at is not None:
            refuse("agent", "回访已结束", "it is done already")
        await check_caller(session, row, to)
        row.agent_id = to
        audit(session, by, "follow_up.assign", f"follow_up:{follow_up}", elder=row.elder_id, to=to)
    return row


async def check_caller(session: AsyncSession, row: FollowUp, user: int | None) -> None:
    """After a complaint it is not the person complained about who asks (H8). Raises FormRefused."""
    if row.kind is FollowUpKind.COMPLAINT:
        await check_asker(session, row.case_id, user)


async def complete(
    session: AsyncSession,
    follow_up: int,
    *,
    version: int,
    by: str,
    done: bool,
    result: str,
    satisfaction: str,
    note: str,
    answers: Mapping[str, str] | None = None,
    policy: Policy,
    scope: Scope = EVERYWHERE,
) -> None:
    """Write down what the call brought, or (`done` False) take that back. After a complaint it is passed on to the
    complaint whether they are satisfied, after a visit to its order (H4, T5).

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: an answer is none of this kind's form, or whoever asks is complained about.
    """
    async with changing(session, await find(session, follow_up, scope=scope), version=version) as row:
        await check_caller(session, row, user_of(by))
        asked = row.done_at is None or row.satisfaction != satisfaction  # not again for words that are put right
        row.done_at, row.done_by = (utc_now(), by) if done else (None, "")
        row.ended = Ended.REACHED if done else None
        row.result, row.satisfaction, row.note = result, satisfaction, note
        row.answers = checked(row.kind, answers or {}) if done else {}
        audit(session, by, "follow_up.done" if done else "follow_up.reopen", f"follow_up:{follow_up}")
        if done and asked:
            await tell_complaint(session, row, Satisfaction(satisfaction or Satisfaction.NOT_SAID), by=by)
        if done and satisfaction and row.order_id is not None:
            await rate_order(session, row.order_id, Rating(satisfaction), by=by, policy=policy)


async def tell_complaint(session: AsyncSession, row: FollowUp, satisfaction: Satisfaction, *, by: str) -> None:
    """After a complaint: whether they are satisfied, or could not be asked (H8)."""
    if row.kind is FollowUpKind.COMPLAINT and row.case_id is not None:
        await asked_by_follow_up(session, row.case_id, satisfaction, by=by)


async def said_by_key(session: AsyncSession, follow_up: int, grade: Rating, *, at: datetime, policy: Policy) -> None:
    """The elder has pressed a grade in an automatic call (H4). That is what an agent would have asked for, so nobody
    has to ring any more; only who is dissatisfied is still rung, by a person who asks why (T7). Where an agent was
    faster, what they wrote down counts."""
    row = await session.get(FollowUp, follow_up, with_for_update=True)
    if row is None or row.done_at is not None:
        return
    async with changing(session, row, version=None):
        row.said, row.said_at = grade, at
        if grade is not Rating.DISSATISFIED:
            row.done_at, row.done_by, row.ended, row.satisfaction = at, BY_KEY, Ended.REACHED, grade
            row.next_try_at = None
        audit(session, BY_KEY, "follow_up.said", f"follow_up:{follow_up}", elder=row.elder_id, grade=grade)
    if row.order_id is not None:
        await rate_order(session, row.order_id, grade, by=BY_KEY, policy=policy)


async def rate_order(session: AsyncSession, number: int, grade: Rating, *, by: str, policy: Policy) -> None:
    """An order that was made void meanwhile has no rating; what was said stays with the follow-up."""
    order = await session.get(WorkOrder, number)
    if order is not None and order.state in DONE:
        await rate(session, order, grade, by, policy=policy)
