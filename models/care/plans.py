"""Plans of care calls: for one elder, or for all of a place or a service class (S5). What a form may say is checked
here; what follows from a plan is told by `planning.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, local_today, utc_now
from models.care.calendar import Festival, SolarTerm
from models.care.calls import CareCall, CareState
from models.care.planning import PLANNED, CareKind, Plan, Weather
from models.elder_forms import FieldProblem
from models.elders import Elder, is_whole
from models.masking import is_masked
from models.org import OrgUnit
from models.register import FormRefused
from models.scope import EVERYWHERE, Scope
from models.text import plain
from models.versions import NoSuchRecord, Versioned, changing

LONGEST_TITLE: Final = 60
LONGEST_TEXT: Final = 500
MOST_TIMES: Final = 4
MOST_DATES: Final = 24
WEEKDAYS: Final = ("1", "2", "3", "4", "5", "6", "7")
BY_WEEKDAY: Final = frozenset({CareKind.REGULAR, CareKind.FAMILY, CareKind.MEDICINE})
CHOICES: Final[Mapping[CareKind, tuple[str, ...]]] = {
    **dict.fromkeys(BY_WEEKDAY, WEEKDAYS),
    CareKind.FESTIVAL: tuple(Festival),
    CareKind.SOLAR_TERM: tuple(SolarTerm),
    CareKind.WEATHER: tuple(Weather),
    CareKind.BIRTHDAY: (),
}
OF_ONE_ELDER: Final = frozenset({CareKind.FAMILY, CareKind.MEDICINE})


class CarePlan(Versioned, Base):
    """`elder_id`: for this elder alone; else for all of the place and below (None: everywhere) and of the class (None:
    any). `times` are local (`09:00`); `on_days` as in `planning.Plan.on`. `must_answer`: an elder who does not answer
    is somebody's to look after, as with a daily check. `since`: what was due before is not this plan's; `halted_at`:
    nothing goes out until it is set going again. `recording`: the SHA-256 in hex of what is played in place of `text`
    (`home/plan_recordings.py`), empty when there is none."""

    __tablename__ = "care_plans"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[CareKind] = mapped_column(choice(CareKind))
    title: Mapped[str]
    text: Mapped[str] = mapped_column(default="")
    times: Mapped[list[str]]
    on_days: Mapped[list[str]]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id", ondelete="CASCADE"), index=True)
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="CASCADE"), index=True)
    service_class: Mapped[int | None]
    must_answer: Mapped[bool] = mapped_column(default=False)
    recording: Mapped[str] = mapped_column(default="", server_default="")
    since: Mapped[datetime] = mapped_column(default=utc_now)
    halted_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    created_by: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class PlanForm:
    """As `CarePlan`."""

    kind: CareKind
    title: str
    starts_on: date
    times: tuple[str, ...]
    text: str = ""
    on_days: tuple[str, ...] = ()
    ends_on: date | None = None
    elder_id: int | None = None
    org_unit_id: int | None = None
    service_class: int | None = None
    must_answer: bool = False


@dataclass(slots=True)
class _Problems:
    found: list[FieldProblem] = field(default_factory=list)

    def add(self, name: str, zh: str, en: str) -> None:
        self.found.append(FieldProblem(name, zh, en))


def checked(form: PlanForm) -> PlanForm:
    """The form as it is kept: times in order, words trimmed. Raises FormRefused."""
    wrong = _Problems()
    title, text = plain(form.title).strip(), plain(form.text).strip()
    if form.kind not in PLANNED:
        raise FormRefused.of("kind", "此类电话由系统预约，不能制定计划", "such calls are booked by the platform")
    if not 1 <= len(title) <= LONGEST_TITLE:
        wrong.add("title", f"请填写名称，不超过{LONGEST_TITLE}字", f"a name of at most {LONGEST_TITLE} characters")
    if len(text) > LONGEST_TEXT or is_masked(text):
        wrong.add("text", f"不超过{LONGEST_TEXT}字，不含***", f"at most {LONGEST_TEXT} characters, none of them ***")
    if form.ends_on is not None and form.ends_on < form.starts_on:
        wrong.add("ends_on", "结束日期早于开始日期", "it ends before it begins")
    if form.service_class not in (None, 1, 2, 3):
        wrong.add("service_class", "类别应为1、2、3", "the class is 1, 2 or 3")
    _check_target(form, wrong)
    times = _times(form, wrong)
    _check_days(form, wrong)
    if wrong.found:
        raise FormRefused(tuple(wrong.found))
    return PlanForm(
        kind=form.kind,
        title=title,
        text=text,
        times=times,
        on_days=tuple(dict.fromkeys(form.on_days)),
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        elder_id=form.elder_id,
        org_unit_id=form.org_unit_id,
        service_class=form.service_class,
        must_answer=form.must_answer,
    )


def _check_target(form: PlanForm, wrong: _Problems) -> None:
    if form.elder_id is not None and (form.org_unit_id is not None or form.service_class is not None):
        wrong.add("elder_id", "指定老人后不能再选区域或类别", "a plan is for one elder or for a group, not for both")
    if form.kind in OF_ONE_ELDER and form.elder_id is None:
        wrong.add("elder_id", "亲情提醒、服药提醒须指定老人", "a reminder is for one elder")


def _times(form: PlanForm, wrong: _Problems) -> tuple[str, ...]:
    try:
        found = [time.fromisoformat(text) for text in form.times]
        times = sorted({one.replace(second=0, microsecond=0, tzinfo=None) for one in found})
    except ValueError:
        times = []
    most = MOST_TIMES if form.kind in BY_WEEKDAY else 1
    if not 1 <= len(times) <= most:
        wrong.add("times", f"请填写1至{most}个时间，如 09:00", f"1 to {most} times of day, such as 09:00")
    return tuple(f"{one:%H:%M}" for one in times)


def _check_days(form: PlanForm, wrong: _Problems) -> None:
    if form.kind is CareKind.CHECK_UP:
        if not 1 <= len(form.on_days) <= MOST_DATES or not all(map(_is_date, form.on_days)):
            wrong.add("on_days", "请填写体检日期，如 2027-03-01", "the dates of the check-up, such as 2027-03-01")
        return
    if not set(form.on_days) <= set(CHOICES[form.kind]):
        wrong.add("on_days", "所选日期与类型不符", "these days do not belong to this kind")
    elif form.kind in (CareKind.FESTIVAL, CareKind.SOLAR_TERM, CareKind.WEATHER) and not form.on_days:
        wrong.add("on_days", "请至少选择一项", "choose at least one")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


async def create_plan(session: AsyncSession, form: PlanForm, *, by: str, scope: Scope = EVERYWHERE) -> CarePlan:
    """Raises FormRefused: a field is wrong, or the plan is for people out of `scope`."""
    good = checked(form)
    await _check_place(session, good, scope)
    row = CarePlan(created_by=by, since=utc_now())
    _fill(row, good)
    session.add(row)
    await session.flush()
    audit(session, by, "care_plan.create", f"care_plan:{row.id}", elder=row.elder_id, kind=row.kind)
    return row


async def change_plan(
    session: AsyncSession, plan: int, form: PlanForm, *, version: int, by: str, scope: Scope = EVERYWHERE
) -> CarePlan:
    """What it says from now on; calls that were planned and are not yet due are planned anew.

    Raises:
        NoSuchRecord, VersionConflict: as in `versions.changing`; out of `scope` there is none.
        FormRefused: as above.
    """
    good = checked(form)
    found = await find_plan(session, plan, scope=scope)
    await _check_place(session, good, scope)
    async with changing(session, found, version=version) as row:
        _fill(row, good)
        await replan(session, row)
        audit(session, by, "care_plan.change", f"care_plan:{plan}", elder=row.elder_id, kind=row.kind)
    return row


async def halt_plan(
    session: AsyncSession, plan: int, *, halted: bool, version: int, by: str, scope: Scope = EVERYWHERE
) -> CarePlan:
    """Nothing of this plan goes out any more, or again. Raises NoSuchRecord, VersionConflict."""
    async with changing(session, await find_plan(session, plan, scope=scope), version=version) as row:
        row.halted_at = utc_now() if halted else None
        await replan(session, row)
        audit(session, by, "care_plan.halt" if halted else "care_plan.go_on", f"care_plan:{plan}", elder=row.elder_id)
    return row


async def any_lives(session: AsyncSession) -> bool:
    """Whether calls are due by any plan, now or later."""
    over = func.coalesce(CarePlan.ends_on < local_today(), False)
    return await session.scalar(select(CarePlan.id).where(CarePlan.halted_at.is_(None), ~over).limit(1)) is not None


async def replan(session: AsyncSession, row: CarePlan) -> None:
    """What is planned of it and not yet due is forgotten; the planner writes it down anew."""
    row.since = utc_now()
    await session.execute(
        delete(CareCall).where(CareCall.plan_id == row.id, CareCall.state == CareState.DUE, CareCall.due_at > row.since)
    )


async def find_plan(session: AsyncSession, plan: int, *, scope: Scope) -> CarePlan:
    """Raises NoSuchRecord: there is none, or it is for people out of scope."""
    row = await session.get(CarePlan, plan)
    if row is None or not await _is_seen(session, row, scope):
        raise NoSuchRecord
    return row


async def _is_seen(session: AsyncSession, row: CarePlan | PlanForm, scope: Scope) -> bool:
    if row.elder_id is None:
        return scope.covers(row.org_unit_id)
    seen = select(Elder.id).where(Elder.id == row.elder_id, is_whole(), scope.of_elders())
    return await session.scalar(seen) is not None


async def _check_place(session: AsyncSession, form: PlanForm, scope: Scope) -> None:
    if form.elder_id is not None:
        if not await _is_seen(session, form, scope):
            raise FormRefused.of("elder_id", "没有这位老人", "there is no such elder")
    elif not scope.covers(form.org_unit_id):
        raise FormRefused.of("org_unit_id", "只能为本辖区制定计划", "a plan for your own places only")
    elif form.org_unit_id is not None and await session.get(OrgUnit, form.org_unit_id) is None:
        raise FormRefused.of("org_unit_id", "没有这个机构", "there is no such place")


def _fill(row: CarePlan, form: PlanForm) -> None:
    row.kind, row.title, row.text, row.times = form.kind, form.title, form.text, list(form.times)
    row.on_days, row.starts_on, row.ends_on = list(form.on_days), form.starts_on, form.ends_on
    row.elder_id, row.org_unit_id, row.service_class = form.elder_id, form.org_unit_id, form.service_class
    row.must_answer = form.must_answer


def form_of(row: CarePlan) -> PlanForm:
    return PlanForm(
        kind=row.kind,
        title=row.title,
        text=row.text,
        times=tuple(row.times),
        on_days=tuple(row.on_days),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        elder_id=row.elder_id,
        org_unit_id=row.org_unit_id,
        service_class=row.service_class,
        must_answer=row.must_answer,
    )


def plan_of(row: CarePlan, units: frozenset[int] | None) -> Plan:
    """As the planner needs it; `units`: the place of the plan and all below it."""
    return Plan(
        id=row.id,
        kind=row.kind,
        times=tuple(time.fromisoformat(text) for text in row.times),
        on=frozenset(row.on_days),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        since=row.since,
        elder=row.elder_id,
        units=units,
        service_class=row.service_class,
    )
