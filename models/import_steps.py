"""The work of an import, step by step, as its state says: look, check, write, take back, undo.

Whoever calls this has a process of their own: a register of a hundred thousand rows keeps a processor busy for minutes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, assert_never

from models.database import Database
from models.import_findings import ImportFiles, as_heading, as_titles
from models.import_undo import take_back, undo
from models.import_writing import write_import
from models.imports import (
    Existing,
    Import,
    ImportState,
    Wrong,
    fenced,
    progress,
    remembered_mapping,
)
from models.register_check import Checking, ImportOptions
from models.register_import import Sheet, checked
from models.register_rows import proposed
from models.sheets import SheetError

_TELL_EVERY: Final = 0.5  # seconds


@dataclass(slots=True)
class ImportWork:
    """One run of one import, on the files in `home`."""

    db: Database
    home: Path
    area_code: str
    number: int
    run: int
    _told: float = field(default=0.0)

    async def do(self) -> None:
        """What the import's state asks for.

        Raises:
            GivenUp: this run does not count any more.
            DatabaseUnavailable, OSError: it is left as it is, for whoever looks after it.
        """
        async with self.db.write() as session:
            row = await fenced(session, self.number, self.run)
        match row.state:
            case ImportState.LOOKING:
                await self._look()
            case ImportState.CHECKING:
                await self._check(row)
            case ImportState.WRITING:
                await self._write(row)
            case ImportState.TAKING_BACK:
                await take_back(self.db, self.number, self.run, by=row.by, area_code=self.area_code)
            case ImportState.UNDOING:
                by = str(row.options.get("undone_by") or row.by)
                await undo(self.db, self.number, self.run, by=by, area_code=self.area_code)
            case (
                ImportState.REFUSED | ImportState.MAPPING | ImportState.CHECKED | ImportState.DONE | ImportState.UNDONE
            ):
                return  # somebody else has done it
            case _:
                assert_never(row.state)

    async def _look(self) -> None:
        try:
            sheet = Sheet.read(self._files.sheet)
        except SheetError as refused:
            await self._refuse(refused)
            return
        self._files.keep_samples(sheet.heading, sheet.rows)
        titles = as_titles(sheet.heading)
        async with self.db.write() as session:
            known = await remembered_mapping(session, titles)
            row = await fenced(session, self.number, self.run)
            row.state, row.titles, row.total = ImportState.MAPPING, titles, len(sheet.rows)
            row.mapping = known or {"fields": list(proposed(sheet.heading))}

    async def _refuse(self, refused: SheetError) -> None:
        zh, _, en = str(refused).partition(" / ")
        self._files.remove()
        async with self.db.write() as session:
            row = await fenced(session, self.number, self.run)
            row.state, row.problem = ImportState.REFUSED, {"zh": zh, "en": en or zh}

    async def _check(self, row: Import) -> None:
        sheet, checking, _ = await self._laid_over(row)
        await self._keep(sheet, checking)

    async def _keep(self, sheet: Sheet, checking: Checking) -> None:
        """What was found, on the disk first."""
        self._files.keep_problems(sheet.heading, sheet.rows, checking.problems)
        counts = {**checking.counts, "differing": dict(checking.differing)}
        async with self.db.write() as session:
            row = await fenced(session, self.number, self.run)
            row.state, row.counts, row.problem = ImportState.CHECKED, counts, {}

    async def _write(self, row: Import) -> None:
        """Checked once more, for the register may have changed since."""
        sheet, checking, options = await self._laid_over(row)
        if checking.wrong and options.wrong is Wrong.NOTHING:
            await self._keep(sheet, checking)
            return
        refused = await write_import(self.db, self.number, self.run, checking, options)
        self._files.keep_problems(sheet.heading, sheet.rows, [*checking.problems, *refused])

    async def _laid_over(self, row: Import) -> tuple[Sheet, Checking, ImportOptions]:
        sheet = Sheet.read(self._files.sheet)
        options = ImportOptions(
            area_code=self.area_code,
            by=str(row.options.get("by") or row.by),
            create_orgs=bool(row.options.get("create_orgs")),
            existing=Existing(row.options["existing"]),
            wrong=Wrong(row.options["wrong"]),
        )
        assert sheet.heading == as_heading(row.titles), "the sheet is the one that was looked at"
        return sheet, await checked(self.db, sheet, row.mapping["fields"], options, self._tell), options

    async def _tell(self, done: int, total: int) -> None:
        if time.monotonic() - self._told < _TELL_EVERY and done < total:
            return
        self._told = time.monotonic()
        async with self.db.write() as session:
            await progress(session, self.number, self.run, done=done, total=total)

    @property
    def _files(self) -> ImportFiles:
        return ImportFiles.of(self.home, self.number)
