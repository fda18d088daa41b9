"""Lists of what agents have taken down, the latest first. Each kind has its own module; this is what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.drafts import Drafted
from models.elders import Elder
from models.queries.paging import Page, read_page
from models.scope import Scope

Record = TypeVar("Record", bound=Drafted)
View = TypeVar("View", bound="DraftView")


@dataclass(frozen=True, slots=True)
class DraftView:
    """`case` and `elder` are None where their record was deleted; `drafted_by` as in the timeline (`user:7`)."""

    id: int
    version: int
    case: str | None
    elder: int | None
    elder_name: str
    drafted_at: datetime
    drafted_by: str


def shared(row: Drafted, elder_name: str | None) -> dict[str, Any]:
    """The fields of `DraftView`."""
    return {
        "id": row.id,
        "version": row.version,
        "case": row.case_id,
        "elder": row.elder_id,
        "elder_name": elder_name or "",
        "drafted_at": row.drafted_at,
        "drafted_by": row.drafted_by,
    }


async def read_drafts(
    session: AsyncSession,
    table: type[Record],
    view: Callable[[Record, str | None], View],
    *conditions: ColumnElement[bool],
    scope: Scope,
    elder: int | None,
    limit: int,
    after: int | None,
) -> Page[View]:
    """A page of those that meet the conditions; the cursor is the id of the last one."""
    query = select(table, Elder.name).outerjoin(Elder, Elder.id == table.elder_id)
    query = query.where(scope.of_elders(), *conditions)
    if elder is not None:
        query = query.where(table.elder_id == elder)
    if after is not None:
        query = query.where(table.id < after)
    return await read_page(session, query.order_by(table.id.desc()), view, limit=limit, cursor=lambda draft: draft.id)
