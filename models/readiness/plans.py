"""Emergency plans (S12): for failures and disasters, each with who owns it, since when it is in force and until when
it is to be looked over again. Its text stands here; a file may go with it (`home/scans.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ForeignKey, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, local_today, utc_now
from models.elder_forms import FieldProblem
from models.papers import Scan
from models.people import User
from models.queries.paging import Page, read_page_from
from models.register import FormRefused
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

SHORT: Final = 100
LONGEST: Final = 50_000


class EmergencyPlan(Versioned, Base):
    """`owner_id`: whose it is to keep right; `review_due`: the day until which it is to be looked over; `file` the
    SHA-256 in hex, empty when there is none, with its media type and its size in bytes."""

    __tablename__ = "emergency_plans"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    valid_from: Mapped[date]
    review_due: Mapped[date] = mapped_column(index=True)
    text: Mapped[str]
    file: Mapped[str] = mapped_column(default="", index=True)
    file_type: Mapped[str] = mapped_column(default="")
    file_size: Mapped[int] = mapped_column(default=0)
    reviewed_on: Mapped[date | None]
    changed_at: Mapped[datetime] = mapped_column(default=utc_now)
    changed_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class PlanForm:
    title: str
    owner: int | None
    valid_from: date | None
    review_due: date | None
    text: str = ""


async def add(session: AsyncSession, form: PlanForm, file: Scan | None, *, by: str) -> EmergencyPlan:
    """Raises FormRefused: a field is wrong; `file` when there is neither text nor file."""
    valid_from, review_due = checked(form, has_file=file is not None)
    await _check_owner(session, form)
    plan = EmergencyPlan(valid_from=valid_from, review_due=review_due, title="", text="", changed_by=by)
    _put(plan, form, file, by=by)
    session.add(plan)
    await session.flush()
    audit(session, by, "emergency_plan.add", f"emergency_plan:{plan.id}", file=plan.file, review_due=review_due)
    return plan


async def change(
    session: AsyncSession, plan: int, form: PlanForm, file: Scan | None, *, version: int, by: str
) -> EmergencyPlan:
    """Another text or file; without a file the one that is there stays.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: as in `add`.
    """
    await _check_owner(session, form)
    async with changing(session, await session.get(EmergencyPlan, plan), version=version) as row:
        before = {"file": row.file, "review_due": row.review_due, "valid_from": row.valid_from}
        row.valid_from, row.review_due = checked(form, has_file=file is not None or bool(row.file))
        _put(row, form, file, by=by)
        after = {"file": row.file, "review_due": row.review_due, "valid_from": row.valid_from}
        audit(session, by, "emergency_plan.change", f"emergency_plan:{plan}", before=before, after=after)
    return row


async def looked_over(session: AsyncSession, plan: int, *, version: int, due: date | None, by: str) -> EmergencyPlan:
    """It is right as it stands; it is to be looked over again until `due`.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`.
        FormRefused: that is not in the future.
    """
    async with changing(session, await session.get(EmergencyPlan, plan), version=version) as row:
        today = local_today()
        if due is None or due <= today:
            raise FormRefused.of("due", "下次复审日期应在今天之后", "a day after today")
        row.reviewed_on, row.review_due, row.changed_at, row.changed_by = today, due, utc_now(), by
        audit(session, by, "emergency_plan.reviewed", f"emergency_plan:{plan}", review_due=due)
    return row


async def plan_of(session: AsyncSession, plan: int) -> EmergencyPlan:
    """Raises NoSuchRecord."""
    row = await session.get(EmergencyPlan, plan)
    if row is None:
        raise NoSuchRecord
    return row


async def plans(session: AsyncSession) -> list[EmergencyPlan]:
    """All, the one that is to be looked over first at the top."""
    return list(await session.scalars(_plans()))


async def list_plans(session: AsyncSession, *, limit: int = 50, after: int | None = None) -> Page[EmergencyPlan]:
    """The same page by page; the cursor is a number of rows."""
    return await read_page_from(session, _plans(), lambda row: row, skip=after or 0, limit=limit)


def _plans() -> Select[EmergencyPlan]:
    return select(EmergencyPlan).order_by(EmergencyPlan.review_due, EmergencyPlan.id)


async def overdue(session: AsyncSession, *, today: date | None = None) -> int:
    """How many should have been looked over before today."""
    late = select(func.count()).where(EmergencyPlan.review_due < (today or local_today()))
    return await session.scalar(late) or 0


async def is_kept(session: AsyncSession, file: str) -> bool:
    """Whether any plan has this file."""
    return await session.scalar(select(EmergencyPlan.id).where(EmergencyPlan.file == file).limit(1)) is not None


def checked(form: PlanForm, *, has_file: bool) -> tuple[date, date]:
    """From when it is in force, and until when it is to be looked over. Raises FormRefused."""
    problems = []
    title, text = plain(form.title).strip(), plain(form.text).strip()
    if not title or len(title) > SHORT:
        problems.append(FieldProblem("title", f"请填写，不超过{SHORT}字", f"1 to {SHORT} characters"))
    if len(text) > LONGEST:
        problems.append(FieldProblem("text", f"不得超过{LONGEST}字", f"{LONGEST} characters at most"))
    if not text and not has_file:
        problems.append(FieldProblem("text", "请填写正文或上传文件", "a text or a file is needed"))
    if form.owner is None:
        problems.append(FieldProblem("owner", "请选择负责人", "somebody has to own it"))
    if form.valid_from is None:
        problems.append(FieldProblem("valid_from", "请填写日期", "the date is needed"))
    if form.review_due is None:
        problems.append(FieldProblem("review_due", "请填写日期", "the date is needed"))
    elif form.valid_from is not None and form.review_due <= form.valid_from:
        problems.append(FieldProblem("review_due", "复审日期应在生效之后", "after the day from which it is in force"))
    if problems or form.valid_from is None or form.review_due is None:
        raise FormRefused(tuple(problems))
    return form.valid_from, form.review_due


async def _check_owner(session: AsyncSession, form: PlanForm) -> None:
    if form.owner is not None and await session.get(User, form.owner) is None:
        raise FormRefused((FieldProblem("owner", "没有这个账号", "there is no such account"),))


def _put(plan: EmergencyPlan, form: PlanForm, file: Scan | None, *, by: str) -> None:
    plan.title, plan.text, plan.owner_id = plain(form.title).strip(), plain(form.text).strip(), form.owner
    plan.changed_at, plan.changed_by = utc_now(), by
    if file is not None:
        plan.file, plan.file_type, plan.file_size = file.sha256, file.media_type, file.size
