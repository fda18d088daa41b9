"""Score sheets: what a reviewer looks at, and what each item is worth. Append-only: whoever changes one writes its next
version, so that a finished review keeps the sheet that it was made with.

Points of a sheet sum up to 100. A fatal item has none: one that was missed makes the whole score 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from models.audit import audit
from models.base import Base, choice, utc_now
from models.queries.paging import Page, read_page_from
from models.register import FormRefused
from models.text import plain
from models.versions import NoSuchRecord, VersionConflict

WHOLE: Final = 100
MOST_ITEMS: Final = 30
LONGEST: Final = 200


class SheetKind(StrEnum):
    """An emergency is looked at by other items than an ordinary call."""

    EMERGENCY = "emergency"
    ORDINARY = "ordinary"


class ScoreSheet(Base):
    """`items` as `Item`s; `number` counts the versions of a kind."""

    __tablename__ = "score_sheets"
    __table_args__ = (UniqueConstraint("kind", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[SheetKind] = mapped_column(choice(SheetKind))
    number: Mapped[int]
    items: Mapped[list[dict[str, Any]]]
    made_at: Mapped[datetime] = mapped_column(default=utc_now)
    made_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Item:
    """`key` names it within its sheet."""

    key: str
    text: str
    points: int
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """What a reviewer has given: points by item, and the fatal items that were missed."""

    points: Mapping[str, int]
    missed: frozenset[str]

    @property
    def total(self) -> int:
        return 0 if self.missed else sum(self.points.values())


def items_of(sheet: ScoreSheet) -> tuple[Item, ...]:
    return tuple(Item(**item) for item in sheet.items)


def scored(items: Sequence[Item], points: Mapping[str, int | None], missed: Collection[str]) -> Score:
    """The score by this sheet. Raises FormRefused: an item has no points, more than it is worth, or is not on it."""
    given: dict[str, int] = {}
    for item in items:
        value = points.get(item.key)
        if item.fatal:
            continue
        if value is None or not 0 <= value <= item.points:
            raise FormRefused.of(f"points.{item.key}", f"应为0至{item.points}分", f"from 0 to {item.points} points")
        given[item.key] = value
    fatal = {item.key for item in items if item.fatal}
    if not fatal.issuperset(missed) or not points.keys() <= given.keys() | fatal:
        raise FormRefused.of("sheet", "评分表已更换，请刷新后重试", "this is another sheet: reload the page")
    return Score(given, frozenset(missed))


def checked(items: Sequence[Item]) -> list[Item]:
    """The items with their keys, in order. Raises FormRefused."""
    found = [Item(str(at), plain(item.text).strip(), item.points, item.fatal) for at, item in enumerate(items, 1)]
    if not found or len(found) > MOST_ITEMS:
        raise FormRefused.of("items", f"应有1至{MOST_ITEMS}项", f"from 1 to {MOST_ITEMS} items")
    for item in found:
        if not item.text or len(item.text) > LONGEST:
            raise FormRefused.of(f"text.{item.key}", f"请填写，不超过{LONGEST}字", f"1 to {LONGEST} characters")
        if item.fatal != (item.points == 0) or item.points < 0:
            raise FormRefused.of(
                f"points.{item.key}", "致命项不计分，其他项至少1分", "a fatal item has no points, any other at least 1"
            )
    if len({item.text for item in found}) < len(found):
        raise FormRefused.of("items", "有重复的项目", "an item stands there twice")
    total = sum(item.points for item in found)
    if total != WHOLE:
        raise FormRefused.of("items", f"分值合计应为100，现为{total}", f"points must sum up to 100, not to {total}")
    return found


async def newest(session: AsyncSession, kind: SheetKind) -> ScoreSheet:
    """The sheet of this kind that reviews are made with now."""
    found = select(ScoreSheet).where(ScoreSheet.kind == kind).order_by(ScoreSheet.number.desc()).limit(1)
    return (await session.scalars(found)).one()


async def list_newest(session: AsyncSession, *, limit: int = 50, after: int | None = None) -> Page[ScoreSheet]:
    """The sheets that reviews are made with now, one of each kind; the cursor is a number of rows."""
    later = aliased(ScoreSheet)
    replaced = select(later.id).where(later.kind == ScoreSheet.kind, later.number > ScoreSheet.number).exists()
    query = select(ScoreSheet).where(~replaced).order_by(ScoreSheet.id)
    return await read_page_from(session, query, lambda row: row, skip=after or 0, limit=limit)


async def sheet_of(session: AsyncSession, sheet: int) -> ScoreSheet:
    """Raises NoSuchRecord."""
    row = await session.get(ScoreSheet, sheet)
    if row is None:
        raise NoSuchRecord
    return row


async def versions_of(session: AsyncSession, kind: SheetKind) -> Sequence[ScoreSheet]:
    """All versions of a sheet, the newest first."""
    return (
        await session.scalars(select(ScoreSheet).where(ScoreSheet.kind == kind).order_by(ScoreSheet.number.desc()))
    ).all()


async def put(session: AsyncSession, kind: SheetKind, items: Sequence[Item], *, number: int, by: str) -> ScoreSheet:
    """The next version; `number` is the one that the change was made from.

    Raises:
        FormRefused: this is no sheet.
        VersionConflict: somebody else was quicker.
    """
    right = checked(items)
    current = await newest(session, kind)
    if current.number != number:
        raise VersionConflict(current.number)
    rows = [{"key": i.key, "text": i.text, "points": i.points, "fatal": i.fatal} for i in right]
    sheet = ScoreSheet(kind=kind, number=number + 1, items=rows, made_by=by)
    session.add(sheet)
    try:
        await session.flush()
    except IntegrityError:
        raise VersionConflict(number + 1) from None
    audit(session, by, "score_sheet.change", f"score_sheet:{kind}", number=sheet.number, items=len(rows))
    return sheet
