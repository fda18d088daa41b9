"""Writing an import, and why never half of it stays.

One transaction for a hundred thousand rows would keep SQLite's only writer for minutes, and with it the controller's
journal. So it is written in small batches that rest in between (`Pace`), each with a note of what it did to which file
(`ImportedElder`). If anything ends the import before its end (a stop, a restart, a row that may not be left out), the
notes lead the way back, by the same code that undoes a whole import (`import_undo.py`). A file that is written early is
whole and right; nobody who calls is worse off for being known a minute sooner.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit
from models.base import utc_now
from models.database import Database
from models.elder_mapping import new_elder
from models.import_undo import FORMS, take_back
from models.imports import Effect, ImportedElder, ImportState, Wrong, fenced
from models.org import OrgKind, OrgUnit, find_unit
from models.pace import Pace
from models.register import Plan, save_all
from models.register_check import Checking, ImportOptions
from models.register_keys import Draft
from models.register_rows import RowError
from models.versions import VersionConflict

_MANY: Final = 1_000  # rows: fewer are looked through in a hundredth of a second


async def write_import(
    db: Database, number: int, run: int, checking: Checking, options: ImportOptions
) -> list[RowError]:
    """Write what was checked, in the state WRITING, to its end: DONE, or nothing. Rows that could not be written after
    all, because somebody else was faster; with `Wrong.NOTHING` any of them takes all back.

    Raises:
        GivenUp: the import was given to somebody else, who takes it back.
        DatabaseUnavailable: so will whoever finds it.
    """
    writing = _Writing(db, number, run, options, total=len(checking.drafts))
    with _rows_set_aside(len(checking.drafts)):
        await writing.all(checking.drafts)
    if writing.refused and options.wrong is Wrong.NOTHING:
        await take_back(db, number, run, by=options.by, area_code=options.area_code)
        return writing.refused
    for draft in writing.left_out:
        checking.drafts.remove(draft)
    counts = {**checking.counts, "wrong": checking.wrong + len(writing.refused)}
    async with db.write() as session:
        row = await fenced(session, number, run)
        row.state, row.written_at, row.counts = ImportState.DONE, utc_now(), {**row.counts, **counts}
        row.counts = {**row.counts, "longest_ms": round(writing.pace.longest * 1000)}
        audit(session, options.by, "import.done", f"import:{number}", counts=counts)
    return writing.refused


@contextmanager
def _rows_set_aside(rows: int) -> Iterator[None]:
    """Python looks through all there is for garbage now and then: a second for a hundred thousand rows, which may come
    in the middle of a transaction. What there is now is left alone; to look through it for that would itself be most of
    the work for a few."""
    if rows < _MANY:
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class _Writing:
    def __init__(self, db: Database, number: int, run: int, options: ImportOptions, *, total: int) -> None:
        self._db = db
        self._number = number
        self._run = run
        self._options = options
        self._total = total
        self._done = 0
        self._units: dict[tuple[tuple[OrgKind, str], ...], int] = {}
        self.pace = Pace(rests=db.is_sqlite)
        self.refused: list[RowError] = []
        self.left_out: list[Draft] = []

    async def all(self, drafts: Sequence[Draft]) -> None:
        """To the end, or to the first row that may not be left out."""
        await self.make_places(drafts)
        at = 0
        while at < len(drafts) and not (self.refused and self._options.wrong is Wrong.NOTHING):
            batch = drafts[at : at + self.pace.size]
            at += len(batch)
            await self.write(batch)

    async def make_places(self, drafts: Sequence[Draft]) -> None:
        """Places that the sheet names and that are missing; those that were made are noted. In batches as well: a city
        has thousands."""
        left, pace = list(dict.fromkeys(draft.path for draft in drafts if draft.path)), Pace(rests=self._db.is_sqlite)
        while left:
            some, left = left[: pace.size], left[pace.size :]
            async with self._db.write() as session:
                began = time.perf_counter()
                row = await fenced(session, self._number, self._run)
                made: list[int] = []
                for path in some:
                    await self._make_place(session, path, made)
                row.units = {"made": [*row.units.get("made", []), *made]}
            await pace.took(time.perf_counter() - began, len(some))
        self.pace.longest = pace.longest

    async def _make_place(self, session: AsyncSession, path: Sequence[tuple[OrgKind, str]], made: list[int]) -> None:
        """With all above it; the ids of those that were missing are added to `made`."""
        unit = self._options.root
        for kind, name in path:
            found = await find_unit(session, name, parent=unit)
            if found is None:
                found = OrgUnit(kind=kind, name=name, parent_id=unit)
                session.add(found)
                await session.flush()
                made.append(found.id)
            unit = found.id
        if unit is not None:
            self._units[tuple(path)] = unit

    async def write(self, batch: Sequence[Draft]) -> None:
        """One transaction; when somebody else was faster with one of these rows, one for each row."""
        try:
            await self._write(batch)
        except (VersionConflict, IntegrityError):
            if len(batch) > 1:
                for draft in batch:
                    await self.write([draft])
                return
            zh, en = (
                "导入期间他人修改了相关档案, 请重新检查",
                "somebody changed this file, or took its numbers, meanwhile",
            )
            self.refused.append(RowError(batch[0].row or 0, "", "", zh, en))
            self.left_out.append(batch[0])

    async def _write(self, batch: Sequence[Draft]) -> None:
        by, area_code = self._options.by, self._options.area_code
        plans = [self._plan(draft) for draft in batch]
        async with self._db.write() as session:
            began = time.perf_counter()
            row = await fenced(session, self._number, self._run)
            saved = await save_all(session, plans, by=by, area_code=area_code)
            await _note(session, self._number, batch, saved)
            row.done, row.total = self._done + len(batch), self._total
        self._done += len(batch)
        await self.pace.took(time.perf_counter() - began, len(batch))

    def _plan(self, draft: Draft) -> Plan:
        form = replace(draft.form, org_unit_id=self._units[draft.path]) if draft.path else draft.form
        new = new_elder(form, self._options.area_code) if draft.elder_id is None else None
        return Plan(form, draft.elder_id, draft.version, new)


async def _note(session: AsyncSession, number: int, batch: Sequence[Draft], saved: Sequence[tuple[int, int]]) -> None:
    """What this batch does, in its own transaction."""
    notes: list[dict[str, Any]] = [
        {
            "import_id": number,
            "elder_id": elder,
            "row": draft.row or 0,
            "effect": Effect.CREATED if draft.before is None else Effect.CHANGED,
            "version": version,
            "before": None if draft.before is None else FORMS.dump_python(draft.before, mode="json"),
        }
        for draft, (elder, version) in zip(batch, saved, strict=True)
    ]
    await session.execute(insert(ImportedElder), notes)
