"""The register from a spreadsheet: every bad cell reported, nothing half-imported. Columns: `register_columns`.

A row means the elder with its ID card, else with its line, else with its name and home phone; an empty cell changes
nothing. First everything is read and checked without keeping anybody waiting, then it is written in one transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from models.database import Database
from models.elder_forms import ElderForm, FieldProblem, check
from models.org import OrgKind, get_or_create
from models.register import Plan, forms_of, save_all
from models.register_keys import Draft, Keys, Places, UnknownPlace
from models.register_rows import Header, ReadRow, RowError, find_header
from models.sheets import Row, read_sheet

__all__ = ["ImportOptions", "ImportReport", "RowError", "import_elders"]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`by`: the actor for the history; `root`: the org unit below which communities are looked for and made;
    `create_orgs`: make missing ones."""

    area_code: str
    by: str
    dry_run: bool = False
    create_orgs: bool = False
    root: int | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`created`, `updated` count elders, `unchanged` rows that said nothing new. `done`: it is in the
    register now. Otherwise nothing is, and `errors` says why (or it was a dry run)."""

    rows: int
    created: int
    updated: int
    unchanged: int
    errors: tuple[RowError, ...] = ()
    warnings: tuple[RowError, ...] = ()
    done: bool = False


async def import_elders(db: Database, path: Path, options: ImportOptions) -> ImportReport:
    """Import the sheet, all of it or nothing.

    Raises:
        SheetError: the file is not a table with a column of names.
        VersionConflict: somebody changed a file of the sheet in the same moment; try again.
        DatabaseUnavailable
    """
    header, rows, warnings = find_header(await asyncio.to_thread(read_sheet, path))
    work = _Work(options)
    async with db.read() as session:
        work.keys = await Keys.load(session, options.area_code)
        work.places = await Places.load(session, options.root)
        means = await asyncio.to_thread(work.elders_meant, rows, header)
        for elder_id, (form, version) in (await forms_of(session, means)).items():
            work.keys.know(Draft(form, elder_id, version))
    await asyncio.to_thread(work.read, rows, header)
    problems = [*warnings, *work.problems]
    report = ImportReport(
        rows=len(rows),
        created=sum(draft.elder_id is None for draft in work.drafts),
        updated=sum(draft.elder_id is not None for draft in work.drafts),
        unchanged=work.unchanged,
        errors=tuple(problem for problem in problems if problem.severe),
        warnings=tuple(problem for problem in problems if not problem.severe),
    )
    if report.errors or options.dry_run:
        return report
    await _save(db, work.drafts, options)
    return replace(report, done=True)


async def _save(db: Database, drafts: list[Draft], options: ImportOptions) -> None:
    async with db.write() as session:
        plans = []
        for draft in drafts:
            unit = options.root
            for kind, name in draft.path:
                unit = (await get_or_create(session, kind, name, parent=unit)).id
            form = replace(draft.form, org_unit_id=unit) if draft.path else draft.form
            plans.append(Plan(form, draft.elder_id, draft.version))
        await save_all(session, plans, by=options.by, area_code=options.area_code)


class _Work:
    """An import in the making: drafts in the order of the sheet, and what is wrong."""

    keys: Keys
    places: Places

    def __init__(self, options: ImportOptions) -> None:
        self.options = options
        self.drafts: list[Draft] = []
        self.problems: list[RowError] = []
        self.unchanged = 0

    def elders_meant(self, rows: list[Row], header: Header) -> list[int]:
        """Which elders on file the sheet speaks of."""
        found = (self.keys.elder_of(self._tidy(ReadRow(row, header))) for row in rows)
        return sorted({elder for elder in found if elder is not None})

    def read(self, rows: list[Row], header: Header) -> None:
        for row in rows:
            cells = ReadRow(row, header)
            self._take(cells)
            self.problems.extend(cells.problems)

    def _tidy(self, cells: ReadRow) -> ElderForm:
        """The row by itself, its numbers in their one form."""
        return check(cells.over(ElderForm(name="")), self.options.area_code).form

    def _take(self, cells: ReadRow) -> None:
        alone = self._tidy(cells)
        draft = self.keys.find(alone) or Draft(ElderForm(name=""))
        before = draft.form
        checked = check(_merged(cells, before, alone), self.options.area_code)
        for problem in checked.problems:
            cells.report(problem)
        same_card = bool(alone.id_card) and alone.id_card == before.id_card
        if before.name and alone.name and before.name != alone.name and not same_card:
            zh, en = f"与{draft.named}的线路相同而姓名不同", "this line is on file under another name"
            cells.report(FieldProblem("name", zh, en))
        if before.id_card and alone.id_card and before.id_card != alone.id_card:
            cells.report(FieldProblem("id_card", f"与{draft.named}的身份证号不同", "on file with another ID number"))
        for field, whose in self.keys.others(checked.form, draft):
            cells.report(FieldProblem(field, f"已登记在{whose}", f"belongs to another file already ({whose})"))
        unit, path = self._place(cells)
        if not cells.usable:
            return
        draft.form = replace(checked.form, org_unit_id=unit or checked.form.org_unit_id)
        draft.path, draft.row = path or draft.path, cells.number
        if draft.form == before and not draft.path:
            self.unchanged += 1
        elif draft not in self.drafts:
            self.drafts.append(draft)
        self.keys.know(draft)

    def _place(self, cells: ReadRow) -> tuple[int | None, tuple[tuple[OrgKind, str], ...]]:
        path = cells.path
        if not path:
            return None, ()
        try:
            unit = self.places.find(path)
            if unit is None and not self._may_make(path):
                raise UnknownPlace(
                    f"没有“{path[-1][1]}”, 请先建立, 或填写区、街道、社区并用 --create-orgs / "
                    f"there is no {path[-1][1]!r}: make it first, or give district, street, community and --create-orgs"
                )
        except UnknownPlace as unknown:
            cells.report(FieldProblem.of("org_unit_id", unknown))
            return None, ()
        return unit, () if unit is not None else path

    def _may_make(self, path: tuple[tuple[OrgKind, str], ...]) -> bool:
        """Only with its district and street, else it would be made in the wrong place."""
        kinds = {kind for kind, _ in path}
        return self.options.create_orgs and kinds >= {OrgKind.DISTRICT, OrgKind.STREET, OrgKind.COMMUNITY}


def _merged(cells: ReadRow, before: ElderForm, alone: ElderForm) -> ElderForm:
    """The row laid over the file; lines are compared in their tidy shape."""
    merged = cells.over(before)
    tidy = {terminal.line for terminal in alone.terminals}
    kept = tuple(terminal for terminal in before.terminals if terminal.line not in tidy)
    return replace(merged, terminals=(*kept, *alone.terminals)) if alone.terminals else merged
