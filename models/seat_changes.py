"""Seats as an administrator changes them: each change is on the audit log. `seats.py` has the record itself; what the
desk and Asterisk make of a change is for whoever calls this to bring about."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import Skill
from models.audit import audit
from models.org import OrgUnit
from models.people import User
from models.refusing import refuse
from models.seats import EXTENSION, Seat, add_seat
from models.versions import NoSuchRecord, VersionConflict, fingerprint

MOST_NAME = 40


@dataclass(frozen=True, slots=True)
class SeatForm:
    """What can be changed of a seat. `org_unit_id` of its community; None: a central seat."""

    name: str = ""
    skills: tuple[str, ...] = (Skill.AGENT,)
    org_unit_id: int | None = None


def version_of(seat: Seat) -> int:
    """The version that a change is made from."""
    return fingerprint(seat.name, sorted(seat.skills), seat.org_unit_id, seat.active)


async def open_seat(session: AsyncSession, extension: str, form: SeatForm, *, by: str) -> Seat:
    """A new seat, paused, with a generated password.

    Raises:
        FormRefused: the extension is no seat number or taken, or something in the form is wrong.
    """
    extension = extension.strip()
    if not EXTENSION.fullmatch(extension):
        refuse("extension", "分机号应为8开头的3至5位数字", "an extension is 8 and 2 to 4 more digits")
    if await session.get(Seat, extension) is not None:
        refuse("extension", f"坐席 {extension} 已存在", f"seat {extension} exists already")
    form = await _checked(session, form)
    seat = await add_seat(session, extension, name=form.name, skills=form.skills, org_unit_id=form.org_unit_id)
    audit(session, by, "seat.create", f"seat:{extension}", after=_shown(seat))
    return seat


async def change_seat(session: AsyncSession, extension: str, form: SeatForm, *, version: int, by: str) -> Seat:
    """Another name, other skills, another community.

    Raises:
        NoSuchRecord: there is no such seat.
        VersionConflict: somebody else changed it meanwhile.
        FormRefused: something in the form is wrong.
    """
    seat = await _seat(session, extension)
    if version != version_of(seat):
        raise VersionConflict(version_of(seat))
    form = await _checked(session, form)
    before = _shown(seat)
    seat.name, seat.skills, seat.org_unit_id = form.name, list(form.skills), form.org_unit_id
    if _shown(seat) != before:
        audit(session, by, "seat.change", f"seat:{extension}", before=before, after=_shown(seat))
    return seat


async def set_active(session: AsyncSession, extension: str, active: bool, *, version: int, by: str) -> Seat:
    """Rung by nobody from its next call on, or rung again. What it is in now goes on, and its phone stays registered.

    Raises:
        NoSuchRecord: there is no such seat.
        VersionConflict: somebody else changed it meanwhile.
    """
    seat = await _seat(session, extension)
    if version != version_of(seat):
        raise VersionConflict(version_of(seat))
    if seat.active is not active:
        seat.active = active
        audit(session, by, "seat.active", f"seat:{extension}", after=active)
    return seat


async def renew_password(session: AsyncSession, extension: str, *, by: str) -> str:
    """A new SIP password; the phone registers with it next time. Raises NoSuchRecord."""
    seat = await _seat(session, extension)
    seat.sip_password = secrets.token_urlsafe(18)
    audit(session, by, "seat.password", f"seat:{extension}")
    return seat.sip_password


async def remove_seat(session: AsyncSession, extension: str, *, version: int, by: str) -> None:
    """The seat is gone; records of its calls keep its number, its people are without a seat.

    Raises:
        NoSuchRecord: there is no such seat.
        VersionConflict: somebody else changed it meanwhile.
    """
    seat = await _seat(session, extension)
    if version != version_of(seat):
        raise VersionConflict(version_of(seat))
    people = (await session.scalars(select(User).where(User.seat == extension))).all()
    for person in people:
        person.seat = None
    await session.flush()
    audit(session, by, "seat.remove", f"seat:{extension}", before=_shown(seat), people=[one.id for one in people])
    await session.delete(seat)


async def _seat(session: AsyncSession, extension: str) -> Seat:
    seat = await session.get(Seat, extension, with_for_update=True)
    if seat is None:
        raise NoSuchRecord
    return seat


async def _checked(session: AsyncSession, form: SeatForm) -> SeatForm:
    name = form.name.strip()
    if len(name) > MOST_NAME:
        refuse("name", f"名称最多{MOST_NAME}个字", f"{MOST_NAME} characters at most")
    skills = _in_order(form.skills)
    if form.org_unit_id is not None and await session.get(OrgUnit, form.org_unit_id) is None:
        refuse("org_unit_id", "没有这个机构", "there is no such place")
    return SeatForm(name, skills, form.org_unit_id)


def _in_order(skills: Iterable[str]) -> tuple[str, ...]:
    wanted = set(skills)
    known = tuple(str(skill) for skill in Skill if skill in wanted)
    if not known or len(known) < len(wanted):
        refuse("skills", "请至少选择一项技能", "choose one skill at least")
    return known


def _shown(seat: Seat) -> dict[str, object]:
    return {"skills": sorted(seat.skills), "org_unit_id": seat.org_unit_id, "named": fingerprint(seat.name)}
