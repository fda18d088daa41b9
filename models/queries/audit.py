"""The audit log as a list, the latest first, narrowed down by who, what, whose record, from where and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import AuditEntry
from models.people import User
from models.queries.paging import Page, read_page
from models.text import Json


@dataclass(frozen=True, slots=True)
class AuditView:
    """`name` is the actor's where it is a user's; `data` what else is told, such as `before` and `after`."""

    id: int
    at: datetime
    actor: str
    name: str
    action: str
    record: str
    elder: int | None
    origin: str
    hash: str
    data: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; None and empty for all. `action` and everything below it (`log_in` also finds
    `log_in.failed`); `until` is not included."""

    actor: str = ""
    action: str = ""
    record: str = ""
    elder: int | None = None
    origin: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def list_audit(
    session: AsyncSession, wanted: Wanted, *, limit: int = 50, after: int | None = None
) -> Page[AuditView]:
    """The latest first; the cursor is the id of the last entry of the page before."""
    query = _narrowed(select(AuditEntry), wanted).order_by(AuditEntry.id.desc())
    if after is not None:
        query = query.where(AuditEntry.id < after)
    names = {f"user:{number}": name for number, name in await session.execute(select(User.id, User.name))}
    return await read_page(session, query, lambda entry: _view(entry, names), limit=limit, cursor=lambda view: view.id)


async def actions_of(session: AsyncSession) -> tuple[str, ...]:
    """Every action that is on the log."""
    return tuple(sorted(await session.scalars(select(AuditEntry.action).distinct())))


def _narrowed(query: Select[AuditEntry], wanted: Wanted) -> Select[AuditEntry]:
    for column in ("actor", "record", "elder", "origin"):
        value = getattr(wanted, column)
        if value:
            query = query.where(getattr(AuditEntry, column) == value)
    if wanted.action:
        below = AuditEntry.action.startswith(f"{wanted.action}.", autoescape=True)
        query = query.where((AuditEntry.action == wanted.action) | below)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def _view(entry: AuditEntry, names: dict[str, str]) -> AuditView:
    return AuditView(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        name=names.get(entry.actor, ""),
        action=entry.action,
        record=entry.record,
        elder=entry.elder,
        origin=entry.origin,
        hash=entry.hash,
        data=entry.data,
    )
