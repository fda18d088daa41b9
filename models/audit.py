"""Who did what to whose record, from where and when: append-only, each entry chained to the one before it.

An entry's hash is the SHA-256 over the hash before it and its own content, so that nobody can change, remove or slip in
a row unnoticed (`models/audit_proof.py` looks). Triggers in the database refuse UPDATE and DELETE as well. Never a
migration in batch mode on these tables: it would drop the triggers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Integer, event, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, Mapper, Session, mapped_column

from models.base import Base, utc_now
from models.text import plain, plain_json

GENESIS: Final = "0" * 64  # what stands before the first entry
FAILED_LOG_IN: Final = "log_in.failed"
LOCKED_OUT: Final = "log_in.locked"
REVEAL: Final = "personal.reveal"
_WAITING: Final = "audit"
_ELDER: Final = "elder:"

# Where the request that is being served comes from; set at the edge, empty for what no request has asked for.
origin: Final[ContextVar[str]] = ContextVar("origin", default="")


class AuditEntry(Base):
    """`actor` as in the timeline (`user:7`), `action` a verb (`elder.change`), `record` kind and id (`elder:12`),
    `elder` whose record it is, `origin` the address that it was asked from."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(default=utc_now, index=True)
    actor: Mapped[str]
    action: Mapped[str]
    record: Mapped[str] = mapped_column(default="", index=True)
    elder: Mapped[int | None] = mapped_column(index=True)
    origin: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]]
    hash: Mapped[str] = mapped_column(default="")


class AuditChain(Base):
    """The two ends of the chain, one row: its last entry, and the last of those that were aged out."""

    __tablename__ = "audit_chain"

    id: Mapped[int] = mapped_column(primary_key=True)
    last_id: Mapped[int] = mapped_column(BigInteger)
    last_hash: Mapped[str]
    pruned_id: Mapped[int] = mapped_column(BigInteger)
    pruned_hash: Mapped[str]


class AuditIsFinal(Exception):
    """Somebody tried to change or delete an audit entry."""


@event.listens_for(AuditEntry, "before_update")
@event.listens_for(AuditEntry, "before_delete")
def _refuse(mapper: Mapper[AuditEntry], connection: object, entry: AuditEntry) -> None:
    raise AuditIsFinal(f"audit entry {entry.id} cannot be changed")


def audit(
    session: AsyncSession, actor: str, action: str, record: str = "", *, elder: int | None = None, **data: object
) -> None:
    """Put this on the record, in the transaction of what it tells about. Ids, choices and dates only: `data` outlives
    the elder's file, so no name, number or address may stand in it."""
    audit_each(session, actor, action, [record], elder=elder, **data)


def audit_each(
    session: AsyncSession, actor: str, action: str, records: Iterable[str], *, elder: int | None = None, **data: object
) -> None:
    """The same for many records at once. Written when the transaction ends, so that the chain is locked but briefly."""
    waiting: list[dict[str, Any]] = session.info.setdefault(_WAITING, [])
    for record in records:
        of_file = record.removeprefix(_ELDER) if record.startswith(_ELDER) else ""
        waiting.append(
            {
                "at": utc_now(),
                "actor": plain(actor),
                "action": action,
                "record": plain(record),
                "elder": int(of_file) if of_file.isdecimal() and len(of_file) < 10 else elder,
                "origin": plain(origin.get()),
                "data": plain_json(data),
            }
        )


@event.listens_for(Session, "before_commit")
def _seal(session: Session) -> None:
    """Chain what waits to the last entry; whoever else wants to waits for our commit."""
    waiting: list[dict[str, Any]] = session.info.pop(_WAITING, [])
    if not waiting:
        return
    ends = select(AuditChain.last_id, AuditChain.last_hash).where(AuditChain.id == 1).with_for_update()
    number, last = session.execute(ends).one()
    for row in waiting:
        number += 1
        last = chained(last, number, row)
        row.update(id=number, hash=last)
    session.execute(insert(AuditEntry.__table__), waiting)  # type: ignore[arg-type] # a Table, whatever its stub says
    session.execute(update(AuditChain).where(AuditChain.id == 1).values(last_id=number, last_hash=last))


_CONTENT: Final[Sequence[str]] = ("actor", "action", "record", "elder", "origin", "data")


def chained(previous: str, number: int, row: dict[str, Any]) -> str:
    """The hash of this entry, as hex; `row` has its columns by name."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    content = json.dumps(
        [number, at, *(row[name] for name in _CONTENT)], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(f"{previous}\n{content}".encode()).hexdigest()
