"""Who looked at what: files and cases opened, personal data revealed, recordings heard, lists exported. Read from the
audit log, for those who answer for the people who look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import REVEAL, AuditEntry
from models.elders import Elder
from models.people import User
from models.queries.paging import Page, read_page
from models.scope import Scope

MOST: Final = 200  # people or elders in one summary


class Look(StrEnum):
    """Kinds of looks, each an action of the audit log; all exports are one kind."""

    FILE = "elder.read"
    CASE = "case.read"
    REVEALED = REVEAL
    HEARD = "recording.hear"
    EXPORTED = "export"

    @property
    def short(self) -> str:
        return self.name.lower()


_NO_LOOKS: Final = {kind.short: 0 for kind in Look}


@dataclass(frozen=True, slots=True)
class LookView:
    """`record` as on the audit log (`recording:c1-1`); `reason` why it was revealed; `shown`: `all` or `masked`, where
    that was put down; `rows` of an export."""

    id: int
    at: datetime
    actor: str
    name: str
    kind: Look
    record: str
    elder: int | None
    elder_name: str
    reason: str
    shown: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; `kind` None for all; `until` is not included."""

    actor: str = ""
    elder: int | None = None
    kind: Look | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each kind of look came for one person, elder or day. `key`: `user:7`, the elder's id, or the number of
    the day; `elders`: how many different ones; `people` likewise."""

    key: str
    name: str
    looks: dict[str, int] = field(default_factory=dict)
    total: int = 0
    elders: int = 0
    people: int = 0


async def list_lookups(
    session: AsyncSession, asked: Asked, *, scope: Scope, limit: int = 50, after: int | None = None
) -> Page[LookView]:
    """The latest first; the cursor is the id of the last entry of the page before."""
    query = select(AuditEntry, Elder.name).outerjoin(Elder, Elder.id == AuditEntry.elder)
    query = query.where(*_conditions(asked, scope)).order_by(AuditEntry.id.desc())
    if after is not None:
        query = query.where(AuditEntry.id < after)
    names = await names_of_staff(session)

    def view(entry: AuditEntry, elder_name: str | None) -> LookView:
        return _view(entry, elder_name or "", names.get(entry.actor, ""))

    return await read_page(session, query, view, limit=limit, cursor=lambda look: look.id)


async def by_person(session: AsyncSession, asked: Asked, *, scope: Scope) -> list[Tally]:
    """Who looked most, first."""
    names = await names_of_staff(session)
    found = await session.execute(_tallied(AuditEntry.actor, asked, scope))
    return [_tally(row, names.get(row.key, "")) for row in found]


async def by_elder(session: AsyncSession, asked: Asked, *, scope: Scope) -> list[Tally]:
    """Whose files were looked at most, first. The name is empty for a file that was deleted."""
    rows = [_tally(row, "") for row in await session.execute(_tallied(AuditEntry.elder, asked, scope))]
    ids = [int(row.key) for row in rows]
    names = {elder: name for elder, name in await session.execute(_names(ids)) if name}
    return [Tally(row.key, names.get(int(row.key), ""), row.looks, row.total, row.elders, row.people) for row in rows]


async def by_day(session: AsyncSession, asked: Asked, *, scope: Scope, days: Sequence[datetime]) -> list[Tally]:
    """For each span between two of these moments, in their order; `key` counts them from 0."""
    spans = list(pairwise(days))
    if not spans:
        return []
    day = case(*(((AuditEntry.at >= begin) & (AuditEntry.at < end), at) for at, (begin, end) in enumerate(spans)))
    found = {int(row.key): row for row in await session.execute(_tallied(day, asked, scope)) if row.key is not None}
    return [
        _tally(found[at], "") if at in found else Tally(str(at), "", dict.fromkeys((kind.short for kind in Look), 0))
        for at in range(len(spans))
    ]


async def names_of_staff(session: AsyncSession) -> dict[str, str]:
    """Actor to name, in the order of the names."""
    people = await session.execute(select(User.id, User.name).order_by(User.name, User.id))
    return {f"user:{number}": name for number, name in people}


def _names(elders: Sequence[int]) -> Select[int, str]:
    return select(Elder.id, Elder.name).where(Elder.id.in_(elders))


def _conditions(asked: Asked, scope: Scope) -> list[ColumnElement[bool]]:
    """Of a placed account: looks at people of its places only, so no export either, which is of many people."""
    found = [or_(*(_of(kind, AuditEntry.action) for kind in ([asked.kind] if asked.kind else Look)))]
    if asked.actor:
        found.append(AuditEntry.actor == asked.actor)
    if asked.elder is not None:
        found.append(AuditEntry.elder == asked.elder)
    if asked.since is not None:
        found.append(AuditEntry.at >= asked.since)
    if asked.until is not None:
        found.append(AuditEntry.at < asked.until)
    theirs = true() if scope.everywhere else AuditEntry.elder.in_(select(Elder.id).where(scope.of_elders()))
    return [*found, theirs]


def _of(kind: Look, action: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = action.endswith(".export") if kind is Look.EXPORTED else action == kind.value
    return found


def _tallied(key: Any, asked: Asked, scope: Scope) -> Select[*tuple[Any, ...]]:
    """A row for each key, the largest first. Counted from a query of its own: PostgreSQL groups by columns, not by an
    expression with values in it."""
    looks = (
        select(key.label("key"), AuditEntry.action, AuditEntry.elder, AuditEntry.actor)
        .where(*_conditions(asked, scope))
        .subquery()
    )
    counts = (func.sum(case((_of(kind, looks.c.action), 1), else_=0)).label(kind.short) for kind in Look)
    total = func.count().label("total")
    people, elders = (func.count(column.distinct()) for column in (looks.c.actor, looks.c.elder))
    query = select(looks.c.key, *counts, total, people.label("people"), elders.label("elders"))
    return query.where(looks.c.key.is_not(None)).group_by(looks.c.key).order_by(total.desc(), looks.c.key).limit(MOST)


def _tally(row: Any, name: str) -> Tally:
    looks = {kind.short: int(getattr(row, kind.short)) for kind in Look}
    return Tally(str(row.key), name, looks, row.total, row.elders, row.people)


def _view(entry: AuditEntry, elder_name: str, name: str) -> LookView:
    kind = Look.EXPORTED if entry.action.endswith(".export") else Look(entry.action)
    rows = entry.data.get("rows")
    return LookView(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        name=name,
        kind=kind,
        record=entry.record or entry.action.removesuffix(".export"),
        elder=entry.elder,
        elder_name=elder_name,
        reason=str(entry.data.get("reason", "")),
        shown=str(entry.data.get("shown", "")),
        rows=rows if isinstance(rows, int) else None,
    )
