"""What all lists share: the page, and how one is read. Which rows belong to a list is told by its own module."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar, TypeVarTuple

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

Item = TypeVar("Item")
Columns = TypeVarTuple("Columns")

Progress = Literal["open", "done"]  # what a list of things to do is narrowed to


@dataclass(frozen=True)  # with slots, Python 3.11 cannot make a `Page[...]()`
class Page(Generic[Item]):
    """`next` is the cursor of the page after this one, None on the last."""

    items: tuple[Item, ...]
    next: str | None


async def read_page(
    session: AsyncSession,
    query: Select[*Columns],
    view: Callable[[*Columns], Item],
    *,
    limit: int,
    cursor: Callable[[Item], object],
) -> Page[Item]:
    """The first rows of the query, as views; `cursor` says of the last of them where the next page begins. One row
    more is read than is shown, which tells whether there is a next page."""
    rows = (await session.execute(query.limit(limit + 1))).all()
    items = tuple(view(*row) for row in rows[:limit])
    return Page(items, str(cursor(items[-1])) if len(rows) > limit else None)


async def read_page_from(
    session: AsyncSession, query: Select[*Columns], view: Callable[[*Columns], Item], *, skip: int, limit: int
) -> Page[Item]:
    """The same for an order that no single column gives: the cursor is a number of rows."""
    return await read_page(session, query.offset(skip), view, limit=limit, cursor=lambda _: skip + limit)
