"""A sheet laid over the register: what each row would do, and every cell that is wrong. Nothing is written here.

A row means the elder with its ID card, else with its line, else with its name and home phone; an empty cell changes
nothing. Rows are taken some hundred at a time, so that whoever shares the process with us gets on with theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, TypeAlias

from models.database import Database
from models.elder_forms import Checked, ElderForm, FieldProblem, check
from models.imports import Existing, Wrong
from models.org import OrgKind
from models.register import forms_of
from models.register_keys import Draft, Keys, Places, UnknownPlace
from models.register_rows import Header, ReadRow, RowError
from models.sheets import Row

_AT_ONCE: Final = 200
_NAMES: Final = tuple(f.name for f in fields(ElderForm))
Tell: TypeAlias = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`by`: the actor for the history; `root`: the org unit below which communities are looked for and made;
    `create_orgs`: make missing ones; `existing`: what becomes of rows that mean an elder on file; `wrong`: of the good
    rows beside wrong ones."""

    area_code: str
    by: str
    dry_run: bool = False
    create_orgs: bool = False
    root: int | None = None
    existing: Existing = Existing.UPDATE
    wrong: Wrong = Wrong.NOTHING


async def nobody_listens(done: int, total: int) -> None:
    """Where progress is told to nobody."""


class Checking:
    """What comes of a sheet: `drafts` in its order, `problems`; counts of rows that were `unchanged`, `skipped`,
    `wrong`; how often each field of files that are there would change (`differing`)."""

    def __init__(self, options: ImportOptions, keys: Keys, places: Places) -> None:
        self._options = options
        self._keys = keys
        self._places = places
        self._loaded: set[int] = set()
        self._listed: set[int] = set()
        self.drafts: list[Draft] = []
        self.problems: list[RowError] = []
        self.rows = self.unchanged = self.skipped = self.wrong = 0
        self.differing: Counter[str] = Counter()

    @classmethod
    async def of(cls, db: Database, options: ImportOptions) -> Checking:
        """With the keys and places of the register as it stands."""
        async with db.read() as session:
            keys = await Keys.load(session, options.area_code)
            return cls(options, keys, await Places.load(session, options.root))

    @property
    def counts(self) -> dict[str, int]:
        """By what becomes of rows (`rows`, `unchanged`, `skipped`, `wrong`) and files (`created`, `changed`)."""
        created = sum(draft.elder_id is None for draft in self.drafts)
        return {
            "rows": self.rows,
            "created": created,
            "changed": len(self.drafts) - created,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "wrong": self.wrong,
            "warnings": sum(not problem.severe for problem in self.problems),
        }

    async def run(self, db: Database, rows: Sequence[Row], header: Header, tell: Tell = nobody_listens) -> None:
        """Check all rows; `tell` hears how far it is. Raises DatabaseUnavailable."""
        for at in range(0, len(rows), _AT_ONCE):
            some = [ReadRow(row, header) for row in rows[at : at + _AT_ONCE]]
            alone = [self._tidy(cells) for cells in some]
            await self._load(db, [checked.form for checked in alone])
            for cells, checked in zip(some, alone, strict=True):
                self._take(cells, checked)
                self.problems.extend(cells.problems)
                self.wrong += not cells.usable
            self.rows += len(some)
            await tell(self.rows, len(rows))

    def _tidy(self, cells: ReadRow) -> Checked:
        """The row by itself, its numbers in their one form."""
        return check(cells.over(ElderForm(name="")), self._options.area_code)

    async def _load(self, db: Database, forms: Sequence[ElderForm]) -> None:
        """The files of elders of whom these rows speak."""
        meant = {elder for form in forms if (elder := self._keys.elder_of(form)) is not None} - self._loaded
        if not meant:
            return
        async with db.read() as session:
            found = await forms_of(session, sorted(meant))
        for elder_id, (form, version) in found.items():
            self._keys.know(Draft(form, elder_id, version, before=form))
        self._loaded |= meant

    def _take(self, cells: ReadRow, by_itself: Checked) -> None:
        alone = by_itself.form
        draft = self._keys.find(alone)
        on_file = draft is not None and draft.elder_id is not None
        if on_file and self._options.existing is Existing.SKIP:
            self.skipped += 1
            return
        if draft is None or (on_file and self._options.existing is Existing.CREATE):
            draft, checked = Draft(ElderForm(name="")), by_itself
        else:
            checked = check(_merged(cells, draft.form, alone), self._options.area_code)
        before = draft.form
        for problem in checked.problems:
            cells.report(problem)
        self._compare(cells, alone, draft)
        for field, whose in self._keys.others(checked.form, draft):
            cells.report(FieldProblem(field, f"已登记在{whose}", f"belongs to another file already ({whose})"))
        unit, path = self._place(cells)
        if not cells.usable:
            return
        draft.form = replace(checked.form, org_unit_id=unit or checked.form.org_unit_id)
        draft.path, draft.row = path or draft.path, cells.number
        self._keys.know(draft)
        if draft.form == before and not draft.path:
            self.unchanged += 1
            return
        if draft.elder_id is not None:
            self.differing.update(name for name in _NAMES if getattr(before, name) != getattr(draft.form, name))
        if id(draft) not in self._listed:
            self._listed.add(id(draft))
            self.drafts.append(draft)

    def _compare(self, cells: ReadRow, alone: ElderForm, draft: Draft) -> None:
        """That a row does not write one person over another."""
        before = draft.form
        same_card = bool(alone.id_card) and alone.id_card == before.id_card
        if before.name and alone.name and before.name != alone.name and not same_card:
            zh, en = f"与{draft.named}的线路相同而姓名不同", "this line is on file under another name"
            cells.report(FieldProblem("name", zh, en))
        if before.id_card and alone.id_card and before.id_card != alone.id_card:
            cells.report(FieldProblem("id_card", f"与{draft.named}的身份证号不同", "on file with another ID number"))

    def _place(self, cells: ReadRow) -> tuple[int | None, tuple[tuple[OrgKind, str], ...]]:
        path = cells.path
        if not path:
            return None, ()
        try:
            unit = self._places.find(path)
            if unit is None and not self._may_make(path):
                raise UnknownPlace(
                    f"没有“{path[-1][1]}”, 请先建立, 或填写区、街道、社区并选择自动新建(--create-orgs) / "
                    f"there is no {path[-1][1]!r}: make it first, or give district, street, community and --create-orgs"
                )
        except UnknownPlace as unknown:
            cells.report(FieldProblem.of("org_unit_id", unknown))
            return None, ()
        return unit, () if unit is not None else path

    def _may_make(self, path: tuple[tuple[OrgKind, str], ...]) -> bool:
        """Only with its district and street, else it would be made in the wrong place."""
        kinds = {kind for kind, _ in path}
        return self._options.create_orgs and kinds >= {OrgKind.DISTRICT, OrgKind.STREET, OrgKind.COMMUNITY}


def _merged(cells: ReadRow, before: ElderForm, alone: ElderForm) -> ElderForm:
    """The row laid over the file; lines are compared in their tidy shape."""
    merged = cells.over(before)
    tidy = {terminal.line for terminal in alone.terminals}
    kept = tuple(terminal for terminal in before.terminals if terminal.line not in tidy)
    return replace(merged, terminals=(*kept, *alone.terminals)) if alone.terminals else merged
