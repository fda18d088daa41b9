"""Whether the audit log is whole, and letting go of what is old enough. How it is written is in `models/audit.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditChain, AuditEntry, chained
from models.base import utc_now
from models.database import Database

KEPT: Final = timedelta(days=400)  # the database's own triggers refuse to let go of anything younger
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken` is the first entry that does not fit, None when all do; `pruned` the last that was aged out, 0 for none.
    Whoever notes `last` and `hash` elsewhere can also prove that nobody wrote the whole chain anew."""

    entries: int
    pruned: int
    last: int
    hash: str
    broken: int | None = None
    zh: str = "完整"
    en: str = "whole"


async def verify(db: Database) -> Verdict:
    """Walk the chain from the oldest entry to the newest, as they are at this moment."""
    async with db.read() as session:
        if not db.is_sqlite:  # there a reader sees one moment by itself
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        ends = (await session.execute(select(AuditChain).where(AuditChain.id == 1))).scalar_one()
        number, last = ends.pruned_id, ends.pruned_hash
        while page := await _after(session, number):
            for row in page:
                if row["id"] != number + 1:
                    return _missing(ends, number)
                number += 1
                if number > ends.last_id or row["hash"] != chained(last, number, row):
                    return _changed(ends, number)
                last = row["hash"]
    whole = (number, last) == (ends.last_id, ends.last_hash)
    return Verdict(number - ends.pruned_id, ends.pruned_id, number, last) if whole else _missing(ends, number)


async def prune(db: Database, *, kept: timedelta = KEPT) -> int:
    """Let go of the oldest entries, all older than `kept`; the hash of the last of them stays as the chain's anchor.
    How many there were."""
    before = utc_now() - max(kept, KEPT)
    async with db.write() as session:
        locked = select(AuditChain.pruned_id).where(AuditChain.id == 1).with_for_update()
        pruned = (await session.execute(locked)).scalar_one()
        young = await session.scalar(select(func.min(AuditEntry.id)).where(AuditEntry.at >= before))
        old = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)
        found = (await session.execute(old if young is None else old.where(AuditEntry.id < young))).one_or_none()
        if found is None:
            return 0
        anchor, anchor_hash = found
        chain = update(AuditChain).where(AuditChain.id == 1)
        await session.execute(chain.values(pruned_id=anchor, pruned_hash=anchor_hash))
        await session.execute(delete(AuditEntry).where(AuditEntry.id <= anchor))
        return int(anchor - pruned)


async def _after(session: AsyncSession, number: int) -> list[dict[str, Any]]:
    table = AuditEntry.__table__
    rows = await session.execute(select(table).where(table.c.id > number).order_by(table.c.id).limit(_PAGE))
    return [dict(row) for row in rows.mappings()]


def _missing(ends: AuditChain, before: int) -> Verdict:
    zh, en = f"第 {before} 条之后有记录缺失", f"entries after {before} are missing"
    return Verdict(before - ends.pruned_id, ends.pruned_id, ends.last_id, ends.last_hash, before + 1, zh, en)


def _changed(ends: AuditChain, number: int) -> Verdict:
    zh, en = f"第 {number} 条被改动或不属于此链", f"entry {number} was changed or slipped in"
    return Verdict(number - 1 - ends.pruned_id, ends.pruned_id, ends.last_id, ends.last_hash, number, zh, en)
