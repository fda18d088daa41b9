"""Files that look as if they were of one person. Whether they are, a person decides (`models/merging.py`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.elders import Elder, Terminal, is_whole
from models.merging import DifferentElders
from models.queries.elders import on_file
from models.queries.paging import Page
from models.scope import Scope

Reason = Literal["phone", "address", "born", "line"]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class Pair:
    """`first` is the file that was there before."""

    first: int
    first_name: str
    second: int
    second_name: str
    reasons: tuple[Reason, ...]


async def list_duplicates(
    session: AsyncSession,
    *,
    scope: Scope,
    elder: int | None = None,
    org_unit: int | None = None,
    limit: int = 50,
    after: str = "",
) -> Page[Pair]:
    """Pairs of files by their ids; the cursor is the last pair (`12-40`). Two files with one ID number or line cannot
    be: the register refuses the second. One name with the same phone, birthday or address is looked for, and a
    provisional file whose number is somebody's."""
    last = _read(after)
    found: dict[tuple[int, int], list[Reason]] = {}
    names: dict[int, str] = {}
    for reason in REASONS:
        query = _of_provisional(last) if reason == "line" else _of_one_name(reason, last)
        first, second = query.first, query.second
        wanted = query.select.where(*_both_on_file(first, second, scope, org_unit))
        if elder is not None:
            wanted = wanted.where(or_(first.id == elder, second.id == elder))
        for one, name, other, other_name in await session.execute(wanted.limit(limit + 1)):
            found.setdefault((min(one, other), max(one, other)), []).append(reason)
            names.update({one: name, other: other_name})
    pairs = [Pair(one, names[one], other, names[other], tuple(found[one, other])) for one, other in sorted(found)]
    shown = tuple(pairs[:limit])
    return Page(shown, f"{shown[-1].first}-{shown[-1].second}" if len(pairs) > limit else None)


@dataclass(frozen=True, slots=True)
class _Pairs:
    select: Select[int, str, int, str]
    first: type[Elder]
    second: type[Elder]


def _of_one_name(reason: Reason, last: tuple[int, int] | None) -> _Pairs:
    first, second = aliased(Elder), aliased(Elder)
    query = select(first.id, first.name, second.id, second.name).where(
        first.id < second.id, _same(reason, first, second)
    )
    # Looked up by what is the rarer thing to share: there are a thousand of some names.
    query = query.where(second.name.concat("") == first.name)
    return _Pairs(_after(query, first, second, last).order_by(first.id, second.id), first, second)


def _same(reason: Reason, first: type[Elder], second: type[Elder]) -> ColumnElement[bool]:
    match reason:
        case "phone":
            return and_(first.home_phone_canonical == second.home_phone_canonical, first.home_phone_canonical != "")
        case "born":
            return first.born == second.born
        case _:
            parts = (first.compound == second.compound, first.building == second.building, first.room == second.room)
            nowhere = or_(first.org_unit_id.is_(None), second.org_unit_id.is_(None))
            return and_(
                *parts, first.compound != "", first.room != "", or_(nowhere, first.org_unit_id == second.org_unit_id)
            )


def _of_provisional(last: tuple[int, int] | None) -> _Pairs:
    """A file that was opened for an unknown caller, and whose number it is."""
    unknown, known = aliased(Elder), aliased(Elder)
    number = unknown.home_phone_canonical
    by_line = select(Terminal.elder_id).where(Terminal.line_canonical == number)
    query = select(unknown.id, unknown.name, known.id, known.name).where(
        unknown.provisional,
        number != "",
        known.id != unknown.id,
        or_(known.id.in_(by_line), known.id.in_(select(Elder.id).where(Elder.home_phone_canonical == number))),
    )
    earlier = case((known.id < unknown.id, known.id), else_=unknown.id)
    later = case((known.id < unknown.id, unknown.id), else_=known.id)
    if last is not None:
        query = query.where(or_(earlier > last[0], and_(earlier == last[0], later > last[1])))
    return _Pairs(query.order_by(earlier, later), unknown, known)


def _both_on_file(
    one: type[Elder], other: type[Elder], scope: Scope, org_unit: int | None
) -> list[ColumnElement[bool]]:
    """Neither is part of another file, nobody has said that they are two people, both may be seen, and one of them
    lives there."""
    told = exists().where(
        or_(
            and_(DifferentElders.first_id == one.id, DifferentElders.second_id == other.id),
            and_(DifferentElders.first_id == other.id, DifferentElders.second_id == one.id),
        )
    )
    wanted = [is_whole(one), is_whole(other), ~told]
    if not scope.everywhere:
        seen = select(Elder.id).where(scope.of_elders())
        wanted += [one.id.in_(seen), other.id.in_(seen)]
    if org_unit is not None:
        here = select(Elder.id).where(*on_file(scope, org_unit=org_unit))
        wanted.append(or_(one.id.in_(here), other.id.in_(here)))
    return wanted


def _after(
    query: Select[int, str, int, str], first: type[Elder], second: type[Elder], last: tuple[int, int] | None
) -> Select[int, str, int, str]:
    if last is None:
        return query
    return query.where(or_(first.id > last[0], and_(first.id == last[0], second.id > last[1])))


def _read(cursor: str) -> tuple[int, int] | None:
    """An unreadable cursor means the beginning."""
    one, divided, other = cursor.partition("-")
    fits = divided and all(part.isascii() and part.isdigit() and len(part) < 10 for part in (one, other))
    return (int(one), int(other)) if fits else None
