"""The register from a spreadsheet, for pages, API and command line: read, check, write; every bad cell reported.

Reading and checking keep nobody waiting and write nothing (`register_check.py`); how it is written, and why never half
of it stays, is told in `import_writing.py`. Columns: `register_columns.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.database import Database
from models.import_writing import write_import
from models.imports import ImportState, Wrong, begin
from models.register_check import Checking, ImportOptions, Tell, nobody_listens
from models.register_columns import column_of
from models.register_rows import Header, Heading, RowError, find_heading, header_of, proposed
from models.sheets import Row, SheetError, read_sheet

__all__ = ["ImportOptions", "ImportReport", "RowError", "Sheet", "import_elders"]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`created`, `updated` count elders, `unchanged` rows that said nothing new, `skipped` rows about elders on file
    that were to be left alone. `done`: it is in the register now, as import number `number`. Otherwise nothing is, and
    `errors` says why (or it was a dry run)."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...] = ()
    warnings: tuple[RowError, ...] = ()
    done: bool = False
    skipped: int = 0
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet as it was read; `rows` are those below the heading."""

    heading: Heading
    rows: list[Row]

    @classmethod
    def read(cls, path: Path) -> Sheet:
        """Raises SheetError."""
        return cls(*find_heading(read_sheet(path)))

    def header(self, mapping: Sequence[str]) -> tuple[Header, list[RowError]]:
        """Raises SheetError: the mapping lacks the names, or has a field twice."""
        return header_of(self.heading, mapping)


async def checked(
    db: Database, sheet: Sheet, mapping: Sequence[str], options: ImportOptions, tell: Tell = nobody_listens
) -> Checking:
    """What would come of the sheet.

    Raises:
        SheetError: as `Sheet.header`.
        DatabaseUnavailable
    """
    header, ignored = sheet.header(mapping)
    checking = await Checking.of(db, options)
    checking.problems.extend(ignored)
    await checking.run(db, sheet.rows, header, tell)
    return checking


async def import_elders(
    db: Database, path: Path, options: ImportOptions, *, mapping: Mapping[str, str] | None = None
) -> ImportReport:
    """Import the sheet. `mapping`: titles of the sheet that mean something else than they say, to names of ours.

    Raises:
        SheetError: the file is not a table with a column of names, or the mapping does not fit it.
        ImportBusy: another import is working.
        DatabaseUnavailable
    """
    sheet = await asyncio.to_thread(Sheet.read, path)
    checking = await checked(db, sheet, _mapped(sheet.heading, mapping or {}), options)
    report = _report(checking)
    if (report.errors and options.wrong is Wrong.NOTHING) or options.dry_run:
        return report
    size = (await asyncio.to_thread(path.stat)).st_size
    async with db.write() as session:
        begun = await begin(session, name=path.name, size=size, by=options.by, state=ImportState.WRITING)
        number, run = begun.id, begun.run
    refused = await write_import(db, number, run, checking, options)
    done = not (refused and options.wrong is Wrong.NOTHING)
    written = _report(checking)
    return replace(written, errors=(*report.errors, *refused), done=done, number=number)


def _mapped(heading: Heading, mapping: Mapping[str, str]) -> tuple[str, ...]:
    fields = list(proposed(heading))
    titles = [heading.titles[place] for place in heading.places]
    for title, name in mapping.items():
        column = column_of(name)
        if title not in titles:
            raise SheetError(f"表中没有“{title}”列 / the sheet has no column {title!r}")
        if column is None:
            raise SheetError(f"没有名为“{name}”的项目 / we have no column {name!r}")
        fields[titles.index(title)] = column.field
    return tuple(fields)


def _report(checking: Checking) -> ImportReport:
    counts = checking.counts
    return ImportReport(
        rows=counts["rows"],
        created=counts["created"],
        updated=counts["changed"],
        unchanged=counts["unchanged"],
        skipped=counts["skipped"],
        errors=tuple(problem for problem in checking.problems if problem.severe),
        warnings=tuple(problem for problem in checking.problems if not problem.severe),
    )
