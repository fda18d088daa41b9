"""The tree of places with what there is in each: elders served, cases of a time, cases that are open. Counts only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ivr.vocabulary import CaseState
from models.cases import CaseRow
from models.elders import SERVED, Elder
from models.org import OrgKind, list_units


@dataclass(frozen=True, slots=True)
class Place:
    """A unit with all that lies below it."""

    id: int
    kind: OrgKind
    name: str
    elders: int
    cases: int
    open: int
    below: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """`cases` and `open` of elders who belong nowhere, or of callers whom nobody knows, are in no place."""

    places: tuple[Place, ...]
    elsewhere_cases: int
    elsewhere_open: int

    @property
    def parts(self) -> tuple[Place, ...]:
        """The uppermost level on which there is more than one place: what an overview has its parts from."""
        level = self.places
        while len(level) == 1 and level[0].below:
            level = level[0].below
        return level


async def overview(session: AsyncSession, *, since: datetime, elders: Counter[int | None]) -> Overview:
    """Cases opened at `since` or later, and those open now, by place; `elders`: from `elders_by_unit`."""
    cases = await _cases_by_unit(session, CaseRow.opened_at >= since)
    still_open = await _cases_by_unit(session, CaseRow.state != CaseState.CLOSED)
    units = await list_units(session)

    def below(parent: int | None) -> Iterator[Place]:
        for unit in units:
            if unit.parent_id == parent:
                inner = tuple(below(unit.id))
                yield Place(
                    unit.id,
                    unit.kind,
                    unit.name,
                    elders[unit.id] + sum(place.elders for place in inner),
                    cases[unit.id] + sum(place.cases for place in inner),
                    still_open[unit.id] + sum(place.open for place in inner),
                    inner,
                )

    return Overview(tuple(below(None)), cases[None], still_open[None])


async def elders_by_unit(session: AsyncSession) -> Counter[int | None]:
    """How many elders whom we serve belong to each unit itself. Reads the whole register: 200 000 take a moment."""
    query = select(Elder.org_unit_id, func.count()).where(Elder.status.in_(SERVED)).group_by(Elder.org_unit_id)
    return Counter(dict((await session.execute(query)).all()))


async def _cases_by_unit(session: AsyncSession, which: ColumnElement[bool]) -> Counter[int | None]:
    query = (
        select(Elder.org_unit_id, func.count())
        .select_from(CaseRow)
        .outerjoin(Elder, Elder.id == CaseRow.elder_id)
        .where(which)
        .group_by(Elder.org_unit_id)
    )
    return Counter(dict((await session.execute(query)).all()))
