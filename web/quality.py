"""What the pages and the API of quality share: a review's form, its marks and sound, and what is shown of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from multidict import MultiMapping
from sqlalchemy.ext.asyncio import AsyncSession

from models.cases import RecordingRow
from models.masking import masked
from models.quality.candidates import candidates_of
from models.quality.draws import Found, check_month, draw
from models.quality.marks import QualityMark, marks_of
from models.quality.reviews import QualityReview
from models.quality.score_sheets import Item, ScoreSheet, SheetKind, items_of, newest, sheet_of
from models.queries.quality import ReviewView
from web.guard import account_of
from web.keys import DATABASE, SETTINGS
from web.places import scope_of
from web.recording_files import FileState, state_of
from web.typed import whole_number

POINTS: Final = "points."
PLAYED: Final = frozenset({FileState.WHOLE, FileState.UNKNOWN, FileState.CHANGED})


@dataclass(frozen=True, slots=True)
class MarkView:
    """`at` in seconds from the beginning of the recording."""

    id: int
    at: float
    note: str
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording as its player shows it; `seconds` None while nobody knows."""

    id: str
    seconds: float | None
    state: FileState
    marks: tuple[MarkView, ...]

    @property
    def plays(self) -> bool:
        return self.state in PLAYED


def mark_view(mark: QualityMark) -> MarkView:
    return MarkView(mark.id, mark.at, mark.note, mark.made_at, mark.made_by)


async def heard(request: web.Request, session: AsyncSession, view: ReviewView) -> Heard:
    row = await session.get_one(RecordingRow, view.recording)
    state = await asyncio.to_thread(state_of, request.app[SETTINGS], row)
    marks = tuple(mark_view(mark) for mark in await marks_of(session, view.id))
    return Heard(row.id, row.seconds, state, masked(marks))


async def sheet_for(session: AsyncSession, view: ReviewView | QualityReview) -> tuple[ScoreSheet, tuple[Item, ...]]:
    """The sheet that it was made with, or is to be made with now."""
    sheet = view.sheet if isinstance(view, ReviewView) else view.sheet_id
    kind = SheetKind.EMERGENCY if view.emergency else SheetKind.ORDINARY
    row = await newest(session, kind) if sheet is None else await sheet_of(session, sheet)
    return row, items_of(row)


async def draw_month(request: web.Request, month: str) -> Found:
    """Draw from the calls that the account may see. Reading a district's month takes longer than anything may keep the
    records from being written. Raises FormRefused: this is no month."""
    check_month(month)
    scope = scope_of(request)
    async with request.app[DATABASE].read() as session:
        calls, unclear = await candidates_of(session, month, scope=scope)
    async with request.app[DATABASE].write() as session:
        by, of_all = account_of(request).actor, scope.everywhere
        return await draw(session, month, calls, unclear=unclear, by=by, of_all=of_all)


def points_in(form: MultiMapping[Any]) -> dict[str, int | None]:
    """What was given for each item; None for what is no number."""
    return {
        name.removeprefix(POINTS): whole_number(value, digits=3)
        for name, value in form.items()
        if name.startswith(POINTS) and isinstance(value, str)
    }


def missed_in(form: MultiMapping[Any]) -> list[str]:
    return [value for value in form.getall("missed", []) if isinstance(value, str)][:50]
