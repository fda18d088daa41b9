"""Weather of an area as somebody at the centre writes it down, or a weather service hands it in: plans of the kind
`weather` pass it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, choice, local_today, utc_now
from models.care.calls import CareCall, CareState
from models.care.planning import Bulletin, Weather
from models.elder_forms import FieldProblem
from models.org import OrgUnit
from models.register import FormRefused
from models.scope import EVERYWHERE, Scope
from models.text import plain
from models.versions import NoSuchRecord

LONGEST_TEXT: Final = 300
MOST_DAYS: Final = 31


class WeatherLevel(StrEnum):
    """The colours of warnings, the least first."""

    BLUE = "blue"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


class CareBulletin(Base):
    """`org_unit_id` None: everywhere; `source_id`: the number that whoever issued it has given it, once each;
    `withdrawn_at`: nothing more goes out for it."""

    __tablename__ = "care_bulletins"
    __table_args__ = (UniqueConstraint("issued_by", "source_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Weather] = mapped_column(choice(Weather))
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="CASCADE"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    text: Mapped[str]
    issued_at: Mapped[datetime] = mapped_column(default=utc_now)
    issued_by: Mapped[str] = mapped_column(default="")
    withdrawn_at: Mapped[datetime | None]
    level: Mapped[WeatherLevel | None] = mapped_column(choice(WeatherLevel))
    source_id: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class BulletinForm:
    """As `CareBulletin`."""

    kind: Weather
    starts_on: date
    ends_on: date
    text: str
    org_unit_id: int | None = None
    level: WeatherLevel | None = None


async def take(session: AsyncSession, form: BulletinForm, *, source_id: str, by: str) -> tuple[CareBulletin, bool]:
    """A bulletin from a source outside, and whether it is new: the same one told again counts once.

    Raises:
        FormRefused: as `issue`; or this number stands for another bulletin already.
    """
    known = await find_from(session, source_id, by=by)
    if known is None:
        row = await issue(session, form, by=by)
        row.source_id = plain(source_id)
        await session.flush()
        return row, True
    told = (form.kind, form.starts_on, form.ends_on, plain(form.text).strip(), form.org_unit_id, form.level)
    if told != (known.kind, known.starts_on, known.ends_on, known.text, known.org_unit_id, known.level):
        zh, en = "该编号已用于另一条通知，变更请用新编号", "this id stands for another bulletin: use a new one"
        raise FormRefused.of("id", zh, en)
    return known, False


async def find_from(session: AsyncSession, source_id: str, *, by: str) -> CareBulletin | None:
    """The bulletin that this source has given this number."""
    same = CareBulletin.issued_by == by, CareBulletin.source_id == plain(source_id)
    found: CareBulletin | None = await session.scalar(select(CareBulletin).where(*same))
    return found


async def issue(session: AsyncSession, form: BulletinForm, *, by: str, scope: Scope = EVERYWHERE) -> CareBulletin:
    """Raises FormRefused: a field is wrong, or the place is out of `scope`."""
    text, wrong = plain(form.text).strip(), []
    if not 1 <= len(text) <= LONGEST_TEXT:
        wrong.append(FieldProblem("text", f"请填写内容，不超过{LONGEST_TEXT}字", f"1 to {LONGEST_TEXT} characters"))
    if not 0 <= (form.ends_on - form.starts_on).days < MOST_DAYS:
        zh, en = f"结束日期应在开始日期之后{MOST_DAYS}天以内", f"it ends within {MOST_DAYS} days of its beginning"
        wrong.append(FieldProblem("ends_on", zh, en))
    elif form.ends_on < local_today():
        wrong.append(FieldProblem("ends_on", "该日期已过", "that day is over"))
    known = form.org_unit_id is None or await session.get(OrgUnit, form.org_unit_id) is not None
    if not known or not scope.covers(form.org_unit_id):
        wrong.append(FieldProblem("org_unit_id", "只能为本辖区发布", "for your own places only"))
    if wrong:
        raise FormRefused(tuple(wrong))
    row = CareBulletin(
        kind=form.kind,
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        text=text,
        org_unit_id=form.org_unit_id,
        level=form.level,
        issued_by=by,
        issued_at=utc_now(),
    )
    session.add(row)
    await session.flush()
    audit(session, by, "care_bulletin.issue", f"care_bulletin:{row.id}", kind=row.kind, place=row.org_unit_id)
    return row


async def withdraw(session: AsyncSession, bulletin: int, *, by: str, scope: Scope = EVERYWHERE) -> CareBulletin:
    """Calls that were planned for it and not made yet are not made. Raises NoSuchRecord."""
    row = await session.get(CareBulletin, bulletin)
    if row is None or not scope.covers(row.org_unit_id):
        raise NoSuchRecord
    if row.withdrawn_at is None:
        row.withdrawn_at = utc_now()
        planned = (CareCall.bulletin_id == bulletin, CareCall.state == CareState.DUE)
        await session.execute(delete(CareCall).where(*planned))
        audit(session, by, "care_bulletin.withdraw", f"care_bulletin:{bulletin}")
    return row


async def bulletins_from(session: AsyncSession, day: date) -> list[CareBulletin]:
    """Those that are in force on this day or later."""
    rows = select(CareBulletin).where(CareBulletin.withdrawn_at.is_(None), CareBulletin.ends_on >= day)
    return list(await session.scalars(rows.order_by(CareBulletin.id)))


def bulletin_of(row: CareBulletin, units: frozenset[int] | None) -> Bulletin:
    """As the planner needs it; `units`: its place and all below it."""
    return Bulletin(row.id, row.kind, row.starts_on, row.ends_on, row.issued_at, units)
