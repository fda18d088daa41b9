"""Addresses that get no hearing at the SIP door, and those where a seat has proven its password; both outlive restarts.

An address of a scanner is nobody's personal data. The rules are the controller's; here is only what it has decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now


class SipBan(Base):
    """The latest ban of one network (`203.0.113.5/32`); kept after its end, because the next one is longer. `until` is
    the moment at which it was lifted, where that came first."""

    __tablename__ = "sip_bans"

    network: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    failures: Mapped[int]
    times: Mapped[int]
    lifted_by: Mapped[str] = mapped_column(default="")


class SipTrusted(Base):
    """A seat has proven its password from this network, last at `seen_at`."""

    __tablename__ = "sip_trusted"

    network: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


async def all_bans(session: AsyncSession) -> Sequence[SipBan]:
    """Every ban on record, over or not, the newest first."""
    return (await session.scalars(select(SipBan).order_by(SipBan.since.desc(), SipBan.network))).all()


async def bans_now(session: AsyncSession, at: datetime) -> Sequence[SipBan]:
    """Those that hold, the longest first."""
    holding = select(SipBan).where(SipBan.until > at).order_by(SipBan.until.desc(), SipBan.network)
    return (await session.scalars(holding)).all()


async def all_trusted(session: AsyncSession) -> Sequence[SipTrusted]:
    return (await session.scalars(select(SipTrusted))).all()


async def keep_ban(session: AsyncSession, ban: SipBan) -> None:
    """On record, instead of an earlier one of the same network."""
    await session.merge(ban)


async def keep_trusted(session: AsyncSession, network: str, seen_at: datetime) -> None:
    await session.merge(SipTrusted(network=network, seen_at=seen_at))


async def end_ban(session: AsyncSession, network: str, *, at: datetime, by: str) -> bool:
    """Whether there was one that held."""
    ban = await session.get(SipBan, network)
    if ban is None or ban.until <= at:
        return False
    ban.until, ban.lifted_by = at, by
    return True
