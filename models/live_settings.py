"""What people set while the platform runs: values of the policy, duty phones, working days. Append-only: the newest
row of a name counts, those before it are its history, its number is the version that a change is made from.

What a name may hold is checked where it is set: `house_policy.py`, `working_days.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.audit import audit
from models.base import Base, PlainJson, utc_now
from models.versions import VersionConflict

MOST_NOTE: Final = 200


class LiveSetting(Base):
    """`value` None: back to what it is when nobody sets it; `by` as in the timeline (`user:7`)."""

    __tablename__ = "live_settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[Any] = mapped_column(PlainJson(), nullable=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    by: Mapped[str]
    note: Mapped[str] = mapped_column(default="")


async def current(session: AsyncSession) -> dict[str, LiveSetting]:
    """The newest row of every name that anybody ever set."""
    newest = select(LiveSetting.name, func.max(LiveSetting.number)).group_by(LiveSetting.name)
    rows = select(LiveSetting).where(tuple_(LiveSetting.name, LiveSetting.number).in_(newest))
    return {row.name: row for row in await session.scalars(rows)}


async def history(session: AsyncSession, prefix: str, *, limit: int = 50) -> Sequence[LiveSetting]:
    """The latest changes of the names that begin so, the newest first."""
    rows = select(LiveSetting).where(LiveSetting.name.startswith(prefix, autoescape=True))
    order = (LiveSetting.at.desc(), LiveSetting.name, LiveSetting.number.desc())
    return (await session.scalars(rows.order_by(*order).limit(limit))).all()


async def put(
    session: AsyncSession,
    name: str,
    value: object,
    *,
    version: int,
    by: str,
    note: str = "",
    shown: Mapping[str, Any],
) -> LiveSetting:
    """Set it from now on. `version` is the one that was read, 0 when nobody had set it; `shown` is what the audit log
    tells of it (`before`, `after`).

    Raises:
        VersionConflict: somebody else set it meanwhile.
    """
    last = await session.scalar(select(func.max(LiveSetting.number)).where(LiveSetting.name == name)) or 0
    if last != version:
        raise VersionConflict(last)
    row = LiveSetting(name=name, number=last + 1, value=value, by=by, note=note.strip()[:MOST_NOTE])
    session.add(row)
    try:
        await session.flush()
    except IntegrityError:
        raise VersionConflict(last + 1) from None
    audit(session, by, "setting.change", f"setting:{name}", **shown)
    return row
