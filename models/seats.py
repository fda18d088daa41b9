"""Seats: SIP extensions at which agents sit, with what can be asked of them and whether they take calls."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from ivr.vocabulary import Skill
from models.base import Base, choice, utc_now
from models.org import OrgUnit

EXTENSION = re.compile("8[0-9]{2,4}")
_SKILLS = ", ".join(Skill)


class SeatState(StrEnum):
    """What the agent chose; talking, wrapping up and unreachable are the controller's to know."""

    READY = "ready"
    PAUSED = "paused"


class Seat(Base):
    """`wrap_up_ends`: of the wrap-up that runs, or of the last one; `wrap_up_prolonged`: it was given more time.
    One that is not `active` is kept with all that belongs to it, and rung by nobody."""

    __tablename__ = "seats"

    extension: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    skills: Mapped[list[str]]
    sip_password: Mapped[str]
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_units.id", ondelete="SET NULL"))
    state: Mapped[SeatState] = mapped_column(choice(SeatState), default=SeatState.PAUSED)
    reason: Mapped[str] = mapped_column(default="")
    state_since: Mapped[datetime] = mapped_column(default=utc_now)
    wrap_up_ends: Mapped[datetime | None]
    wrap_up_prolonged: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class SeatProblem(ValueError):
    """A seat cannot be made or is not there; the text says why, in Chinese and English."""


async def add_seat(
    session: AsyncSession,
    extension: str,
    *,
    name: str = "",
    skills: Iterable[str] = (Skill.AGENT,),
    org_unit_id: int | None = None,
) -> Seat:
    """A new seat with a generated SIP password; it starts paused.

    Raises:
        SeatProblem: the extension is no seat number or taken, or a skill or the org unit is unknown.
    """
    if not EXTENSION.fullmatch(extension):
        raise SeatProblem(f"分机号应为8开头的3至5位数字: {extension!r} / an extension is 8 and 2 to 4 more digits")
    chosen = [_skill(skill) for skill in skills]
    if not chosen:
        raise SeatProblem(f"至少需要一项技能 / at least one skill is needed: {_SKILLS}")
    if await session.get(Seat, extension) is not None:
        raise SeatProblem(f"坐席 {extension} 已存在 / seat {extension} exists already")
    if org_unit_id is not None and await session.get(OrgUnit, org_unit_id) is None:
        raise SeatProblem(f"没有编号为 {org_unit_id} 的机构 / there is no unit {org_unit_id}")
    seat = Seat(
        extension=extension,
        name=name.strip(),
        skills=[str(skill) for skill in chosen],
        sip_password=secrets.token_urlsafe(18),
        org_unit_id=org_unit_id,
    )
    session.add(seat)
    await session.flush()
    return seat


async def list_seats(session: AsyncSession) -> list[Seat]:
    """All seats by extension."""
    return list((await session.scalars(select(Seat).order_by(Seat.extension))).all())


async def set_seat_state(session: AsyncSession, extension: str, state: SeatState, *, reason: str = "") -> Seat:
    """What the agent chose, kept over restarts.

    Raises:
        SeatProblem: there is no such seat.
    """
    seat = await session.get(Seat, extension)
    if seat is None:
        raise SeatProblem(f"没有坐席 {extension} / there is no seat {extension}")
    if (seat.state, seat.reason) != (state, reason):
        seat.state, seat.reason, seat.state_since = state, reason, utc_now()
    return seat


async def set_wrap_up(session: AsyncSession, extension: str, ends: datetime | None, *, prolonged: bool) -> None:
    """When the wrap-up of this seat ends, kept over restarts; None: it is over. A seat that is gone needs none."""
    kept = update(Seat).where(Seat.extension == extension)
    await session.execute(kept.values(wrap_up_ends=ends, wrap_up_prolonged=prolonged))


def _skill(name: str) -> Skill:
    try:
        return Skill(name)
    except ValueError:
        raise SeatProblem(f"没有技能 {name!r} / unknown skill {name!r}: {_SKILLS}") from None
