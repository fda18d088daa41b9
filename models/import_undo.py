"""Undoing an import: files that it made go, files that it changed say what they said before, unless touched since.

What cannot be undone stays as it is and is listed with the reason. In small batches; it can be begun again at any time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Column, Table, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.audit import audit, audit_each
from models.database import Database
from models.elder_forms import ElderForm
from models.elders import Contact, Elder, ElderChange, ElderKey, Terminal
from models.imports import Effect, ImportedElder, ImportState, count_kept, fenced
from models.org import OrgUnit
from models.pace import Pace
from models.register import FormRefused, change_elder
from models.tables import metadata
from models.versions import VersionConflict

FORMS: Final = TypeAdapter(ElderForm)
CHANGED, IN_USE, TAKEN = "changed", "in_use", "taken"  # why something is kept
_OWN: Final = (
    Elder,
    ElderKey,
    Contact,
    Terminal,
    ElderChange,
    ImportedElder,
)  # what an import itself makes of an elder


async def undo(db: Database, number: int, run: int, *, by: str, area_code: str) -> int:
    """Undo the import, in the state UNDOING, to UNDONE; how many files could not be.

    Raises:
        GivenUp: somebody else goes on with it.
        DatabaseUnavailable: so will whoever finds it.
    """
    undoing = _Undoing(db, number, run, by=by, area_code=area_code)
    await undoing.all()
    await undoing.places()
    async with db.write() as session:
        row = await fenced(session, number, run)
        kept = await count_kept(session, number)
        row.state, row.counts = ImportState.UNDONE, {**row.counts, "kept": kept}
        audit(session, by, "import.undone", f"import:{number}", counts={"kept": kept, "undone": undoing.done})
    return kept


async def take_back(
    db: Database, number: int, run: int, *, by: str, area_code: str, problem: tuple[str, str] | None = None
) -> None:
    """The same for an import that did not come to its end; afterwards it can be checked and begun anew.

    Raises:
        GivenUp, DatabaseUnavailable: as in `undo`.
    """
    undoing = _Undoing(db, number, run, by=by, area_code=area_code)
    await undoing.all()
    await undoing.places()
    zh, en = problem or (
        "导入期间他人修改了相关档案, 已全部撤回",
        "somebody changed a file meanwhile: all was taken back",
    )
    async with db.write() as session:
        row = await fenced(session, number, run)
        row.problem = row.problem or {"zh": zh, "en": en}
        row.state = ImportState.MAPPING if row.titles else ImportState.UNDONE  # the command line keeps no sheet
        row.done = 0
        audit(session, by, "import.taken_back", f"import:{number}", counts={"undone": undoing.done})


class _Undoing:
    def __init__(self, db: Database, number: int, run: int, *, by: str, area_code: str) -> None:
        self._db = db
        self._number = number
        self._run = run
        self._by = by
        self._area_code = area_code
        self._pace = Pace(rests=db.is_sqlite)
        self.done = 0

    async def all(self) -> None:
        while await self._some():
            pass

    async def places(self) -> None:
        """The places that the import has made and where nobody has come to live, the last ones first."""
        pace = Pace(rests=self._db.is_sqlite)
        while True:
            async with self._db.write() as session:
                began = time.perf_counter()
                row = await fenced(session, self._number, self._run)
                made = row.units.get("made", [])
                for unit_id in reversed(made[-pace.size :]):
                    await _remove_place(session, unit_id)
                left = made[: -pace.size]
                row.units = {"made": left} if left else {}
            if not left:
                return
            await pace.took(time.perf_counter() - began, pace.size)

    async def _some(self) -> bool:
        """The latest that are not undone yet; whether there were any."""
        open_ = select(ImportedElder).where(
            ImportedElder.import_id == self._number, ~ImportedElder.undone, ImportedElder.kept == ""
        )
        async with self._db.write() as session:
            began = time.perf_counter()
            row = await fenced(session, self._number, self._run)
            notes = (await session.scalars(open_.order_by(ImportedElder.id.desc()).limit(self._pace.size))).all()
            await self._remove(session, [note for note in notes if note.effect is Effect.CREATED])
            for note in notes:
                if note.effect is Effect.CHANGED:
                    note.kept = await self._restore(session, note)
                    note.undone = not note.kept
                    self.done += note.undone
            row.done += len(notes)
        if notes:
            await self._pace.took(time.perf_counter() - began, len(notes))
        return bool(notes)

    async def _remove(self, session: AsyncSession, notes: Sequence[ImportedElder]) -> None:
        """The files that the import has made, with few statements; those that are kept have the reason then."""
        elders = [note.elder_id for note in notes]
        found = await session.execute(select(Elder.id, Elder.version).where(Elder.id.in_(elders)))
        versions = {elder: version for elder, version in found}  # noqa: C416 - rows are no pairs to a type checker
        held = await _in_use(session, elders)
        for note in notes:
            if versions.get(note.elder_id, note.version) != note.version:
                note.kept = CHANGED
            elif note.elder_id in held:
                note.kept = IN_USE
        gone = [note.elder_id for note in notes if not note.kept]
        audit_each(session, self._by, "elder.delete", [f"elder:{elder}" for elder in gone])
        for note in notes:
            if note.elder_id in gone:
                note.undone = True
                session.expunge(note)  # it goes with the file
        await session.execute(delete(Elder).where(Elder.id.in_(gone)).execution_options(synchronize_session=False))
        self.done += len(gone)

    async def _restore(self, session: AsyncSession, note: ImportedElder) -> str:
        """A file as it was before the import; why it is kept as it is, else nothing."""
        form = FORMS.validate_python(note.before)
        try:
            await change_elder(
                session, note.elder_id, form, version=note.version, by=self._by, area_code=self._area_code
            )
        except FormRefused:
            return TAKEN
        except VersionConflict:
            return CHANGED
        return ""


async def _in_use(session: AsyncSession, elders: Sequence[int]) -> set[int]:
    """Of these elders those with whom something has to do that no import makes: a case, an order, a terminal's test.
    Every table of ours is asked, those that are yet to be made as well."""
    if not elders:
        return set()
    used: set[int] = set()
    for column in _pointing_at(Elder):
        used |= set((await session.scalars(select(column).where(column.in_(elders)))).all())
    for part in (Terminal, Contact):
        for column in _pointing_at(part):
            query = select(part.elder_id).join(column.table, column == part.id).where(part.elder_id.in_(elders))
            used |= set((await session.scalars(query)).all())
    tested = select(Terminal.elder_id).where(Terminal.elder_id.in_(elders), Terminal.last_tested_at.is_not(None))
    return used | set((await session.scalars(tested)).all())


def _pointing_at(target: type[Any]) -> list[Column[Any]]:
    own = {kind.__tablename__ for kind in _OWN} | {"contact_phones"}
    tables: list[Table] = [table for table in metadata.sorted_tables if table.name not in own]
    return [
        key.parent for table in tables for key in table.foreign_keys if key.column.table.name == target.__tablename__
    ]


async def _remove_place(session: AsyncSession, unit_id: int) -> None:
    """A place that the import has made, unless somebody has come to live there."""
    unit = await session.get(OrgUnit, unit_id)
    keys = [key for table in metadata.sorted_tables for key in table.foreign_keys]
    pointing = [key.parent for key in keys if key.column.table.name == OrgUnit.__tablename__]
    used = [await session.scalar(select(exists().where(column == unit_id))) for column in pointing]
    if unit is not None and not any(used):
        await session.delete(unit)
        await session.flush()
