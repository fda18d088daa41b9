"""The link by which a worker opens their page: no account, no password. It is in the SMS about a visit, shows only this
worker's own orders, and runs out; only its hash is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.api_tokens import hash_of
from models.audit import audit
from models.base import Base
from models.suppliers.records import Worker

GOOD_AFTER: Final = timedelta(days=3)  # the visit that it was sent for: what was scanned offline must still come in
READ_NOTED: Final = timedelta(hours=1)  # reading one's orders again and again is one entry of the audit log


class WorkerLink(Base):
    __tablename__ = "worker_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("supplier_workers.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    expires_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


async def make_link(session: AsyncSession, worker: int, *, visit_at: datetime, by: str, now: datetime) -> str:
    """A new token, told this once; those that ran out are removed."""
    token = token_urlsafe(18)
    await session.execute(delete(WorkerLink).where(WorkerLink.expires_at < now))
    expires = max(visit_at, now) + GOOD_AFTER
    session.add(
        WorkerLink(worker_id=worker, key_hash=hash_of(token), made_at=now, made_by=by, expires_at=expires, read_at=None)
    )
    audit(session, by, "worker_link.make", f"worker:{worker}", expires=expires)
    return token


async def worker_of(session: AsyncSession, token: str, now: datetime, *, lock: bool = False) -> Worker | None:
    """Whose link this is; None: nobody's, it ran out, or the worker has left. A supplier that was suspended
    meanwhile does what was begun to its end. `lock`: what this worker does is taken one after the other; orders may
    be given to them meanwhile."""
    query = (
        select(Worker)
        .join(WorkerLink, WorkerLink.worker_id == Worker.id)
        .where(WorkerLink.key_hash == hash_of(token), WorkerLink.expires_at > now)
        .where(Worker.active)
    )
    return await session.scalar(query.with_for_update(of=Worker, key_share=True) if lock else query)


async def note_reading(session: AsyncSession, token: str, worker: int, now: datetime) -> None:
    """That the worker has looked at names, addresses and numbers of the day's elders."""
    link = await session.scalar(select(WorkerLink).where(WorkerLink.key_hash == hash_of(token)))
    if link is not None and (link.read_at is None or now - link.read_at > READ_NOTED):
        link.read_at = now
        audit(session, f"worker:{worker}", "worker.orders_read", f"worker:{worker}")


async def withdraw_links(session: AsyncSession, worker: int, *, by: str) -> None:
    """A phone was lost: none of the worker's links opens anything any more."""
    await session.execute(delete(WorkerLink).where(WorkerLink.worker_id == worker))
    audit(session, by, "worker_link.withdraw", f"worker:{worker}")
