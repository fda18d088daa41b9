"""What an elder wishes of care calls: whether they want any, when not to be rung, how the birthday is kept.

No call goes out without consent on file; who says stop gets none from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from models.audit import audit
from models.base import Base, choice, local_today, utc_now
from models.care.calendar import BirthdayBy, birthday_of
from models.care.calls import CareCall, CareState
from models.care.planning import Person, minute_of
from models.elder_forms import FieldProblem
from models.elders import Contact, Elder, ElderStatus
from models.register import FormRefused
from models.text import plain
from models.versions import VersionConflict, Versioned, changing

LONGEST: Final = 200


class CareWishes(Versioned, Base):
    """`consent_on` None: nobody has agreed yet; `stopped_on`: they want none any more. `quiet_from` to `quiet_to`
    (which may go over midnight) and the nap are local times (`13:00`), empty:
    none. `family_on`: since when the elder agrees that family hears of answered calls; `told`: contacts who want it."""

    __tablename__ = "care_wishes"

    elder_id: Mapped[int] = mapped_column(
        ForeignKey("elders.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    consent_on: Mapped[date | None]
    consent_by: Mapped[str] = mapped_column(default="")
    stopped_on: Mapped[date | None]
    quiet_from: Mapped[str] = mapped_column(default="")
    quiet_to: Mapped[str] = mapped_column(default="")
    nap_from: Mapped[str] = mapped_column(default="")
    nap_to: Mapped[str] = mapped_column(default="")
    hard_of_hearing: Mapped[bool] = mapped_column(default=False)
    prefers_sms: Mapped[bool] = mapped_column(default=False)
    family_on: Mapped[date | None]
    told: Mapped[list[int]] = mapped_column(default=list, server_default="[]")
    birthday_by: Mapped[BirthdayBy] = mapped_column(choice(BirthdayBy), default=BirthdayBy.SOLAR)
    note: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class WishesForm:
    """As `CareWishes`; `stopped`: no calls from today on; `tells_family`: as `family_on`."""

    consent_on: date | None = None
    consent_by: str = ""
    stopped: bool = False
    quiet_from: str = ""
    quiet_to: str = ""
    nap_from: str = ""
    nap_to: str = ""
    hard_of_hearing: bool = False
    prefers_sms: bool = False
    tells_family: bool = False
    told: tuple[int, ...] = ()
    birthday_by: BirthdayBy = BirthdayBy.SOLAR
    note: str = ""


def checked(form: WishesForm) -> None:
    """Raises FormRefused."""
    wrong = []
    today = local_today()
    if form.consent_on is not None and form.consent_on > today:
        wrong.append(FieldProblem("consent_on", "同意日期不能晚于今天", "the consent cannot be of a day to come"))
    if form.consent_on is not None and not form.consent_by.strip():
        wrong.append(FieldProblem("consent_by", "请填写由谁同意", "who has agreed is needed"))
    for begins, ends in (("quiet_from", "quiet_to"), ("nap_from", "nap_to")):
        texts = getattr(form, begins), getattr(form, ends)
        if any(texts) and (not all(map(_is_time, texts)) or texts[0] == texts[1]):
            wrong.append(FieldProblem(begins, "请填写起止时间，如 13:00", "both times, such as 13:00"))
    wrong.extend(
        FieldProblem(name, f"不得超过{LONGEST}字", f"{LONGEST} characters at most")
        for name in ("consent_by", "note")
        if len(getattr(form, name)) > LONGEST
    )
    if wrong:
        raise FormRefused(tuple(wrong))


def _is_time(text: str) -> bool:
    try:
        return time.fromisoformat(text).strftime("%H:%M") == text
    except ValueError:
        return False


async def set_wishes(session: AsyncSession, elder: Elder, form: WishesForm, *, version: int, by: str) -> CareWishes:
    """From now on. `version` is the one that was read, 0 when nothing was on file. What is planned and not yet due is
    planned anew.

    Raises:
        FormRefused: a field is wrong, or somebody who is to be told is no contact of this elder.
        VersionConflict: somebody else changed them meanwhile.
    """
    checked(form)
    known = set(await session.scalars(select(Contact.id).where(Contact.elder_id == elder.id)))
    if not known.issuperset(form.told):
        raise FormRefused.of("told", "只能选择该老人的联系人", "contacts of this elder only")
    row = await session.get(CareWishes, elder.id)
    if row is None:
        if version != 0:
            raise VersionConflict(0)
        row = CareWishes(elder_id=elder.id)
        _fill(row, form)
        session.add(row)
        await session.flush()
    else:
        async with changing(session, row, version=version):
            _fill(row, form)
            flag_modified(row, "note")  # another version also when nothing is new: the planner goes by it
    await forget_planned(session, elder.id)
    record, agreed, stopped = f"elder:{elder.id}", row.consent_on, row.stopped_on
    audit(session, by, "care_wishes.change", record, consent=str(agreed or ""), stopped=str(stopped or ""))
    return row


async def forget_planned(session: AsyncSession, elder: int) -> None:
    """What is planned for this elder and not yet due; the planner writes it down anew."""
    await session.execute(
        delete(CareCall).where(CareCall.elder_id == elder, CareCall.state == CareState.DUE, CareCall.due_at > utc_now())
    )


def _fill(row: CareWishes, form: WishesForm) -> None:
    stopped = (row.stopped_on or local_today()) if form.stopped else None
    row.consent_on, row.consent_by, row.stopped_on = form.consent_on, plain(form.consent_by).strip(), stopped
    row.quiet_from, row.quiet_to, row.nap_from, row.nap_to = form.quiet_from, form.quiet_to, form.nap_from, form.nap_to
    row.hard_of_hearing, row.prefers_sms = form.hard_of_hearing, form.prefers_sms
    row.family_on = (row.family_on or local_today()) if form.tells_family else None
    row.told = sorted(set(form.told))
    row.birthday_by, row.note = form.birthday_by, plain(form.note).strip()


def form_of(row: CareWishes | None) -> WishesForm:
    if row is None:
        return WishesForm()
    return WishesForm(
        consent_on=row.consent_on,
        consent_by=row.consent_by,
        stopped=row.stopped_on is not None,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        nap_from=row.nap_from,
        nap_to=row.nap_to,
        hard_of_hearing=row.hard_of_hearing,
        prefers_sms=row.prefers_sms,
        tells_family=row.family_on is not None,
        told=tuple(row.told),
        birthday_by=row.birthday_by,
        note=row.note,
    )


def person_of(elder: Elder, wishes: CareWishes | None) -> Person:
    """As the planner needs it."""
    rests = [] if wishes is None else [(wishes.quiet_from, wishes.quiet_to), (wishes.nap_from, wishes.nap_to)]
    by = BirthdayBy.SOLAR if wishes is None else wishes.birthday_by
    away = elder.status is ElderStatus.AWAY
    return Person(
        id=elder.id,
        unit=elder.org_unit_id,
        service_class=elder.service_class,
        birthday=None if elder.born is None else birthday_of(elder.born, by),
        rests=tuple(
            (minute_of(time.fromisoformat(begins)), minute_of(time.fromisoformat(ends)))
            for begins, ends in rests
            if begins and ends
        ),
        away_until=(elder.status_until or date.max) if away else None,
    )
