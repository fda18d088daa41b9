"""What people do with a complaint (H8, X10): register it, say whom it is about, give it to somebody, step by step until
it is answered and whoever complained was asked. Every step is on record with its level, and on the audit log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.policy import Policy
from ivr.vocabulary import FollowUpKind
from models.audit import audit
from models.base import utc_now
from models.complaint_rules import Facts, Person, after_asking, is_about, not_now
from models.complaint_targets import Target, aim, count, known, order_named
from models.complaints import (
    SUCCESSORS,
    AboutKind,
    CameBy,
    Complaint,
    ComplaintState,
    ComplaintStep,
    Satisfaction,
    Step,
)
from models.elders import Elder
from models.follow_ups import Ended, FollowUp
from models.masking import is_masked
from models.orders.work_orders import WorkOrder
from models.people import User
from models.refusing import refuse
from models.register import find_elder
from models.scope import EVERYWHERE, Scope
from models.text import plain
from models.versions import NoSuchRecord, changing

LONGEST: Final = 2_000
SHORT: Final = 200
_WITH_WORDS: Final = frozenset({Step.INVESTIGATED, Step.OPINION, Step.APPROVED, Step.RETURNED, Step.ANSWERED})
REFUSALS: Final = {
    "not_in_this_state": ("当前状态不能进行此步骤", "not in this state"),
    "concerned": ("被投诉人应当回避", "who is complained about steps back"),
    "no_handler": ("该人员不处理投诉", "this person does not handle complaints"),
    "leaders_only": ("此步骤须由负责人进行", "a leader has to do this"),
    "same_person": ("负责人意见须由经办人以外的负责人填写", "the leader's opinion is another person's"),
    "was_below": ("曾在下一级经办该投诉，应当换人", "was responsible for it one level below"),
    "not_yours": ("该投诉由他人经办", "somebody else is responsible for it"),
}


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """`complainant` and `caller` where that is not the elder; `order`: the one that it is about, if any."""

    words: str
    elder: int | None = None
    order: int | None = None
    about: str = ""
    about_kind: AboutKind = AboutKind.UNKNOWN
    about_id: str = ""
    complainant: str = ""
    caller: str = ""
    came_by: CameBy = CameBy.PAGE


async def register(
    session: AsyncSession, new: NewComplaint, *, by: str, policy: Policy, scope: Scope = EVERYWHERE
) -> Complaint:
    """A complaint that did not come in by the telephone line; its clocks run from now. Where it names an order it is
    of that order's elder. A supplier's score hears of it (`complaint_targets.py`).

    Raises:
        NoSuchElder: there is no such elder, or out of `scope`.
        FormRefused: nobody said what it is, nobody knows who complains, or there is no such person or order.
    """
    words = _text("words", new.words, needed=True)
    complainant = _text("complainant", new.complainant, most=SHORT)
    order = None if new.order is None else await order_named(session, new.order, elder=new.elder, scope=scope)
    elder = new.elder if order is None else order.elder_id
    if elder is not None:
        await find_elder(session, elder, scope=scope)
    elif not complainant:
        refuse("complainant", "请填写投诉人，或选择老人档案", "say who complains, or about which elder it is")
    given = Target(new.about_kind, _text("about_id", new.about_id, most=SHORT))
    target = await known(session, given, order=order, scope=scope)
    now = utc_now()
    complaint = Complaint(
        elder_id=elder,
        order_id=None if order is None else order.id,
        drafted_at=now,
        drafted_by=by,
        opened_at=now,
        words=words,
        about=_text("about", new.about, most=SHORT),
        about_kind=target.kind,
        about_id=target.id,
        came_by=new.came_by,
        complainant=complainant,
        caller=_text("caller", new.caller, most=40),
    )
    session.add(complaint)
    await session.flush()
    await count(session, complaint, policy=policy)
    told = {"about": target.kind, "order": complaint.order_id}
    audit(session, by, "complaint.register", f"complaint:{complaint.id}", elder=elder, **told)
    return complaint


async def tell_whom(
    session: AsyncSession, number: int, *, version: int, about_kind: AboutKind, about_id: str, by: Person,
    policy: Policy, scope: Scope = EVERYWHERE,
) -> Complaint:  # fmt: skip
    """Say whom it is about. Whoever is responsible and turns out to be meant has it no longer; the score of a
    supplier hears of it (`complaint_targets.py`).

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: there is nobody such, or the one who says so is complained about.
    """
    given = Target(about_kind, _text("about_id", about_id, most=SHORT))
    async with changing(session, await find(session, number, scope=scope), version=version) as row:
        order = None if row.order_id is None else await session.get(WorkOrder, row.order_id)
        target = await known(session, given, order=order, scope=scope)
        before, responsible = await facts_of(session, row), await person_of(session, row.assigned_to)
        _allowed(not_now(before, Step.ASSIGNED, by, to=by), but="leaders_only")
        meant = replace(before, about_kind=target.kind, about_id=target.id)
        if responsible is not None and is_about(meant, responsible):
            row.assigned_to, row.state = None, ComplaintState.DRAFT
        await aim(session, row, target, policy=policy)
        audit(session, by.actor, "complaint.about", f"complaint:{number}", elder=row.elder_id, about=target.kind)
    return row


async def take_step(
    session: AsyncSession,
    number: int,
    step: Step,
    *,
    version: int,
    by: Person,
    note: str = "",
    to: int | None = None,
    satisfaction: Satisfaction | None = None,
    scope: Scope = EVERYWHERE,
) -> Complaint:
    """Go one step on. `to`: whom it is given to; `satisfaction` once they were asked.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: `step` cannot be done now, or not by this person; `note` or `satisfaction` is missing.
    """
    words = _text("note", note, needed=step in _WITH_WORDS)
    async with changing(session, await find(session, number, scope=scope), version=version) as row:
        facts, receiver = await facts_of(session, row), await person_of(session, to)
        if step is Step.ASSIGNED and receiver is None:
            refuse("to", "请选择经办人", "choose who is to handle it")
        _allowed(not_now(facts, step, by, to=receiver))
        now, level = utc_now(), row.level
        if step is Step.ASKED:
            _asked(session, row, satisfaction, now=now, by=by.actor)
        else:
            row.state = SUCCESSORS[row.state][step]
        if step is Step.ASSIGNED:
            row.assigned_to = to
        if step in (Step.CONTACTED, Step.ANSWERED):
            row.contacted_at = row.contacted_at or now
        if step is Step.ANSWERED:
            row.answer, row.answered_at = words, now
            await _owe_the_asking(session, row, now=now, by=by.actor)
        told = satisfaction if step is Step.ASKED else ""
        session.add(_step(row, step, level=level, at=now, by=by.actor, note=words or str(told or ""), to=to))
        audit(session, by.actor, f"complaint.{step}", f"complaint:{number}", elder=row.elder_id, level=level)
    return row


async def _owe_the_asking(session: AsyncSession, row: Complaint, *, now: datetime, by: str) -> None:
    """The follow-up call was given up before there was an answer to ask about: it is owed again, within as long."""
    given_up = FollowUp.kind == FollowUpKind.COMPLAINT, FollowUp.ended == Ended.NOT_REACHED
    owed = await session.scalar(select(FollowUp).where(FollowUp.case_id == row.case_id, *given_up))
    if owed is not None:
        owed.due_at, owed.done_at, owed.done_by, owed.ended = now + (owed.due_at - owed.booked_at), None, "", None
        audit(session, by, "follow_up.reopen", f"follow_up:{owed.id}", elder=owed.elder_id)


async def check_asker(session: AsyncSession, case: str | None, user: int | None) -> None:
    """Before a follow-up call after a complaint of this case is given to somebody, or made. Raises FormRefused: it is
    this user who is complained about."""
    person = await person_of(session, user)
    if person is None or case is None:
        return
    for row in await session.scalars(select(Complaint).where(Complaint.case_id == case)):
        if is_about(await facts_of(session, row), person):
            refuse("agent", *REFUSALS["concerned"])


def user_of(actor: str) -> int | None:
    """The number of a user who is named as on the timeline (`user:7`)."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "user" and number.isdecimal() else None


async def asked_by_follow_up(session: AsyncSession, case: str, satisfaction: Satisfaction, *, by: str) -> None:
    """What the follow-up call after a complaint brought (H8): the complaint of this case that was answered is closed,
    or opens again. `NOT_SAID` also where nobody could be reached in all tries: asked as often as the rule wants, it is
    not kept open for ever. What is said later counts all the same."""
    rows = select(Complaint).where(
        Complaint.case_id == case, Complaint.state.in_([ComplaintState.ANSWERED, ComplaintState.CLOSED])
    )
    for row in await session.scalars(rows):
        said_now = satisfaction is not Satisfaction.NOT_SAID and row.satisfaction in (None, Satisfaction.NOT_SAID)
        if row.state is ComplaintState.CLOSED and satisfaction is not Satisfaction.DISSATISFIED and not said_now:
            continue
        now, level = utc_now(), row.level
        _asked(session, row, satisfaction, now=now, by=by)
        session.add(_step(row, Step.ASKED, level=level, at=now, by=by, note=str(satisfaction)))
        audit(session, by, "complaint.asked", f"complaint:{row.id}", elder=row.elder_id, level=level)


def _asked(session: AsyncSession, row: Complaint, satisfaction: Satisfaction | None, *, now: datetime, by: str) -> None:
    if satisfaction is None:
        refuse("satisfaction", "请选择满意度", "say whether the answer satisfies")
    row.satisfaction = satisfaction
    before = row.level
    row.state, row.level = after_asking(row.level, satisfaction)
    if row.state is ComplaintState.CLOSED:
        row.closed_at = row.closed_at or now
        return
    row.opened_at, row.contacted_at, row.answered_at, row.closed_at = now, None, None, None
    row.assigned_to = None
    session.add(_step(row, Step.ESCALATED, level=row.level, at=now, by=by))
    audit(session, by, "complaint.escalated", f"complaint:{row.id}", elder=row.elder_id, before=before, after=row.level)


def _step(
    row: Complaint, step: Step, *, level: int, at: datetime, by: str, note: str = "", to: int | None = None
) -> ComplaintStep:
    return ComplaintStep(complaint_id=row.id, level=level, step=step, at=at, by=by, note=note, to_user=to)


async def find(session: AsyncSession, number: int, *, scope: Scope) -> Complaint:
    """Raises NoSuchRecord: there is none, or out of `scope`."""
    query = select(Complaint).outerjoin(Elder, Elder.id == Complaint.elder_id)
    row = await session.scalar(query.where(Complaint.id == number, scope.of_elders()))
    if row is None:
        raise NoSuchRecord
    return row


async def facts_of(session: AsyncSession, row: Complaint) -> Facts:
    given = select(ComplaintStep.to_user).where(
        ComplaintStep.complaint_id == row.id, ComplaintStep.step == Step.ASSIGNED, ComplaintStep.level < row.level
    )
    below = frozenset(user for user in await session.scalars(given) if user is not None)
    return Facts(row.state, row.level, row.about_kind, row.about_id, row.assigned_to, below)


async def person_of(session: AsyncSession, user: int | None) -> Person | None:
    """Somebody whose account is in use; None: there is nobody such."""
    row = None if user is None else await session.get(User, user)
    return None if row is None or not row.active else Person(row.id, row.seat, frozenset(row.roles))


def _allowed(why: str, *, but: str = "") -> None:
    """Raises FormRefused for the reason, unless it is the one that does not count here."""
    if why and why != but:
        refuse("step", *REFUSALS[why])


def _text(field: str, given: str, *, most: int = LONGEST, needed: bool = False) -> str:
    text = plain(given).strip()
    if needed and not text:
        refuse(field, "请填写", "this is needed")
    if len(text) > most:
        refuse(field, f"不得超过{most}字", f"{most} characters at most")
    if is_masked(text):
        refuse(field, "内容已被遮盖(***)，请先显示全部", "this is masked (***): show all first")
    return text
