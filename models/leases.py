"""Which controller of a node is the active one: a lease that one of them holds, and the beats of all of them.

No clock is compared between machines: a beat is a number that goes up, and whoever looks counts, by a clock of its own,
how long it has not. What follows from that is decided in `ari_app/lease.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, utc_now
from models.upsert import insert_or_ignore

FORGOTTEN_AFTER = timedelta(days=1)  # a controller that has not been heard of for so long is no news any more
NOBODY = ""


class LeaseRow(Base):
    """One for each node; `holder` is the place of the active controller, empty while there is none."""

    __tablename__ = "leases"

    node: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(default=NOBODY)
    since: Mapped[datetime] = mapped_column(default=utc_now)


class ControllerRow(Base):
    """A controller, known by its place: machine, home, first or second. Two cannot live in one place at the same time.
    `app` is the Stasis application in which it takes calls, empty until it does."""

    __tablename__ = "controllers"

    place: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(ForeignKey("leases.node", ondelete="CASCADE"), index=True)
    app: Mapped[str] = mapped_column(default="")
    beat: Mapped[int] = mapped_column(default=0)
    linked: Mapped[bool] = mapped_column(default=False)
    seen_at: Mapped[datetime] = mapped_column(default=utc_now)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A controller as it shows itself to the others; `linked`: it hears Asterisk."""

    place: str
    node: str
    app: str = ""
    beat: int = 0
    linked: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Who holds the lease (empty: nobody), and the other controllers of the node."""

    holder: str
    others: tuple[Candidate, ...] = ()


async def beat(session: AsyncSession, me: Candidate) -> Standing:
    """Show that we live, and look at the others; until the transaction ends nobody else can take the lease."""
    await insert_or_ignore(session, LeaseRow, [{"node": me.node, "holder": NOBODY, "since": utc_now()}])
    lease = select(LeaseRow).where(LeaseRow.node == me.node).with_for_update()
    row = (await session.scalars(lease.execution_options(populate_existing=True))).one()
    await _show(session, me)
    await session.execute(delete(ControllerRow).where(ControllerRow.seen_at < utc_now() - FORGOTTEN_AFTER))
    others = select(ControllerRow).where(ControllerRow.node == me.node, ControllerRow.place != me.place)
    return Standing(row.holder, _candidates((await session.scalars(others.order_by(ControllerRow.place))).all()))


async def _show(session: AsyncSession, me: Candidate) -> None:
    shown = {"app": me.app, "beat": me.beat, "linked": me.linked, "seen_at": utc_now()}
    row = {"place": me.place, "node": me.node, **shown}
    await insert_or_ignore(session, ControllerRow, [row])
    await session.execute(update(ControllerRow).where(ControllerRow.place == me.place).values(**shown))


def _candidates(rows: Sequence[ControllerRow]) -> tuple[Candidate, ...]:
    return tuple(Candidate(row.place, row.node, row.app, row.beat, row.linked) for row in rows)


async def take(session: AsyncSession, me: Candidate) -> None:
    """The lease is ours. Only in the transaction of a `beat` that has shown that it may be taken."""
    await session.execute(update(LeaseRow).where(LeaseRow.node == me.node).values(holder=me.place, since=utc_now()))


async def leave(session: AsyncSession, me: Candidate) -> None:
    """We end, or give the lease up: the others need not wait until our beat is missed. What is another's stays so."""
    ours = (LeaseRow.node == me.node, LeaseRow.holder == me.place)
    await session.execute(update(LeaseRow).where(*ours).values(holder=NOBODY, since=utc_now()))
    await session.execute(delete(ControllerRow).where(ControllerRow.place == me.place))


async def holder(session: AsyncSession, node: str, *, keep: bool = False) -> str:
    """Who is the active controller of the node, empty when there is none; with `keep` until the transaction ends."""
    whose = select(LeaseRow.holder).where(LeaseRow.node == node)
    return await session.scalar(whose.with_for_update(read=True) if keep else whose) or NOBODY
